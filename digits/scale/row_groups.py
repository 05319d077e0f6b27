"""Read and write tables that do not fit into memory, one row group at a time.

In a parquet file, a row group is a block of rows that can be read on its own. A table
with more than ROWS_PER_FILE rows is a folder of parquet files, in the order of their names.
`pandas.read_parquet` reads such a folder like a single file.

Large tables are not a single file, because merely opening a file with 8.1 million images of
MNIST takes 580 MiB of memory.
"""

import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TypeVar

from digits.core.errors import UserError
from digits.core.files import check_exists
from digits.core.tables import Pixels, Vector

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

ROWS_PER_GROUP = 10_000
ROWS_PER_FILE = 100_000

Item = TypeVar("Item")


def read(path: Path, columns: list[str] | None = None) -> Iterator[pd.DataFrame]:
    """Yield the row groups of a table.

    Their index counts the rows of the whole table.

    Args:
        path: the table, a file or a folder of files.
        columns: the columns to read, or None for all. Columns that the table does not have are
            ignored.

    Raises:
        UserError: the table is missing.
    """
    check_exists(path)
    file_paths = sorted(path.iterdir()) if path.is_dir() else [path]
    start = 0
    for file_path in file_paths:
        with pq.ParquetFile(file_path) as file:
            for number in range(file.num_row_groups):
                row_group = file.read_row_group(number, columns).to_pandas()
                stop = start + len(row_group)
                yield row_group.set_axis(range(start, stop))
                start = stop


def write(path: Path, frames: Iterable[pd.DataFrame]) -> None:
    """Write the rows of several frames as one table, and create its folder.

    The same rows give the same bytes, however they are divided into frames.

    Raises:
        UserError: there are no rows.
    """
    # An earlier run may have left a file or a folder there.
    shutil.rmtree(path, ignore_errors=True)
    path.unlink(missing_ok=True)
    path.mkdir(parents=True)

    # Each pass of the loop takes the row groups of one file.
    row_groups = regroup(frames)
    groups_per_file = ROWS_PER_FILE // ROWS_PER_GROUP
    file_paths: list[Path] = []
    for first_group in row_groups:
        other_groups = islice(row_groups, groups_per_file - 1)
        file_path = path / f"part-{len(file_paths):05}.parquet"
        write_file(file_path, first_group, other_groups)
        file_paths.append(file_path)

    if not file_paths:
        path.rmdir()
        raise UserError(f"{path} would have no rows")
    if len(file_paths) == 1:
        # The file takes the place of its folder.
        temporary_path = path.with_name(f"{path.name}.tmp")
        file_paths[0].rename(temporary_path)
        path.rmdir()
        temporary_path.rename(path)


def write_file(
    path: Path, first_group: pd.DataFrame, other_groups: Iterable[pd.DataFrame]
) -> None:
    """Write row groups as one file."""
    table = pa.Table.from_pandas(first_group, preserve_index=False)
    with pq.ParquetWriter(path, table.schema, compression="zstd") as file:
        file.write_table(table)
        for row_group in other_groups:
            file.write_table(pa.Table.from_pandas(row_group, preserve_index=False))


def regroup(frames: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """Yield all rows in frames of ROWS_PER_GROUP rows; the last one may have fewer."""
    rest = pd.DataFrame()
    for frame in frames:
        rest = frame if rest.empty else pd.concat([rest, frame])
        while len(rest) >= ROWS_PER_GROUP:
            yield rest[:ROWS_PER_GROUP]
            rest = rest[ROWS_PER_GROUP:]
    if len(rest) > 0:
        yield rest


def make_images(X: Pixels, rows: Vector, other_columns: pd.DataFrame) -> pd.DataFrame:
    """Return a table of images.

    Args:
        X: the pixels, shape (n_images, height * width).
        rows: for each image, the row of `other_columns` with its other values.
        other_columns: all columns but the pixels.
    """
    names = [f"pixel{number}" for number in range(1, X.shape[1] + 1)]
    images = pd.DataFrame(X, index=rows, columns=names).join(other_columns)
    images.attrs = other_columns.attrs
    return images


def prefetch(items: Iterator[Item]) -> Iterator[Item]:
    """Yield items, none of which is None. While one is used, a thread makes the next one."""
    with ThreadPoolExecutor(max_workers=1) as thread:
        next_item = thread.submit(next, items, None)
        while True:
            item = next_item.result()
            if item is None:
                return
            next_item = thread.submit(next, items, None)
            yield item
