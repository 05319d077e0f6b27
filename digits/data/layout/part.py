"""The images of a part of a layout, before their pixels are read."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import pandas as pd

from digits.core.tables import Vector
from digits.data.intake.collection import shorten
from digits.data.layout.table_file import TableFile
from digits.settings.errors import UserError


class TableUse(NamedTuple):
    """What a part of a layout uses of a table."""

    path: str
    table: TableFile
    columns: list[str]  # those of classes, groups, paths and the like
    contents: list[str]  # the column of the pictures, or those of the pixels
    is_chosen: Vector  # whether each row is an image of the part, shape (n_rows,)
    is_left_out: Vector  # whether each row is blank or unused, shape (n_rows,)


@dataclass(frozen=True, eq=False)
class PartImages:
    """Images, and which files they are from.

    Attributes:
        rows: a table with one row per image, and the columns `id`, `file`, `class` and `group`
            of texts. Each may be missing.
        contents: returns the pictures in the order of the rows, as paths or bytes, or arrays of
            pixels, shape (n_rows, n_values).
        shape: height, width and, in colour, 3 of the images, or [] if there are pictures.
        files: the files that are used, and are no pictures.
        arrays: the arrays that are used.
        tables: what is used of each table.
    """

    rows: pd.DataFrame
    contents: Callable[[], Iterator[Any]]
    shape: list[int] = field(default_factory=list)
    files: set[str] = field(default_factory=set)
    arrays: set[str] = field(default_factory=set)
    tables: list[TableUse] = field(default_factory=list)


def join(images: Sequence[PartImages]) -> PartImages:
    """Return the images of several tables, arrays or parts, one after another.

    Raises:
        UserError: they have several shapes.
    """
    shapes = {tuple(each.shape) for each in images}
    if len(shapes) > 1:
        raise UserError(f"images of several shapes: {shorten(sorted(shapes))}")
    rows = pd.concat([each.rows for each in images], ignore_index=True)
    files = {name for each in images for name in each.files}
    arrays = {name for each in images for name in each.arrays}
    tables = [use for each in images for use in each.tables]

    def read_contents() -> Iterator[Any]:
        for each in images:
            yield from each.contents()

    return PartImages(rows, read_contents, images[0].shape, files, arrays, tables)
