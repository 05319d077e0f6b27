"""Find pictures whose names have the numbers of several columns, as `input_1_7_3.jpg`."""

import posixpath
import re
from collections.abc import Mapping, Sequence
from itertools import permutations

import pandas as pd

NUMBER = re.compile(r"\d+")
MAX_COLUMNS = 6  # of numbers, all orders of which are tried


def find_numbered(paths: Sequence[str], table_name: str, texts: Mapping[str, pd.Series]) -> str:
    """Return the path of the pictures, such as `input_{suite}_{sample}.jpg`, or "".

    Args:
        paths: those of all pictures, which may differ in nothing but numbers.
        table_name: the path of the table, in whose folder the result begins.
        texts: the columns of the table.
    """
    if len({NUMBER.sub("#", path) for path in paths}) != 1:
        return ""
    values = list(zip(*map(NUMBER.findall, paths), strict=True))
    varying = [place for place, each in enumerate(values) if len(set(each)) > 1]
    names = [name for name, each in texts.items() if each.str.fullmatch(NUMBER).all()]
    if not 2 <= len(varying) <= len(names) <= MAX_COLUMNS:
        return ""
    in_names = set(zip(*(values[place] for place in varying), strict=True))
    for chosen in permutations(names, len(varying)):
        if set(zip(*(texts[name] for name in chosen), strict=True)) == in_names:
            columns = dict(zip(varying, chosen, strict=True))
            path = write_path(paths[0], columns)
            return posixpath.relpath(path, posixpath.dirname(table_name) or ".")
    return ""


def write_path(path: str, columns: Mapping[int, str]) -> str:
    """Return a path in which a column in braces stands for the numbers at some places."""
    parts = re.split(r"(\d+)", path)  # text and numbers in turn
    for place, name in columns.items():
        parts[2 * place + 1] = f"{{{name}}}"
    return "".join(parts)
