"""The images of one part of a layout, before their pixels are read."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pandas as pd

from digits.core.tables import Vector


class TableRows(NamedTuple):
    """Which rows of a table are images of a part.

    Attributes:
        is_chosen: whether each row is, shape (n_rows,).
        is_left_out: whether each row is blank or unused, shape (n_rows,).
    """

    is_chosen: Vector
    is_left_out: Vector


@dataclass(frozen=True, eq=False)
class PartImages:
    """The images of one part of a layout.

    Attributes:
        rows: a table with one row per image, and the columns `id`, `file`, `class` and `group`
            of texts. Each may be missing.
        contents: returns the pictures in the order of the rows, as paths or bytes, or arrays of
            pixels, shape (n_rows, n_values).
        shape: height, width and, in colour, 3 of the images, or [] if there are pictures.
        files: the files that were used, and are no pictures.
        arrays: the arrays that were used.
        columns: the columns of tables that were not used, with their values.
        tables: the tables by their paths, and which of their rows were used.
    """

    rows: pd.DataFrame
    contents: Callable[[], Iterator[Any]]
    shape: list[int]
    files: set[str] = field(default_factory=set)
    arrays: set[str] = field(default_factory=set)
    columns: dict[str, pd.Series] = field(default_factory=dict)
    tables: dict[str, TableRows] = field(default_factory=dict)
