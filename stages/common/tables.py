"""The parquet files between the stages: images, labels, and scores by row.

Images: one `uint8` column a pixel, named as OpenML names them (`pixel1`, `pixel2`, … row by row), then `class`
(`uint8`), and from the split on `row` (`uint32`, the image's number in its dataset). Every file is zstd-compressed,
in row groups of `ROW_GROUP` rows.

A file may be damaged, or somebody else's. What a file says of itself is checked before its content is read, so none
takes more memory than its size allows; what is not as it should be is an error that names the file.
"""

from common.cli import PipelineError, short_of_memory
from common.files import expect, whole

import re
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

ROW_GROUP = 10_000
MOST_PIXELS = 65_536  # of an image
AGAIN = "make it again with `dvc repro`"
TYPES = {  # by what a column's name looks like
    "pixel[0-9]+|class|label|fold|prediction": [pa.uint8()],
    "row": [pa.uint32()],
    "score(_[0-9]{1,3})?": [pa.float32(), pa.float64()],
}

Pixels = npt.NDArray[np.uint8]
Vector = npt.NDArray[Any]
Scores = npt.NDArray[np.floating[Any]]


class Part(NamedTuple):
    """The training or the test part of a split, and a task's labels of it.

    Attributes:
        rows: shape (rows,), each image's number in its dataset.
        classes: shape (rows,), what each image shows.
        labels: shape (rows,), the task's answer to it.
        pixels: shape (rows, height * width), 0 to 255; less rows where only the first row groups were asked for.
    """

    rows: Vector
    classes: Vector
    labels: Vector
    pixels: Pixels


def write(path: Path, table: pa.Table) -> None:
    """Write a table; the same table gives the same bytes."""
    with whole(path) as temporary:
        pq.write_table(table, temporary, compression="zstd", row_group_size=ROW_GROUP)


