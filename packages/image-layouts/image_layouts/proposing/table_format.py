"""Find out the encoding, the separator and the header of a text file with a table.

csv.Sniffer is not used, because it knows neither encodings nor paths of pictures with blanks.
"""

import codecs
import csv
import re
from pathlib import Path
from typing import Any

from image_layouts import files as pictures
from image_layouts.layout import table_file
from image_layouts.layout.column_names import CLASS_COLUMNS, normalize_name
from image_layouts.layout.columnar_file import is_columnar
from image_layouts.layout.table_file import (
    LIST_ENDINGS,
    N_BYTES,
    TABLE_ENDINGS,
    find_ending,
    read_start,
)
from image_layouts.schema import UTF_8

SEPARATORS = (",", ";", "\t")

# A line of a file such as train.txt, with the path of a picture and its class: `1 (2).png cat`.
LIST_LINE = re.compile(r".+\.(?P<ending>\w+)[\s,]+[^\s,]+\s*")
NUMBER = re.compile(r"-?\d[\d.]*(e[+-]?\d+)?", re.IGNORECASE)

N_LINES = 20


def may_be_table(name: str, path: Path) -> bool:
    """Return whether a file may be a table: by its suffix, or because all lines are alike."""
    ending = find_ending(name)
    if ending in TABLE_ENDINGS:
        return True
    if ending not in LIST_ENDINGS:
        return False
    text = read_start(path).decode(UTF_8, errors="replace")
    lines = list_lines(text)
    if lines and is_list_line(lines[0]):
        return True
    if len(lines) < 2:
        return False
    by_blanks = [line.split() for line in lines]
    by_others = [[line.split(mark) for line in lines] for mark in ("\t", ";")]
    return any(map(have_equal_lengths, [by_blanks, *by_others]))


def have_equal_lengths(rows: list[list[str]]) -> bool:
    """Return whether all rows have the same number of values, which is larger than 1."""
    lengths = {len(row) for row in rows}
    return len(lengths) == 1 and lengths != {1}


def list_lines(text: str) -> list[str]:
    """Return the first lines that are not blank."""
    return [line for line in text.splitlines() if line.strip()][:N_LINES]


def is_list_line(line: str) -> bool:
    """Return whether a line has exactly the path of a picture and its class."""
    match = LIST_LINE.fullmatch(line)
    return match is not None and f".{match['ending']}".lower() in pictures.SUFFIXES


def find_format(path: Path) -> dict[str, Any]:
    """Return the keys `encoding`, `separator` and `header` of a layout.

    Keys with the usual values of a CSV file are omitted.
    """
    if is_columnar(path):
        return {}
    start = read_start(path)
    encoding = find_encoding(start)
    text = start.decode(encoding, errors="ignore")
    lines = list_lines(text)
    separator = find_separator(lines, find_ending(path.name)) if lines else ","
    keys: dict[str, Any] = {}
    if encoding != UTF_8:
        keys["encoding"] = encoding
    if separator != ",":
        keys["separator"] = separator
    if lines and not has_header(split_line(lines[0], separator)):
        keys["header"] = False
    return keys


def find_encoding(start: bytes) -> str:
    """Return the encoding of a file, whose start may end in the middle of a character."""
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        decoder = codecs.getincrementaldecoder("utf-8")()
        is_whole_file = len(start) < N_BYTES
        decoder.decode(start, final=is_whole_file)
    except UnicodeDecodeError:
        return "latin-1"
    return UTF_8


def find_separator(lines: list[str], ending: str) -> str:
    """Return the separator that splits all lines into the same number of values."""
    separators = list(SEPARATORS)
    have_separators = any(mark in line for line in lines for mark in SEPARATORS)
    have_tabs = all("\t" in line for line in lines)
    if not have_separators or (ending in LIST_ENDINGS and not have_tabs):
        separators.append("blanks")
    n_values = {}
    for separator in separators:
        lengths = {len(split_line(line, separator)) for line in lines}
        n_values[separator] = max(lengths) if len(lengths) == 1 else 1
    best = max(separators, key=lambda separator: n_values[separator])
    is_split = n_values[best] > 1
    if is_split and best in SEPARATORS:
        return best
    if is_list_line(lines[0]):  # the paths may have blanks
        return "last blank"
    if is_split:
        return best
    return max(SEPARATORS, key=lines[0].count)  # the lines have different numbers of values


def split_line(line: str, separator: str) -> list[str]:
    """Return the values in a line of a table."""
    if separator == "blanks":
        return line.split()
    if separator == "last blank":
        return re.split(table_file.SEPARATORS[separator], line)
    [row] = csv.reader([line], delimiter=separator)
    return [value.strip() for value in row]


def has_header(values: list[str]) -> bool:
    """Return whether the values in the first line are names of columns."""
    if any(normalize_name(value) in CLASS_COLUMNS for value in values):
        return True
    if any(value.lower().endswith(pictures.SUFFIXES) for value in values):
        return False
    numbers = [value for value in values if NUMBER.fullmatch(value)]
    if len(numbers) < len(values) / 2:
        return True
    # pandas writes 0, 0.1, 0.2 for a first row 0, 0, 0 that it has taken for names.
    renamed = [f"{numbers[0]}.{number}" for number in range(1, len(values))]
    # A table without names may have the numbers of its columns, from 0 or 1.
    counted = [[str(start + n) for n in range(len(numbers))] for start in (0, 1)]
    return values[1:] == renamed or numbers in counted
