"""Tables: parquet files that pandas reads as they are.

Images have a `uint8` column per pixel, row by row, named as OpenML names them; `class`, what the image shows; `group`,
who wrote it, if the source knows; from `split` on, `row`, the image's index in its dataset; from `binarize` on,
`label`. The frame's `attrs`, which pandas keeps in the file, hold what all images share: `shape`, height and width;
`maximum`, the largest value of a pixel; if known, `names` of the labels and `group_names`.

Predictions have `row`, `group`, `label`, `prediction`, `fold` if out of fold, and scores: `decision_3` is the decision
value of class 3, `probability_3` its probability. With two classes, only the second has a column.
"""

from pathlib import Path
from typing import Any, TypeAlias

from digits.core.errors import PipelineError

import numpy as np
import numpy.typing as npt
import pandas as pd

Pixels = npt.NDArray[np.uint8]
Vector = npt.NDArray[Any]
Group: TypeAlias = "npt.NDArray[Any] | pd.Series[Any] | None"  # the column `group`, if a table has it
Scores = npt.NDArray[np.floating[Any]]


def require(path: Path) -> None:
    """Require that a file of the pipeline is here; the PipelineError names the command that makes it."""
    if not path.exists():
        raise PipelineError(f"{path} is not here; `dvc repro` makes it, `dvc pull` fetches what was shared")


def read(path: Path, columns: list[str] | None = None) -> pd.DataFrame:
    """Read a table, or the named columns of it; a PipelineError if it is missing or damaged."""
    require(path)
    try:
        return pd.read_parquet(path, columns=columns)
    except (OSError, ValueError) as error:
        raise PipelineError(f"{path} cannot be read ({error}); delete it, `dvc repro` brings it back") from None


def write(path: Path, frame: pd.DataFrame) -> None:
    """Write a table: the same rows give the same bytes."""
    path.parent.mkdir(parents=True, exist_ok=True)
    frame.to_parquet(path, compression="zstd", index=False)


def pixels(frame: pd.DataFrame) -> Pixels:
    """Return the pixels of a table of images, shape (images, height * width), image after image in memory."""
    return np.ascontiguousarray(frame.filter(regex=r"^pixel\d+$").to_numpy())
