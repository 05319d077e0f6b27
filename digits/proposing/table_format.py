"""Find out how a text file with a table is written."""

import codecs
import csv
import gzip
import posixpath
import re
from pathlib import Path
from typing import Any

from digits.data.layout.usual import CLASS_COLUMNS, simplify
from digits.imaging import pictures
from digits.settings.layout import UTF_8

TABLE_ENDINGS = (".csv", ".tsv", ".parquet")
LIST_ENDINGS = (".txt", ".lst", ".data")

# A line of a text file such as train.txt, with the path of a picture and its class.
LIST_LINE = re.compile(r".+\.(\w+)[\s,]+[^\s,]+\s*")

N_BYTES = 100_000  # that are read to find out how a file is written
N_LINES = 20


def may_be_table(name: str, path: Path) -> bool:
    """Return whether a file may be a table: by its ending, or because all lines are alike."""
    ending = posixpath.splitext(name)[1].lower()
    if ending in TABLE_ENDINGS or name.lower().endswith(".csv.gz"):
        return True
    lines = (
        list_lines(read_start(path).decode(errors="replace")) if ending in LIST_ENDINGS else []
    )
    n_words = {len(line.split()) for line in lines}
    n_cells = {len(line.split("\t")) for line in lines}
    are_alike = any(len(counts) == 1 and counts != {1} for counts in (n_words, n_cells))
    return (are_alike and len(lines) > 1) or any(map(is_list_line, lines[:1]))


def read_start(path: Path) -> bytes:
    """Return the first bytes of a file, which may be compressed by gzip."""
    with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as opened:
        return opened.read(N_BYTES)


def list_lines(text: str) -> list[str]:
    """Return the first lines of a text that are not blank."""
    return [line for line in text.splitlines() if line.strip()][:N_LINES]


def is_list_line(line: str) -> bool:
    """Return whether a line has a picture and its class, and nothing else."""
    match = LIST_LINE.fullmatch(line)
    return match is not None and f".{match[1]}".lower() in pictures.SUFFIXES


def find_format(path: Path) -> dict[str, Any]:
    """Return the keys of a layout that say how a file is written, if it is no usual CSV file.

    They are `encoding`, `separator` and `header`.
    """
    if path.suffix.lower() == ".parquet":
        return {}
    start = read_start(path)
    encoding = find_encoding(start)
    lines = list_lines(start.decode(encoding, errors="ignore"))
    separator = find_separator(lines, path.suffix.lower())
    keys = {
        "encoding": encoding,
        "separator": separator,
        "header": not lines or has_header(split_line(lines[0], separator)),
    }
    usual = {"encoding": UTF_8, "separator": ",", "header": True}
    return {key: value for key, value in keys.items() if value != usual[key]}


def find_encoding(start: bytes) -> str:
    """Return the encoding of a file, whose start may end in the middle of a character."""
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    try:
        codecs.getincrementaldecoder("utf-8")().decode(start, final=len(start) < N_BYTES)
    except UnicodeDecodeError:
        return "latin-1"
    return UTF_8


def find_separator(lines: list[str], ending: str) -> str:
    """Return what separates each line into the same number of values, and into most of them.

    Args:
        lines: the first lines.
        ending: that of the file.
    """
    if not lines:
        return ","
    separators = [",", ";", "\t"]
    have_marks = any(mark in line for line in lines for mark in separators)
    have_tabs = all("\t" in line for line in lines)
    if not have_marks or (ending in LIST_ENDINGS and not have_tabs):
        separators.append("blanks")
    n_values = {}
    for separator in separators:
        counts = {len(split_line(line, separator)) for line in lines}
        n_values[separator] = counts.pop() if len(counts) == 1 else 1
    best = max(separators, key=n_values.__getitem__)
    if is_list_line(lines[0]) and n_values[best] <= 2:  # a path may have blanks
        return "last blank"
    return best if n_values[best] > 1 else max(separators[:3], key=lines[0].count)


def split_line(line: str, separator: str) -> list[str]:
    """Return the values in a line of a table."""
    if separator == "blanks":
        return line.split()
    if separator == "last blank":
        return re.split(r"[\s,]+(?=[^\s,]+\s*$)", line.strip())
    [row] = csv.reader([line], delimiter=separator)
    return [value.strip() for value in row]


def has_header(values: list[str]) -> bool:
    """Return whether the values in the first line are names of columns."""
    if any(simplify(value) in CLASS_COLUMNS for value in values):
        return True
    if any(value.lower().endswith(pictures.SUFFIXES) for value in values):
        return False
    numbers = [value for value in values if re.fullmatch(r"-?\d[\d.]*", value)]
    if len(numbers) < len(values) / 2:
        return True
    first, last = numbers[0], numbers[-1]
    if values[1:] == [f"{first}.{number}" for number in range(1, len(values))]:
        return True  # pandas has numbered a row of equal values
    return first in ("0", "1") and last == str(int(first) + len(numbers) - 1)
