"""Read and write tables as parquet files, which `pandas.read_parquet` can read, too.

A table of images has one row per image and the columns

- `pixel1`, `pixel2`, …: the pixels, row by row, as `uint8`. OpenML uses the same names.
- `class`: what the image shows, as a number.
- `group`: who wrote it, as a number, if the source knows.
- `row`: the position of the image in its dataset. The stage `split` adds this column.
- `label`: what a model should predict. The stage `binarize` adds this column.

What all images share is in the table's `attrs`, a dictionary that pandas stores in the file:
`shape` (height and width), `pixel_max` (the largest value that a pixel can have), and if they
are known, `names` of the classes, `label_names` and `group_names`.

A table of predictions has `row`, `group` if known, `label`, `fold` if it comes from
cross-validation, `prediction`, and the scores. `decision_3` is the decision value of label 3,
and `probability_3` its probability. If there are two labels, only the second one has a column.
"""

from pathlib import Path
from typing import Any

from digits.core.errors import UserError
from digits.core.files import REMEDY, atomic_write, check_exists

import numpy as np
import numpy.typing as npt
import pandas as pd

Pixels = npt.NDArray[np.uint8]
Vector = npt.NDArray[Any]  # one value per image
Scores = npt.NDArray[np.floating[Any]]


def read(path: Path, columns: list[str] | None = None) -> pd.DataFrame:
    """Read a table, or only some of its columns.

    Raises:
        UserError: the file is missing or damaged.
    """
    check_exists(path)
    try:
        return pd.read_parquet(path, columns=columns)
    except (OSError, ValueError) as error:
        raise UserError(f"{path} cannot be read ({error}); {REMEDY}") from None


def write(path: Path, table: pd.DataFrame) -> None:
    """Write a table, and create its folder. The same rows give the same bytes."""
    with atomic_write(path) as temporary:
        table.to_parquet(temporary, compression="zstd", index=False)


def pixels(images: pd.DataFrame) -> Pixels:
    """Return the pixels of a table of images, shape (n_images, height * width)."""
    pixel_columns = images.filter(regex=r"^pixel\d+$")
    return np.ascontiguousarray(pixel_columns.to_numpy())
