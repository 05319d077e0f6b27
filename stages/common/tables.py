"""The parquet files between the stages: images, labels, and scores by row.

Images: one `uint8` column a pixel, named as OpenML names them (`pixel1`, `pixel2`, … row by row), then `class`
(`uint8`), and from the split on `row` (`uint32`, the image's number in its dataset). Every file is zstd-compressed,
in row groups of `ROW_GROUP` rows.
"""

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from common.cli import PipelineError
from common.files import whole

ROW_GROUP = 10_000

Pixels = npt.NDArray[np.uint8]
Vector = npt.NDArray[Any]
Scores = npt.NDArray[np.floating[Any]]


def write(path: Path, table: pa.Table) -> None:
    """Write a table; the same table gives the same bytes."""
    with whole(path) as temporary:
        pq.write_table(table, temporary, compression="zstd", row_group_size=ROW_GROUP)


def read(path: Path, columns: Iterable[str] | None = None) -> pa.Table:
    """Read a table, or the named columns of it.

    Raises:
        PipelineError: there is no such file, it is not parquet, or a column is missing.
    """
    file = _open(path)
    wanted = list(columns) if columns is not None else file.schema_arrow.names
    for name in wanted:
        if name not in file.schema_arrow.names:
            raise PipelineError(f"{path} has no column {name!r}; make it again with `dvc repro --force`")
    return file.read(wanted)


def column(table: pa.Table, name: str) -> Vector:
    """Return one column as an array of shape (rows,)."""
    return table.column(name).to_numpy()


def image_table(pixels: Pixels, classes: npt.NDArray[np.uint8], shape: tuple[int, int]) -> pa.Table:
    """Put images into a table.

    Args:
        pixels: shape (images, height * width), 0 to 255.
        classes: shape (images,), what each image shows.
        shape: height and width of an image in pixels; kept with the table, because its columns do not show it.
    """
    columns = {f"pixel{i + 1}": pixels[:, i] for i in range(pixels.shape[1])} | {"class": classes}
    return pa.table(columns, metadata={"image_shape": f"{shape[0]}x{shape[1]}"})


def read_pixels(path: Path, row_groups: int | None = None) -> Pixels:
    """Read the pixels of all images, or of the first row groups, as one C-ordered array (images, height * width).

    Raises:
        PipelineError: there is no such file, it is not parquet, or its pixels are not whole numbers from 0 to 255.
    """
    file = _open(path)
    names = [name for name in file.schema_arrow.names if name.startswith("pixel")]
    if not names or any(file.schema_arrow.field(name).type != pa.uint8() for name in names):
        raise PipelineError(f"{path}: expected columns pixel1, pixel2, … of type uint8")
    groups = range(min(row_groups or file.num_row_groups, file.num_row_groups))
    pixels = np.empty((sum(file.metadata.row_group(g).num_rows for g in groups), len(names)), np.uint8)
    start = 0
    for group in groups:  # a group at a time, so that the table and the array never stand whole side by side
        table = file.read_row_group(group, names)
        stop = start + len(table)
        # Filled by columns, then turned: many times faster than writing each column with a stride.
        pixels[start:stop] = np.stack([table.column(i).to_numpy() for i in range(len(names))]).T
        start = stop
    return pixels


def read_labels(folder: Path, part: str) -> tuple[Vector, Vector]:
    """Read the rows' numbers and labels of a task's `train` or `test` part, each of shape (rows,)."""
    table = read(folder / f"{part}.parquet", ["row", "label"])
    return column(table, "row"), column(table, "label")


def score_columns(scores: Scores, classes: Vector) -> Mapping[str, Vector]:
    """Name the columns of scores: `score` when there is one a row, `score_<class>` when there is one a class."""
    if scores.ndim == 1:
        return {"score": scores}
    return {f"score_{label}": scores[:, i] for i, label in enumerate(classes)}


def read_scores(table: pa.Table) -> Scores:
    """Return the scores of a table: shape (rows,) where there is one a row, else (rows, classes)."""
    names = [name for name in table.column_names if name.startswith("score")]
    return column(table, "score") if names == ["score"] else np.stack([column(table, name) for name in names], axis=1)


def _open(path: Path) -> pq.ParquetFile:
    try:
        return pq.ParquetFile(path)
    except FileNotFoundError:
        raise PipelineError(f"{path} is not here; `dvc repro` makes it, `dvc pull` fetches it") from None
    except pa.ArrowInvalid as error:
        raise PipelineError(f"{path} is not a parquet file ({error}); make it again with `dvc repro`") from None
