"""Images whose pixels have not been read yet."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy.typing as npt
import pandas as pd

Vector = npt.NDArray[Any]

MAX_CLASSES = 256
READ_BYTES = 3 * 2**20  # of pixels, which are read at a time
BATCH_SIZE = 1_000  # the number of pictures that are read at a time
MAX_LISTED = 20  # the largest number of failures that are listed


@dataclass(frozen=True, eq=False)
class Collection:
    """Images whose pixels have not been read yet, with their classes and groups.

    The images are either picture files or arrays. Picture files have the attribute `pictures`.
    Arrays have the attributes `blocks` and `shape`.

    Attributes:
        rows: a table with one row per image, and the columns

            - `id`: what the owner calls the image: a name, a path, or its number from 1.
            - `file`: the path of the picture in its folder, if there are pictures.
            - `class`: the class, as a string. Without classes, images can only be predicted.
            - `group`, as a string, if the images have it.
            - `test`: whether the image is in the test set that came with the images.

        pictures: a function that yields the picture files in the order of the rows: their
            paths, or their contents.
        blocks: a function that yields the pixels of many rows at a time, shape
            (n_rows, n_values).
        shape: height, width and, in colour, 3. It is empty for picture files.
        notes: what `digits predict` prints about the images, such as which files it leaves out.
    """

    rows: pd.DataFrame
    pictures: Callable[[], Iterator[Path | bytes]] | None = None
    blocks: Callable[[], Iterator[Any]] | None = None
    shape: list[int] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def rows_per_block(n_bytes: int, n_values: int) -> int:
    """Return how many images of `n_values` bytes fit into `n_bytes` bytes, at least one."""
    return max(n_bytes // n_values, 1)
