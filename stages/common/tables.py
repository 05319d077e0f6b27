"""The parquet files between the stages: images, labels, and scores by row.

Images: one `uint8` column a pixel, named as OpenML names them (`pixel1`, `pixel2`, … row by row), then `class`
(`uint8`), and from the split on `row` (`uint32`, the image's number in its dataset). Every file is zstd-compressed,
in row groups of `ROW_GROUP` rows.
"""

from common.cli import PipelineError
from common.files import expect, whole

from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

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
        PipelineError: there is no such file, it is not parquet, or a column or a value is missing.
    """
    file = _open(path)
    present = file.schema_arrow.names
    wanted = list(columns) if columns is not None else present
    for name in wanted:
        if name not in present:
            raise PipelineError(f"{path} has no column {name!r}; make it again with `dvc repro --force`")
    return _complete(path, file.read(wanted))


def table(columns: Mapping[str, Vector], metadata: Mapping[str, str] | None = None) -> pa.Table:
    """Put arrays of shape (rows,) into a table, as they are: no nulls."""
    return pa.table({name: array(values) for name, values in columns.items()}, metadata=metadata)


def array(values: Vector) -> pa.Array:
    """Wrap an array of shape (rows,), without the copy and without the import of pandas that `pa.array` makes."""
    values = np.ascontiguousarray(values)
    return pa.Array.from_buffers(pa.from_numpy_dtype(values.dtype), len(values), [None, pa.py_buffer(values)])


def column(table: pa.Table, name: str) -> Vector:
    """Return one column as an array of shape (rows,)."""
    return np.from_dlpack(table.column(name).combine_chunks())  # without the import of pandas that `to_numpy` makes


def image_table(pixels: Pixels, classes: npt.NDArray[np.uint8], shape: tuple[int, int]) -> pa.Table:
    """Put images into a table.

    Args:
        pixels: shape (images, height * width), 0 to 255.
        classes: shape (images,), what each image shows.
        shape: height and width of an image in pixels; kept with the table, because its columns do not show it.
    """
    columns = {f"pixel{i + 1}": pixels[:, i] for i in range(pixels.shape[1])} | {"class": classes}
    return table(columns, {"image_shape": f"{shape[0]}x{shape[1]}"})


def read_pixels(path: Path, row_groups: int | None = None) -> Pixels:
    """Read the pixels of all images, or of the first row groups, as one C-ordered array (images, height * width).

    Raises:
        PipelineError: there is no such file, it is not parquet, its pixels are not whole numbers from 0 to 255, or a
            value is missing.
    """
    file = _open(path)
    schema = file.schema_arrow  # read anew from the file at each access
    names = [name for name in schema.names if name.startswith("pixel")]
    if not names or any(schema.field(name).type != pa.uint8() for name in names):
        raise PipelineError(f"{path}: expected columns pixel1, pixel2, … of type uint8")
    groups = range(min(row_groups or file.num_row_groups, file.num_row_groups))
    pixels = np.empty((sum(file.metadata.row_group(group).num_rows for group in groups), len(names)), np.uint8)
    start = 0
    for group in groups:  # one at a time, so that the whole table never stands beside the whole array
        table = _complete(path, file.read_row_group(group, names))
        np.stack([column(table, name) for name in names], axis=1, out=pixels[start : start + len(table)])
        start += len(table)
    return pixels


def image_shape(path: Path) -> tuple[int, int]:
    """Return the height and width, in pixels, of the images in a file.

    Raises:
        PipelineError: there is no such file, or it does not say.
    """
    metadata = _open(path).schema_arrow.metadata or {}
    if b"image_shape" not in metadata:
        raise PipelineError(f"{path} does not hold images; make it again with `dvc repro`")
    height, width = metadata[b"image_shape"].decode().split("x")
    return int(height), int(width)


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
    expect(path)
    try:
        return pq.ParquetFile(path)
    except pa.ArrowInvalid as error:
        raise PipelineError(f"{path} is not a parquet file ({error}); make it again with `dvc repro`") from None


def _complete(path: Path, table: pa.Table) -> pa.Table:
    for name, values in zip(table.column_names, table.columns, strict=True):
        if values.null_count:
            raise PipelineError(f"{path}: {values.null_count} values of {name!r} are missing; make it again")
    return table
