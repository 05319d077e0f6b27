"""Find out how a text file with a table is written."""

import csv
import gzip
import posixpath
import re
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import Any

from digits.data.layout.usual import CLASS_COLUMNS, simplify
from digits.imaging import pictures

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
    if ending not in LIST_ENDINGS:
        return False
    with path.open(encoding="utf-8", errors="replace") as opened:
        lines = list(islice(iterate_lines(opened), N_LINES))
    n_words = {len(line.split()) for line in lines}
    are_alike = len(lines) > 1 and len(n_words) == 1 and n_words != {1}
    return bool(lines) and (is_list_line(lines[0]) or are_alike)


def iterate_lines(lines: Any) -> Iterator[str]:
    """Yield the lines that are not blank."""
    return (line for line in lines if line.strip())


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
    with gzip.open(path) if path.suffix.lower() == ".gz" else path.open("rb") as opened:
        content = opened.read(N_BYTES)
    keys: dict[str, Any] = {}
    if content[:2] in (b"\xff\xfe", b"\xfe\xff"):
        keys["encoding"] = "utf-16"
    elif not is_utf_8(content, may_be_cut=len(content) == N_BYTES):
        keys["encoding"] = "latin-1"
    text = content.decode(keys.get("encoding", "utf-8-sig"), errors="ignore")
    lines = list(islice(iterate_lines(text.splitlines()), N_LINES))
    separator = find_separator(lines, path.suffix.lower())
    if separator != ",":
        keys["separator"] = separator
    if lines and not has_header(split_line(lines[0], separator)):
        keys["header"] = False
    return keys


def is_utf_8(content: bytes, *, may_be_cut: bool) -> bool:
    """Return whether bytes are UTF-8, of which the last character may be cut off."""
    try:
        content.decode()
    except UnicodeDecodeError as error:
        return may_be_cut and error.start > len(content) - 4
    return True


def find_separator(lines: list[str], ending: str) -> str:
    """Return what separates each line into the same number of values, and into most of them.

    Args:
        lines: the first lines.
        ending: that of the file.
    """
    separators = [",", ";", "\t"]
    if ending in LIST_ENDINGS or not any(mark in line for line in lines for mark in separators):
        separators.append("blanks")
    n_values = {}
    for separator in separators:
        counts = {len(split_line(line, separator)) for line in lines}
        if len(counts) == 1:
            n_values[separator] = counts.pop()
    best = max(n_values, key=n_values.__getitem__, default="")
    is_list = bool(lines) and is_list_line(lines[0])
    if is_list and n_values.get(best, 1) in (1, 2):
        return "last blank"
    if n_values.get(best, 1) > 1:
        return best
    return max(separators[:3], key=lines[0].count) if lines else ","


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
