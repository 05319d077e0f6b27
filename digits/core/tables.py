"""Read and write tables as parquet files, which `pandas.read_parquet` can read, too.

docs/reference/files.md describes the columns of all tables. What all images of a table share is
in its `attrs`, a dictionary that pandas stores in the file.

`read_images` returns a table of images in two parts:

- `X`: the pixels as an array, which need not fit into memory, because it is mapped from a
  temporary file.
- `images`: a table of all other columns. Its index is the row of each image in `X`. A selection
  of `images` keeps this index, by which `write_images` finds the pixels.

Parquet's checksums are verified, so a damaged file raises an error.
"""

import errno
import io
import json
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from digits.core.files import atomic_write
from digits.settings.errors import DAMAGED_FILE_HINT, UserError, check_exists

Pixels = npt.NDArray[np.uint8]
Vector = npt.NDArray[Any]  # one value per image
Scores = npt.NDArray[np.floating[Any]]

PIXELS = "pixels"  # the name of the column
PIXEL_MAX = 255  # the largest value that a pixel can have, unless params.yaml says otherwise

# How many bytes of pixels are read at a time.
READ_BYTES = 3 * 2**20

# How many bytes of pixels are in a row group, which is a block of rows of a parquet file. A row
# group is in memory while it is written.
ROW_GROUP_BYTES = 64 * 2**20

# The errors of a disk without space, of a quota, and of a limit.
FULL_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def read(path: Path, columns: list[str] | None = None) -> pd.DataFrame:
    """Read a table, or only some of its columns.

    Raises:
        UserError: the file is missing or damaged.
    """
    check_exists(path)
    with explain_damage(path):
        return read_parquet(path, columns)


def read_parquet(
    source: Path | io.BytesIO | pa.NativeFile, columns: list[str] | None = None
) -> pd.DataFrame:
    """Read a table from a parquet file or its content, and verify the checksums.

    Raises:
        OSError, ValueError: the file is damaged, or is not a parquet file.
    """
    return pd.read_parquet(source, columns=columns, page_checksum_verification=True)


def write(path: Path, table: pd.DataFrame) -> None:
    """Write a table, and create its folder. The same rows give the same bytes."""
    with atomic_write(path) as temporary:
        table.to_parquet(temporary, compression="zstd", index=False, write_page_checksum=True)


def read_images(path: Path) -> tuple[Pixels, pd.DataFrame]:
    """Read a table of images.

    Returns:
        X: the pixels, memory-mapped, shape (n_images, n_values), 0 to 255.
        images: the table of all other columns, with the index 0 to n_images - 1.

    Raises:
        UserError: the file is missing or damaged, or the temporary file cannot be written.
    """
    check_exists(path)
    with explain_damage(path), pa.memory_map(str(path)) as file:
        other_columns = [name for name in pq.read_schema(file).names if name != PIXELS]
        X = map_pixels(read_pixels(file))
        images = read_parquet(file, other_columns)
    return X, images


def read_pixels(source: pa.NativeFile) -> Iterator[Pixels]:
    """Yield the pixels of a parquet file in blocks of a few megabytes.

    Raises:
        OSError, ValueError: the file is damaged.
    """
    with pq.ParquetFile(source, page_checksum_verification=True) as file:
        n_values = file.schema_arrow.field(PIXELS).type.byte_width
        # A table without rows has no other block. The array of its pixels needs a width, too.
        yield np.empty((0, n_values), dtype=np.uint8)
        n_rows = rows_per_block(READ_BYTES, n_values)
        for batch in file.iter_batches(n_rows, columns=[PIXELS]):
            values = b"".join(batch.column(PIXELS).to_pylist())
            yield np.frombuffer(values, np.uint8).reshape(-1, n_values)


@contextmanager
def explain_damage(path: Path) -> Iterator[None]:
    """Turn the error of a damaged file into a UserError that says what to do."""
    try:
        yield
    # A missing column raises KeyError. An unknown type raises one of the last two errors.
    except (OSError, ValueError, KeyError, TypeError, NotImplementedError) as error:
        if isinstance(error, OSError) and error.errno is not None:
            raise  # an error of the operating system, such as a missing permission
        raise UserError(f"{path} cannot be read ({error}); {DAMAGED_FILE_HINT}") from None


