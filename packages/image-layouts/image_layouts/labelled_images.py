"""Images whose pixels have not been read yet, and what a layout uses to find them."""

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from pathlib import Path
from typing import Any, NamedTuple

import numpy.typing as npt
import pandas as pd

from image_layouts.errors import LayoutError, shorten
from image_layouts.layout.table_file import TableFile

Vector = npt.NDArray[Any]

MAX_CLASSES = 256  # if these are numbers; more of them are a quantity


class TableSelection(NamedTuple):
    """The columns and the rows of a table that a part of a layout uses."""

    path: str
    table: TableFile
    columns: list[str]  # the columns of classes, groups, ids and paths of pictures
    image_columns: list[str]  # the column of the pictures, or the columns of the pixels
    is_chosen: Vector  # whether each row is an image of the part, shape (n_rows,)
    is_unused: Vector  # whether each row is blank or left out by the layout, shape (n_rows,)


@dataclass(frozen=True, eq=False, repr=False)
class LabelledImages:
    """Images whose pixels have not been read yet, with their classes and groups.

    They are those of a layout, of a part of it, or of a single table or array.

    Attributes:
        rows: a table with one row per image, and the columns

            - `id`: what the owner calls the image: a name, a path, or its number from 1.
            - `file`: the path of the picture in its folder, if there are pictures.
            - `class`: the class, as a string. Without classes, images can only be predicted.
            - `group`, as a string, if the images have it.
            - `test`: whether the image is in the test set that came with the images.

        contents: a function that yields the images in the order of the rows. If `shape` is
            empty, they are pictures: their paths, or their bytes. Otherwise they are blocks of
            pixels, each of shape (n_rows, n_values).
        shape: height, width and, in colour, 3. It is empty for pictures.
        files: the files that are used, other than pictures.
        arrays: the arrays that are used.
        tables: what is used of each table.
        notes: what `digits predict` prints about the images, such as which files it leaves out.
    """

    rows: pd.DataFrame
    contents: Callable[[], Iterator[Any]]
    shape: list[int] = field(default_factory=list)
    files: set[str] = field(default_factory=set)
    arrays: set[str] = field(default_factory=set)
    tables: list[TableSelection] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.rows)

    def __repr__(self) -> str:
        """Return a line about the images and their classes."""
        names = self.classes
        return f"LabelledImages({len(self):,} images, {len(names)} classes: {shorten(names)})"

    @property
    def classes(self) -> list[str]:
        """The names of the classes, sorted."""
        return sorted(self.rows["class"].unique()) if "class" in self.rows else []

    @property
    def pictures(self) -> Callable[[], Iterator[Path | bytes]] | None:
        """The function that yields the pictures, or None for pixels."""
        return None if self.shape else self.contents

    @property
    def blocks(self) -> Callable[[], Iterator[Any]] | None:
        """The function that yields the pixels of many rows at a time, or None for pictures."""
        return self.contents if self.shape else None


def join(parts: Sequence[LabelledImages]) -> LabelledImages:
    """Return the images of several parts, tables or arrays, one after another.

    Raises:
        LayoutError: the images have different shapes, or only some of them are pictures.
    """
    shapes = {tuple(part.shape) for part in parts}
    if len(shapes) > 1:
        described = [" × ".join(map(str, shape)) or "pictures" for shape in sorted(shapes)]
        raise LayoutError(f"there are different kinds of images: {shorten(described)}")
    return LabelledImages(
        pd.concat([part.rows for part in parts], ignore_index=True),
        contents=lambda: chain.from_iterable(part.contents() for part in parts),
        shape=parts[0].shape,
        files={name for part in parts for name in part.files},
        arrays={name for part in parts for name in part.arrays},
        tables=[selection for part in parts for selection in part.tables],
    )


def select_in_blocks(blocks: Iterable[Any], is_chosen: Vector) -> Iterator[Any]:
    """Yield the chosen rows of each block."""
    start = 0
    for block in blocks:
        stop = start + len(block)
        yield block[is_chosen[start:stop]]
        start = stop
