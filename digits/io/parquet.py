"""Parquet files: written atomically, and read a row group at a time.

The same rows give the same bytes, in row groups of `ROW_GROUP` rows. A table of more than `PART` rows is a folder of
such files, in the order of their names: MNIST's columns in one file of 8.1 million rows take 580 MiB only to open it.
"""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import NamedTuple

from digits.io import tables
from digits.io.files import atomic_write, require
from digits.io.tables import Contract, ImageInfo, Pixels, Vector
from digits.support.errors import PipelineError, one_line, out_of_memory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ROW_GROUP = 10_000
PART = 10 * ROW_GROUP
REMEDY = "make it again with `dvc repro`"


@contextmanager
def writer(path: Path) -> Iterator[Callable[[pa.Table], None]]:
    """Yield a function that appends rows to a table; the table is there when the block ends, and not when it fails."""
    rest: pa.Table | None = None
    file: pq.ParquetWriter | None = None
    written = 0

    def append(table: pa.Table, least: int = ROW_GROUP) -> None:
        nonlocal rest, file, written
        rest = pa.concat_tables([rest, table]) if rest else table
        while len(rest) >= least:
            if file is None or written % PART == 0:
                closing.close()  # the part before
                part = folder / f"part-{written // PART:05}.parquet"
                file = closing.enter_context(pq.ParquetWriter(part, rest.schema, compression="zstd"))
            file.write_table(rest.slice(0, ROW_GROUP).combine_chunks())
            written += ROW_GROUP
            rest = rest.slice(ROW_GROUP)

    with atomic_write(path) as folder, ExitStack() as closing:
        folder.mkdir()
        yield append
        if rest:
            append(rest.slice(0, 0), least=1)


def write(path: Path, table: pa.Table) -> None:
    """Write a table."""
    with writer(path) as append:
        append(table)


def groups(path: Path, contract: Contract, columns: Sequence[str] | None = None) -> Iterator[pa.Table]:
    """Read a table, or the named columns of it, a row group at a time; a PipelineError if it breaks its contract."""
    with _naming(path):
        for file in _open(path, contract, columns):
            for group in range(file.num_row_groups):
                yield tables.require_complete(file.read_row_group(group, columns))


def read(path: Path, contract: Contract, columns: Sequence[str] | None = None) -> pa.Table:
    """Read a table, or the named columns of it, as `groups` does."""
    return pa.concat_tables(groups(path, contract, columns))


def read_column(path: Path, contract: Contract, name: str) -> Vector:
    """Read one column of a table, shape (rows,)."""
    return tables.column(read(path, contract, [name]), name)


def count(path: Path, contract: Contract) -> int:
    """Return the number of rows of a table, without reading them."""
    return sum(file.metadata.num_rows for file in _open(path, contract))


def schema(path: Path, contract: Contract) -> pa.Schema:
    """Return the schema of a table, with its metadata."""
    return next(_open(path, contract)).schema_arrow


def image_info(path: Path) -> ImageInfo:
    """Return what the metadata of a table of images say."""
    return ImageInfo.of(schema(path, tables.IMAGES))


def read_if_there(path: Path, field: pa.Field) -> Vector | None:
    """Read a column of images that not all have, `tables.GROUP` or `tables.ORIGIN`, shape (rows,); None without it."""
    is_there = field.name in schema(path, tables.IMAGES).names
    return read_column(path, tables.IMAGES, field.name) if is_there else None


def pixels(path: Path, at: Vector | None = None) -> Iterator[Pixels]:
    """Read the pixels of images a row group at a time, as C-ordered arrays of shape (images, height * width).

    With `at`, positions in the table in ascending order, only theirs; a row group without any is left out.
    """
    start = 0
    for group in map(tables.stack, groups(path, tables.IMAGES, _pixel_names(path))):
        here = None if at is None else at[slice(*np.searchsorted(at, [start, start + len(group)]))] - start
        start += len(group)
        if here is None or len(here) == len(group):
            yield group
        elif len(here):
            yield group[here]


def read_pixels(path: Path) -> Pixels:
    """Read the pixels of all images as one array of shape (images, height * width)."""
    return take_pixels(path, np.arange(count(path, tables.IMAGES)))


def take_pixels(path: Path, rows: Vector) -> Pixels:
    """Read the pixels of images by their positions in the table, from 0, and only the row groups that hold them."""
    names = _pixel_names(path)
    taken = np.empty((len(rows), len(names)), np.uint8)
    with _naming(path):
        for part, file in enumerate(_open(path, tables.IMAGES)):
            for group in range(file.num_row_groups):
                here = rows // ROW_GROUP == part * (PART // ROW_GROUP) + group
                if here.any():
                    table = tables.require_complete(file.read_row_group(group, names))
                    taken[here] = tables.stack(table)[rows[here] % ROW_GROUP]
    return taken


class Labelled(NamedTuple):
    """The images that have labels, all but those that the task leaves out; vectors have the shape (rows,)."""

    at: Vector  # their positions in the table of images, ascending
    row: Vector
    y: Vector
    group: Vector | None
    origin: Vector | None


def read_labels(images: Path, labels: Path) -> Labelled:
    """Read the labels of images; a PipelineError if only one of the two files was made again."""
    row, of_labels = read_column(images, tables.IMAGES, "row"), read_column(labels, tables.LABELS, "row")
    leaves_out = b"negative" in (schema(labels, tables.LABELS).metadata or {})
    at = np.flatnonzero(np.isin(row, of_labels)) if leaves_out else np.arange(len(row))
    if not np.array_equal(row[at], of_labels):
        raise PipelineError(f"{labels} is not about the rows of {images}; make both again with `dvc repro`")
    columns = (read_if_there(images, field) for field in (tables.GROUP, tables.ORIGIN))
    group, origin = (None if column is None else column[at] for column in columns)
    return Labelled(at, of_labels, read_column(labels, tables.LABELS, "label"), group, origin)


def _pixel_names(path: Path) -> list[str]:
    return tables.pixel_names(math.prod(image_info(path).shape))


def _open(path: Path, contract: Contract, columns: Sequence[str] | None = None) -> Iterator[pq.ParquetFile]:
    """Open a file, or one after another the parts in a folder, each of which must have `columns`."""
    require(path)
    for part in sorted(path.glob("*.parquet")) if path.is_dir() else [path]:
        with _naming(part):
            file = pq.ParquetFile(part)
            fault = contract.fault(file.schema_arrow, columns or [])
        if fault or not file.metadata.num_rows:
            raise PipelineError(f"{part} is no table of {contract.name}: {fault or 'it has no rows'}; {REMEDY}")
        yield file


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Name the file that Arrow cannot read."""
    try:
        yield
    except (pa.ArrowException, OSError, ValueError) as error:
        if out_of_memory(error):  # which is no fault of the file
            raise
        raise PipelineError(f"{path} cannot be read ({one_line(error)}); {REMEDY}") from None