def rows_per_block(n_bytes: int, n_values: int) -> int:
    """Return how many images of `n_values` bytes fit into `n_bytes` bytes, at least one."""
    return max(n_bytes // n_values, 1)


def map_pixels(blocks: Iterable[Pixels]) -> Pixels:
    """Return blocks of pixels as one array in a temporary file, which may exceed the memory.

    The operating system keeps as much of the file in memory as there is space for. The file
    vanishes with the array.

    Args:
        blocks: at least one array, each of shape (n_rows, n_values).

    Raises:
        UserError: the file cannot be written, for example because the disk is full.
    """
    n_rows = 0
    n_values = 0
    with open_temporary() as file:
        for block in blocks:
            file.write(np.ascontiguousarray(block).data)
            n_rows += len(block)
            n_values = block.shape[1]
        file.flush()
        return map_file(file, (n_rows, n_values))


@contextmanager
def open_temporary() -> Iterator[IO[bytes]]:
    """Yield a file without a name, which vanishes at the end.

    Raises:
        UserError: the disk is full.
    """
    try:
        # In the project's folder, because /tmp may itself be in memory.
        with tempfile.TemporaryFile(dir=".") as file:
            yield file
    except OSError as error:
        if error.errno not in FULL_DISK:
            raise
        folder = Path.cwd()
        raise UserError(f"a temporary file in {folder} cannot be written: {error}") from None


def map_file(file: IO[bytes], shape: tuple[int, int]) -> Pixels:
    """Return the content of a file as an array that is read from the disk when needed."""
    if 0 in shape:  # an empty file cannot be mapped
        return np.empty(shape, np.uint8)
    # A plain array: rows selected from a memmap would be memmaps, and keep the file open.
    return np.memmap(file, np.uint8, "r", shape=shape).view(np.ndarray)


def write_images(path: Path, X: Pixels, images: pd.DataFrame) -> None:
    """Write a table of images, and create its folder. The same rows give the same bytes.

    Args:
        path: the file.
        X: the pixels of these images, and possibly of others, shape (n_rows, n_values).
        images: all other columns. The index is the row of X in which the image's pixels are.
    """
    group_size = rows_per_block(ROW_GROUP_BYTES, X.shape[1])
    rows = images.index.to_numpy(np.uint32)
    if not images.index.is_monotonic_increasing:  # shuffled, so gather the rows of X first
        X, rows = collect_row_groups(X, rows, group_size)

    schema = to_arrow(X[:0], images.iloc[:0]).schema  # of a table without rows
    with atomic_write(path) as temporary:
        # A dictionary of values would save nothing: hardly any two images are equal.
        options = {"compression": "zstd", "use_dictionary": False, "write_page_checksum": True}
        with pq.ParquetWriter(temporary, schema, **options) as file:
            for start in range(0, len(rows), group_size):
                stop = start + group_size
                file.write_table(to_arrow(X[rows[start:stop]], images.iloc[start:stop]))


def to_arrow(pixels: Pixels, images: pd.DataFrame) -> pa.Table:
    """Return images with all their columns in a form that `pandas.read_parquet` can read."""
    column = pa.array([image.tobytes() for image in pixels], pa.binary(pixels.shape[1]))
    table = pa.Table.from_pandas(images, preserve_index=False).add_column(0, PIXELS, column)
    # pandas itself stores the attrs under this key.
    metadata = {**table.schema.metadata, "PANDAS_ATTRS": json.dumps(images.attrs)}
    return table.replace_schema_metadata(metadata)


def collect_row_groups(X: Pixels, rows: Vector, group_size: int) -> tuple[Pixels, Vector]:
    """Copy rows of X to a temporary file in which the rows of each row group are together.

    If X exceeds the memory, `X[rows]` reads the disk once for each image. Here, X is read once
    from its beginning to its end. This is a bucket sort whose buckets are the row groups. A row
    group fits into memory, where its rows can be read in any order.

    Args:
        X: the pixels, shape (n_images, n_values).
        rows: the rows of X, in the order in which they should be written, shape (n_copied,).
        group_size: the number of rows in a row group.

    Returns:
        The copy, and for each of `rows` its row in the copy.

    Raises:
        UserError: the temporary file cannot be written.
    """
    n_values = X.shape[1]
    starts = range(0, len(rows), group_size)
    # The rows of X in each row group, in the order of X.
    row_groups = [np.sort(rows[start : start + group_size]) for start in starts]
    block_size = rows_per_block(READ_BYTES, n_values)
    with open_temporary() as file:
        for first in range(0, len(X), block_size):
            block = np.array(X[first : first + block_size])  # in memory
            for start, row_group in zip(starts, row_groups, strict=True):
                low, high = np.searchsorted(row_group, [first, first + len(block)])
                rows_in_block = row_group[low:high] - first
                row_of_copy = start + low
                file.seek(row_of_copy * n_values)
                file.write(block[rows_in_block].data)
        file.flush()
        shape = (len(rows), n_values)
        copy = map_file(file, shape)

    new_rows = np.empty_like(rows)
    for start, row_group in zip(starts, row_groups, strict=True):
        stop = start + group_size
        # The ranks of these rows in the row group, which is sorted.
        ranks = np.searchsorted(row_group, rows[start:stop])
        new_rows[start:stop] = start + ranks
    return copy, new_rows
