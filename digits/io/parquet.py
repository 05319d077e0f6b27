"""Parquet files: written atomically, and read a row group at a time.

The same rows give the same bytes, in row groups of `ROW_GROUP` rows. A table of more than `PART` rows is a folder of
such files, in the order of their names: MNIST's columns in one file of 8.1 million rows take 580 MiB only to open it.
"""

import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import zip_longest
from pathlib import Path
from typing import NamedTuple

from digits.io import tables
from digits.io.files import atomic_folder, require
from digits.io.tables import Contract, ImageInfo, Pixels, Vector
from digits.support.errors import PipelineError, out_of_memory

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

ROW_GROUP = 10_000
PART = 10 * ROW_GROUP
REMEDY = "make it again with `dvc repro`"


class _File(NamedTuple):
    path: Path
    file: pq.ParquetFile
    schema: pa.Schema


@contextmanager
def writer(path: Path) -> Iterator[Callable[[pa.Table], None]]:
    """Yield a function that appends rows to a table; the table is there when the block ends, and not when it fails."""
    rest: pa.Table | None = None
    written = 0
    file: pq.ParquetWriter | None = None

    def write_group(group: pa.Table) -> None:
        nonlocal file, written
        if written % PART == 0:
            closing.close()
            part = folder / f"part-{written // PART:05}.parquet"
            file = closing.enter_context(pq.ParquetWriter(part, group.schema, compression="zstd"))
        assert file
        file.write_table(group.combine_chunks())
        written += len(group)

    def append(table: pa.Table) -> None:
        nonlocal rest
        rest = pa.concat_tables([rest, table]) if rest else table
        while len(rest) >= ROW_GROUP:
            write_group(rest.slice(0, ROW_GROUP))
            rest = rest.slice(ROW_GROUP)

    with atomic_folder(path) as folder, ExitStack() as closing:
        yield append
        if rest:
            write_group(rest)


def write(path: Path, table: pa.Table) -> None:
    """Write a table."""
    with writer(path) as append:
        append(table)


def read(path: Path, contract: Contract, columns: Iterable[str] | None = None) -> pa.Table:
    """Read a table, or the named columns of it, as `groups` does."""
    return pa.concat_tables(groups(path, contract, columns))


def read_column(path: Path, contract: Contract, name: str) -> Vector:
    """Read one column of a table, shape (rows,)."""
    return tables.column(read(path, contract, [name]), name)


def groups(path: Path, contract: Contract, columns: Iterable[str] | None = None) -> Iterator[pa.Table]:
    """Read a table, or the named columns of it, a row group at a time.

    Raises:
        PipelineError: there is no such file, it is damaged, or its columns are not those of the contract.
    """
    for part in _open(path, contract):
        for group in range(part.file.num_row_groups):
            yield _read_group(part, group, list(part.schema.names if columns is None else columns))


def count(path: Path, contract: Contract) -> int:
    """Return the number of rows of a table, without reading them."""
    return sum(part.file.metadata.num_rows for part in _open(path, contract))


def schema(path: Path, contract: Contract) -> pa.Schema:
    """Return the schema of a table, with its metadata."""
    return next(_open(path, contract)).schema


def image_info(path: Path) -> ImageInfo:
    """Return what the metadata of a table of images say."""
    return ImageInfo.of(schema(path, tables.IMAGES))


def read_origin(path: Path) -> Vector | None:
    """Read the row of the image that each was made of, shape (rows,); None where no image is a copy of another."""
    if tables.ORIGIN.name not in schema(path, tables.IMAGES).names:
        return None
    return read_column(path, tables.IMAGES, tables.ORIGIN.name)


def pixels(path: Path) -> Iterator[Pixels]:
    """Read the pixels of images a row group at a time, as C-ordered arrays of shape (images, height * width)."""
    return map(tables.stack, groups(path, tables.IMAGES, tables.pixel_names(math.prod(image_info(path).shape))))


def read_pixels(path: Path) -> Pixels:
    """Read the pixels of all images as one array of shape (images, height * width)."""
    result = np.empty((count(path, tables.IMAGES), math.prod(image_info(path).shape)), np.uint8)
    start = 0
    for group in pixels(path):  # one at a time, so that table and array are never both in memory
        result[start : start + len(group)] = group
        start += len(group)
    return result


def take_pixels(path: Path, rows: Vector) -> Pixels:
    """Read the pixels of images by their positions in the table, from 0, and only the row groups that hold them."""
    names = tables.pixel_names(math.prod(image_info(path).shape))
    taken = np.empty((len(rows), len(names)), np.uint8)
    first = 0
    for part in _open(path, tables.IMAGES):
        for group in range(part.file.num_row_groups):
            here = (first <= rows) & (rows < first + part.file.metadata.row_group(group).num_rows)
            if here.any():
                taken[here] = tables.stack(_read_group(part, group, names))[rows[here] - first]
            first += part.file.metadata.row_group(group).num_rows
    return taken


def read_labels(images: Path, labels: Path) -> Vector:
    """Read the labels of a part of a split, shape (rows,).

    Raises:
        PipelineError: they are not those of these images, as when one file was made again and the other not.
    """
    rows = (groups(images, tables.IMAGES, ["row"]), groups(labels, tables.LABELS, ["row"]))
    if not all(a is not None and b is not None and a.equals(b) for a, b in zip_longest(*rows)):
        raise PipelineError(f"{labels} is not about the rows of {images}; make both again with `dvc repro`")
    return read_column(labels, tables.LABELS, "label")


def _open(path: Path, contract: Contract) -> Iterator[_File]:
    """Open a file, or one after another the parts in a folder."""
    require(path)
    paths = sorted(path.glob("*.parquet")) if path.is_dir() else [path]
    if not paths:
        raise PipelineError(f"{path} has no parts of a table in it; {REMEDY}")
    return (_open_file(part, contract) for part in paths)


def _open_file(path: Path, contract: Contract) -> _File:
    with _naming(path):
        file = pq.ParquetFile(path)
        schema = file.schema_arrow  # read anew from the file at each access
    if fault := contract.fault(schema):
        raise PipelineError(f"{path} is no table of {contract.name}: {fault}; {REMEDY}")
    if not file.metadata.num_rows:
        raise PipelineError(f"{path} has no rows; {REMEDY}")
    return _File(path, file, schema)


def _read_group(part: _File, group: int, columns: list[str]) -> pa.Table:
    if missing := set(columns).difference(part.schema.names):  # which the contract lets it lack
        raise PipelineError(f"{part.path} has no column {min(missing)!r}; {REMEDY}")
    with _naming(part.path):
        return part.file.read_row_group(group, columns)


@contextmanager
def _naming(path: Path) -> Iterator[None]:
    """Name the file that Arrow cannot read."""
    try:
        yield
    except (pa.ArrowException, OSError, ValueError) as error:
        if out_of_memory(error):  # which is no fault of the file
            raise
        raise PipelineError(f"{path} cannot be read ({' '.join(str(error).split())[:200]}); {REMEDY}") from None
