"""The parquet files between the stages: images, labels, and scores by row.

Images: one `uint8` column a pixel, named as OpenML names them (`pixel1`, `pixel2`, … row by row), then `class`
(`uint8`), and from the split on `row` (`uint32`, the image's number in its dataset). Every file is zstd-compressed,
in row groups of `ROW_GROUP` rows, and can be written and read one of them at a time. A large table may lie in several
files, the parts of one folder, in the order of their names.

A file may be damaged, or somebody else's. What a file says of itself is checked before its content is read, so none
takes more memory than its size allows; what is not as it should be is an error that names the file.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from itertools import zip_longest
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from digits.common.cli import PipelineError, short_of_memory
from digits.common.files import expect, whole_folder

ROW_GROUP = 10_000
PART = 10 * ROW_GROUP
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


class Labels(NamedTuple):
    """Rows of the training or the test part of a split, and a task's labels of them.

    Attributes:
        rows: shape (rows,), each image's number in its dataset.
        classes: shape (rows,), what each image shows.
        labels: shape (rows,), the task's answer to it.
    """

    rows: Vector
    classes: Vector
    labels: Vector


class _Part(NamedTuple):
    path: Path
    file: pq.ParquetFile
    schema: pa.Schema


def write(path: Path, table: pa.Table) -> None:
    """Write a table; the same table gives the same bytes."""
    with writing(path) as append:
        append(table)


@contextmanager
def writing(path: Path) -> Iterator[Callable[[pa.Table], None]]:
    """Give what takes the next rows of a table, and write it piece by piece.

    The same rows give the same bytes, whatever the pieces: they are put into row groups of `ROW_GROUP` and parts of
    `PART` rows. A table of one part is a file, a larger one a folder, because what a file says of itself grows with it
    and is read whole. When the block ends well, all is there; when it fails, nothing is.
    """
    rest: pa.Table | None = None
    written = 0
    writer: pq.ParquetWriter | None = None

    def write_group(group: pa.Table) -> None:
        nonlocal writer, written
        if written % PART == 0:
            closing.close()
            part = temporary / f"part-{written // PART:05}.parquet"
            writer = closing.enter_context(pq.ParquetWriter(part, group.schema, compression="zstd"))
        assert writer
        writer.write_table(group.combine_chunks())
        written += len(group)

    def append(table: pa.Table) -> None:
        nonlocal rest
        rest = pa.concat_tables([rest, table]) if rest else table
        while len(rest) >= ROW_GROUP:
            write_group(rest.slice(0, ROW_GROUP))
            rest = rest.slice(ROW_GROUP)

    with whole_folder(path) as temporary, ExitStack() as closing:
        yield append
        if rest:
            write_group(rest)


def read(path: Path, columns: Iterable[str] | None = None) -> pa.Table:
    """Read a table, or the named columns of it.

    Raises:
        PipelineError: as `groups` does.
    """
    return pa.concat_tables(groups(path, columns))


def groups(path: Path, columns: Iterable[str] | None = None) -> Iterator[pa.Table]:
    """Read a table, or the named columns of it, a row group at a time.

    Args:
        path: a file, or a folder of parts.
        columns: all when None.

    Raises:
        PipelineError: there is no such file, it is damaged, or a column or a value is missing or not as it should be.
    """
    for part in _open(path):
        names = list(part.schema.names if columns is None else columns)
        for name in names:
            if name not in part.schema.names:
                raise PipelineError(f"{part.path} has no column {name!r}; {AGAIN}")
        for group in range(part.file.num_row_groups):
            yield _group(part, group, names)


def count(path: Path) -> int:
    """Return the number of rows of a table, without reading them.

    Raises:
        PipelineError: there is no such file, or it is damaged.
    """
    return sum(part.file.metadata.num_rows for part in _open(path))


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


def stack(table: pa.Table) -> npt.NDArray[np.uint8]:
    """Put the columns of a table, all `uint8`, side by side in one array of shape (rows, columns), row after row."""
    # Two steps: putting the columns side by side at once takes three times as long.
    return np.ascontiguousarray(np.stack([column(table, name) for name in table.column_names]).T)


def pixel_names(count: int) -> list[str]:
    """Name the columns of the pixels of images, as OpenML does."""
    return [f"pixel{i + 1}" for i in range(count)]


def image_table(pixels: Pixels, classes: npt.NDArray[np.uint8], shape: tuple[int, int]) -> pa.Table:
    """Put images into a table.

    Args:
        pixels: shape (images, height * width), 0 to 255.
        classes: shape (images,), what each image shows.
        shape: height and width of an image in pixels; kept with the table, because its columns do not show it.
    """
    names = pixel_names(pixels.shape[1])
    columns = dict(zip(names, np.ascontiguousarray(pixels.T), strict=True)) | {"class": classes}
    return table(columns, {"image_shape": f"{shape[0]}x{shape[1]}"})


def pixels(path: Path) -> Iterator[Pixels]:
    """Read the pixels of images a row group at a time, as C-ordered arrays of shape (images, height * width).

    Raises:
        PipelineError: there is no such file, it is damaged, or it does not hold images.
    """
    height, width = image_shape(path)
    return map(stack, groups(path, pixel_names(height * width)))


def read_pixels(path: Path) -> Pixels:
    """Read the pixels of all images as one array of shape (images, height * width).

    Raises:
        PipelineError: as `pixels` does.
    """
    height, width = image_shape(path)
    read = np.empty((count(path), height * width), np.uint8)
    start = 0
    for group in pixels(path):  # one at a time, so that the whole table never stands beside the whole array
        read[start : start + len(group)] = group
        start += len(group)
    return read


def take_pixels(path: Path, rows: Vector) -> Pixels:
    """Read the pixels of some images, and of the row groups that they are in alone.

    Args:
        path: a file, or a folder of parts.
        rows: shape (images,), their places in the table, from 0.

    Returns:
        Shape (images, height * width), in the order asked for.

    Raises:
        PipelineError: as `pixels` does.
    """
    height, width = image_shape(path)
    taken = np.empty((len(rows), height * width), np.uint8)
    first = 0
    for part in _open(path):
        for group in range(part.file.num_row_groups):
            here = (first <= rows) & (rows < first + part.file.metadata.row_group(group).num_rows)
            if here.any():
                taken[here] = stack(_group(part, group, pixel_names(height * width)))[rows[here] - first]
            first += part.file.metadata.row_group(group).num_rows
    return taken


def image_shape(path: Path) -> tuple[int, int]:
    """Return the height and width, in pixels, of the images in a file.

    Raises:
        PipelineError: there is no such file, it is damaged, or it does not hold images.
    """
    first = next(_open(path))
    return _shape(first.path, first.schema)


def labels(images: Path, labels: Path) -> Iterator[Labels]:
    """Read the rows and the classes of a part of a split, and a task's labels of them, a row group at a time.

    Raises:
        PipelineError: there is no such file, one is damaged, or the labels are not those of these images.
    """
    seen = np.zeros((256, 256), bool)  # which class had which label
    for known, answers in zip_longest(groups(images, ["row", "class"]), groups(labels, ["row", "label"])):
        if not (known and answers and known.column("row").equals(answers.column("row"))):
            raise PipelineError(
                f"{labels} is not about the rows of {images} in their order; make both again: `dvc repro`"
            )
        group = Labels(column(known, "row"), column(known, "class"), column(answers, "label"))
        seen[group.classes, group.labels] = True
        known_classes, their_labels = seen.nonzero()
        check_labels(labels, their_labels, known_classes)
        yield group


def read_labels(images: Path, path: Path) -> Labels:
    """Read all rows and classes of a part of a split, and a task's labels of them.

    Raises:
        PipelineError: as `labels` does.
    """
    return Labels(*map(np.concatenate, zip(*labels(images, path), strict=True)))


def check_labels(path: Path, labels: Vector, classes: Vector) -> None:
    """Check that labels are the classes of their rows, or 1 for some classes and 0 for all others.

    Args:
        path: where the labels are from.
        labels: shape (rows,), or of each pair of a label and a class that occurs.
        classes: in the same order.

    Raises:
        PipelineError: they are something else; `path` is named.
    """
    if not (np.array_equal(labels, classes) or np.array_equal(labels, np.isin(classes, classes[labels == 1]))):
        raise PipelineError(f"{path} has labels that are not those of the images' classes; {AGAIN}")


def prediction_table(
    known: Mapping[str, Vector], scores: Scores, classes: Vector, positive: Iterable[int] | None
) -> pa.Table:
    """Put an experiment's predictions into a table.

    Args:
        known: `row`, `label` and `prediction`, each of shape (rows,).
        scores: shape (rows,) where there is one a row, else (rows, classes).
        classes: the model's, shape (classes,).
        positive: the classes of images that are a yes, kept with the table, because the test part may lack one; None
            where the label is the class itself.
    """
    kept = None if positive is None else {"positive": " ".join(map(str, positive))}
    return table({**known, **score_columns(scores, classes)}, kept)


def positive(predictions: pa.Table) -> list[int] | None:
    """Return which classes of images are a yes, from a table of predictions; None where the label is the class."""
    spelled = (predictions.schema.metadata or {}).get(b"positive", b"")
    return [int(number) for number in spelled.split()] if re.fullmatch(rb"\d{1,3}( \d{1,3})*", spelled) else None


def read_predictions(path: Path, classes: Vector) -> pa.Table:
    """Read an experiment's predictions: `row`, `label`, `prediction`, and the scores.

    Args:
        path: the file that `evaluate` has written.
        classes: what each image of the dataset shows, shape (images,).

    Raises:
        PipelineError: there is no such file, it is damaged, or it is not about these images.
    """
    table = read(path)
    names = table.column_names
    if names[:3] != ["row", "label", "prediction"] or not any(name.startswith("score") for name in names):
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


def score_classes(names: Iterable[str]) -> list[int]:
    """Return the classes that have a column of scores among columns of these names, in their order."""
    return [int(name.removeprefix("score_")) for name in names if name.startswith("score_")]


def read_scores(table: pa.Table) -> Scores:
    """Return the scores of a table: shape (rows,) where there is one a row, else (rows, classes)."""
    names = [name for name in table.column_names if name.startswith("score")]
    return column(table, "score") if names == ["score"] else np.stack([column(table, name) for name in names], axis=1)


def _open(path: Path) -> Iterator[_Part]:
    """Open a file, or one after another the parts in a folder, and check what each says of itself."""
    expect(path)
    paths = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    if not paths:
        raise PipelineError(f"{path} has no parts of a table in it; {AGAIN}")
    return map(_open_file, paths)


def _open_file(path: Path) -> _Part:
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
    return _Part(path, file, schema)


def _group(part: _Part, group: int, names: list[str]) -> pa.Table:
    with _reading(part.path):
        return _checked(part.path, part.file.read_row_group(group, names))


def _check_columns(path: Path, names: list[str], kinds: list[pa.DataType]) -> None:
    for name, kind in zip(names, kinds, strict=True):
        allowed = next((types for pattern, types in TYPES.items() if re.fullmatch(pattern, name)), [])
        if kind not in allowed:
            expected = " or ".join(map(str, allowed)) or "no such column"
            raise PipelineError(f"{path}: column {name[:50]!r} is {str(kind)[:50]}, expected {expected}; {AGAIN}")
    pixels = [name for name in names if name.startswith("pixel")]
    scores = [name for name in names if name.startswith("score")]
    of_classes = [f"score_{label}" for label in sorted(score_classes(names))]
    if pixels != pixel_names(len(pixels)) or scores not in (of_classes, ["score"]) or len({*names}) < len(names):
        raise PipelineError(f"{path}: its columns of pixels or scores are not in order, or one stands twice; {AGAIN}")


def _shape(path: Path, schema: pa.Schema) -> tuple[int, int]:
    pixels = sum(name.startswith("pixel") for name in schema.names)
    spelled = (schema.metadata or {}).get(b"image_shape", b"")
    match = re.fullmatch(rb"([1-9]\d{0,5})x([1-9]\d{0,5})", spelled)
    if not match or int(match[1]) * int(match[2]) != pixels:
        raise PipelineError(
            f"{path} holds no images: {pixels} columns of pixels and the shape {spelled[:20]!r}; {AGAIN}"
        )
    return int(match[1]), int(match[2])


def _checked(path: Path, table: pa.Table) -> pa.Table:
    """Check that no value is missing, that scores are finite, and that labels are among the classes with scores."""
    classes = score_classes(table.column_names)
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