def read(path: Path, columns: Iterable[str] | None = None) -> pa.Table:
    """Read a table, or the named columns of it.

    Raises:
        PipelineError: there is no such file, it is damaged, or a column or a value is missing or not as it should be.
    """
    return _content(path, *_open(path), columns)


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
        PipelineError: there is no such file, it is damaged, or it does not hold images.
    """
    return _pixels(path, *_open(path), row_groups)


def image_shape(path: Path) -> tuple[int, int]:
    """Return the height and width, in pixels, of the images in a file.

    Raises:
        PipelineError: there is no such file, it is damaged, or it does not hold images.
    """
    return _shape(path, _open(path)[1])


def read_part(images: Path, labels: Path, row_groups: int | None = None) -> Part:
    """Read a part of a split, its pixels all or those of the first row groups, and a task's labels of it.

    Raises:
        PipelineError: there is no such file, one is damaged, or the labels are not those of these images.
    """
    file, schema = _open(images)
    known = _content(images, file, schema, ["row", "class"])
    table = read(labels, ["row", "label"])
    rows, classes, values = column(known, "row"), column(known, "class"), column(table, "label")
    if not np.array_equal(rows, column(table, "row")):
        raise PipelineError(f"{labels} is not about the rows of {images} in their order; make both again: `dvc repro`")
    check_labels(labels, values, classes)
    return Part(rows, classes, values, _pixels(images, file, schema, row_groups))


def check_labels(path: Path, labels: Vector, classes: Vector) -> None:
    """Check that labels, of shape (rows,), are the classes of the rows, or 1 for some classes and 0 for all others.

    Raises:
        PipelineError: they are something else; `path`, where they are from, is named.
    """
    if not (np.array_equal(labels, classes) or np.array_equal(labels, np.isin(classes, classes[labels == 1]))):
        raise PipelineError(f"{path} has labels that are not those of the images' classes; {AGAIN}")


def read_predictions(path: Path, classes: Vector) -> pa.Table:
    """Read an experiment's predictions: `row`, `label`, `prediction`, and the scores.

    Args:
        path: the file that `evaluate` has written.
        classes: what each image of the dataset shows, shape (images,).

    Raises:
        PipelineError: there is no such file, it is damaged, or it is not about these images.
    """
    table = read(path)
    if table.column_names[:3] != ["row", "label", "prediction"] or "score" not in "".join(table.column_names[3:4]):
        raise PipelineError(f"{path} holds no predictions; {AGAIN}")
    rows = column(table, "row")
    if rows.max() >= len(classes):
        raise PipelineError(f"{path} is about a row {rows.max()}, the dataset has {len(classes)}; {AGAIN}")
    check_labels(path, column(table, "label"), classes[rows])
    return table


def score_columns(scores: Scores, classes: Vector) -> Mapping[str, Vector]:
    """Name the columns of scores: `score` when there is one a row, `score_<class>` when there is one a class."""
    if scores.ndim == 1:
        return {"score": scores}
    return {f"score_{label}": scores[:, i] for i, label in enumerate(classes)}


def read_scores(table: pa.Table) -> Scores:
    """Return the scores of a table: shape (rows,) where there is one a row, else (rows, classes)."""
    names = [name for name in table.column_names if name.startswith("score")]
    return column(table, "score") if names == ["score"] else np.stack([column(table, name) for name in names], axis=1)


def _open(path: Path) -> tuple[pq.ParquetFile, pa.Schema]:
    """Open a file and check what it says of itself."""
    expect(path)
    with _reading(path):
        file = pq.ParquetFile(path, thrift_container_size_limit=2 * MOST_PIXELS)
        schema = file.schema_arrow  # read anew from the file at each access
    groups = [file.metadata.row_group(i).num_rows for i in range(file.num_row_groups)]
    if min(groups, default=0) < 1:
        raise PipelineError(f"{path} has no rows; {AGAIN}")
    if max(groups) > ROW_GROUP:
        raise PipelineError(f"{path} has {max(groups)} rows in a group, at most {ROW_GROUP} are allowed; {AGAIN}")
    _check_columns(path, schema.names, schema.types)
    if any(name.startswith("pixel") for name in schema.names):
        _shape(path, schema)
    return file, schema


def _check_columns(path: Path, names: list[str], kinds: list[pa.DataType]) -> None:
    for name, kind in zip(names, kinds, strict=True):
        allowed = next((types for pattern, types in TYPES.items() if re.fullmatch(pattern, name)), [])
        if kind not in allowed:
            expected = " or ".join(map(str, allowed)) or "no such column"
            raise PipelineError(f"{path}: column {name[:50]!r} is {str(kind)[:50]}, expected {expected}; {AGAIN}")
    pixels = [name for name in names if name.startswith("pixel")]
    scores = [name for name in names if name.startswith("score")]
    in_order = [f"pixel{i + 1}" for i in range(len(pixels))], [f"score_{label}" for label in sorted(_classes(names))]
    if pixels != in_order[0] or scores not in (in_order[1], ["score"]) or len({*names}) < len(names):
        raise PipelineError(f"{path}: its columns of pixels or scores are not in order, or one stands twice; {AGAIN}")


def _classes(names: Iterable[str]) -> list[int]:
    """Return the classes that have a column of scores, in its order."""
    return [int(name.removeprefix("score_")) for name in names if name.startswith("score_")]


def _shape(path: Path, schema: pa.Schema) -> tuple[int, int]:
    pixels = sum(name.startswith("pixel") for name in schema.names)
    spelled = (schema.metadata or {}).get(b"image_shape", b"")
    match = re.fullmatch(rb"([1-9]\d{0,5})x([1-9]\d{0,5})", spelled)
    if not match or int(match[1]) * int(match[2]) != pixels:
        raise PipelineError(
            f"{path} holds no images: {pixels} columns of pixels and the shape {spelled[:20]!r}; {AGAIN}"
        )
    return int(match[1]), int(match[2])


def _content(path: Path, file: pq.ParquetFile, schema: pa.Schema, columns: Iterable[str] | None = None) -> pa.Table:
    names = list(schema.names if columns is None else columns)
    for name in names:
        if name not in schema.names:
            raise PipelineError(f"{path} has no column {name!r}; {AGAIN}")
    with _reading(path):
        return _checked(path, file.read(names))


def _pixels(path: Path, file: pq.ParquetFile, schema: pa.Schema, row_groups: int | None) -> Pixels:
    names = [name for name in schema.names if name.startswith("pixel")]
    if not names:
        raise PipelineError(f"{path} holds no images; {AGAIN}")
    groups = range(min(row_groups or file.num_row_groups, file.num_row_groups))
    pixels = np.empty((sum(file.metadata.row_group(group).num_rows for group in groups), len(names)), np.uint8)
    start = 0
    for group in groups:  # one at a time, so that the whole table never stands beside the whole array
        with _reading(path):
            table = _checked(path, file.read_row_group(group, names))
        np.stack([column(table, name) for name in names], axis=1, out=pixels[start : start + len(table)])
        start += len(table)
    return pixels


def _checked(path: Path, table: pa.Table) -> pa.Table:
    """Check that no value is missing, that scores are finite, and that labels are among the classes with scores."""
    classes = _classes(table.column_names)
    for name, values in zip(table.column_names, table.columns, strict=True):
        if values.null_count:
            raise PipelineError(f"{path}: {values.null_count} values of {name!r} are missing; {AGAIN}")
        if name.startswith("score") and not np.isfinite(column(table, name)).all():
            raise PipelineError(f"{path}: a value of {name!r} is not a finite number; {AGAIN}")
        if name in {"label", "prediction"} and classes and not np.isin(column(table, name), classes).all():
            raise PipelineError(f"{path}: a value of {name!r} is a class that has no score; {AGAIN}")
    return table


@contextmanager
def _reading(path: Path) -> Iterator[None]:
    """Say which file it is that Arrow cannot read."""
    try:
        yield
    except (pa.ArrowException, OSError, ValueError) as error:
        if short_of_memory(error):  # which is no fault of the file
            raise
        raise PipelineError(f"{path} cannot be read ({' '.join(str(error).split())[:200]}); {AGAIN}") from None
