"""The images of a part of a layout, before their pixels are read."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any, NamedTuple

import pandas as pd

from image_layouts.collection import Vector
from image_layouts.errors import LayoutError, shorten
from image_layouts.layout.table_file import TableFile


class TableSelection(NamedTuple):
    """The columns and the rows of a table that a part of a layout uses."""

    path: str
    table: TableFile
    columns: list[str]  # the columns of classes, groups, ids and paths of pictures
    image_columns: list[str]  # the column of the pictures, or the columns of the pixels
    is_chosen: Vector  # whether each row is an image of the part, shape (n_rows,)
    is_unused: Vector  # whether each row is blank or left out by the layout, shape (n_rows,)


@dataclass(frozen=True, eq=False)
class PartImages:
    """The images of a part of a layout, or of a single table or array.

    `read_layout` in image_layouts/layout/reading.py joins the images of all parts. From
    `files`, `arrays` and `tables`, it learns what the layout does not use.

    Attributes:
        rows: a table with one row per image. It may have the columns `id`, `file`, `class` and
            `group`.
        contents: a function that yields the images in the order of the rows. If `shape` is
            empty, they are pictures: their paths, or their bytes. Otherwise they are blocks of
            pixels, each of shape (n_rows, n_values).
        shape: height, width and, in colour, 3. For pictures, it is empty.
        files: the files that are used, other than pictures.
        arrays: the arrays that are used.
        tables: what the part uses of each table.
    """

    rows: pd.DataFrame
    contents: Callable[[], Iterator[Any]]
    shape: list[int] = field(default_factory=list)
    files: set[str] = field(default_factory=set)
    arrays: set[str] = field(default_factory=set)
    tables: list[TableSelection] = field(default_factory=list)


def join(parts: Sequence[PartImages]) -> PartImages:
    """Return the images of several parts, tables or arrays, one after another.

    Raises:
        LayoutError: the images have different shapes, or only some of them are pictures.
    """
    shapes = {tuple(part.shape) for part in parts}
    if len(shapes) > 1:
        described = [" × ".join(map(str, shape)) or "pictures" for shape in sorted(shapes)]
        raise LayoutError(f"there are different kinds of images: {shorten(described)}")
    rows = pd.concat([part.rows for part in parts], ignore_index=True)
    files: set[str] = set()
    arrays: set[str] = set()
    tables: list[TableSelection] = []
    for part in parts:
        files |= part.files
        arrays |= part.arrays
        tables += part.tables

    def read_contents() -> Iterator[Any]:
        return chain.from_iterable(part.contents() for part in parts)

    return PartImages(rows, read_contents, parts[0].shape, files, arrays, tables)


def select_in_blocks(blocks: Iterable[Any], is_chosen: Vector) -> Iterator[Any]:
    """Yield the chosen rows of each block.

    Args:
        blocks: arrays or tables, one after another.
        is_chosen: whether each row of all blocks together is chosen, shape (n_rows,).
    """
    start = 0
    for block in blocks:
        stop = start + len(block)
        yield block[is_chosen[start:stop]]
        start = stop
