"""Tables a row group at a time. One of more than `PART` rows is a folder of files, in the order of their names.

`pandas.read_parquet` reads a folder as it does a file. All rows are not in one file, because MNIST's columns in a file
of 8.1 million rows take 580 MiB only to open it.
"""

import shutil
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from pathlib import Path
from typing import TypeVar

from digits.core import tables
from digits.core.errors import PipelineError
from digits.core.tables import Pixels, Vector

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

ROW_GROUP = 10_000
PART = 10 * ROW_GROUP

Item = TypeVar("Item")


def read(path: Path, columns: list[str] | None = None) -> Iterator[pd.DataFrame]:
    """Read a table, or those of the named columns that it has, a row group at a time; the index goes through."""
    tables.require(path)
    start = 0
    for part in sorted(path.iterdir()) if path.is_dir() else [path]:
        with pq.ParquetFile(part) as file:
            for group in range(file.num_row_groups):
                frame = file.read_row_group(group, columns).to_pandas()
                yield frame.set_axis(range(start, start := start + len(frame)))


def write(path: Path, frames: Iterable[pd.DataFrame]) -> None:
    """Write the rows of all frames as one table, the same bytes however they are cut; a PipelineError without rows."""
    shutil.rmtree(path, ignore_errors=True)  # what an earlier run by hand left, a folder or a file
    path.unlink(missing_ok=True)
    path.mkdir(parents=True)
    groups = regroup(frames)
    for number, first in enumerate(groups):  # the first row group of each part; the loop below takes the others
        table = pa.Table.from_pandas(first, preserve_index=False)
        with pq.ParquetWriter(path / f"part-{number:05}.parquet", table.schema, compression="zstd") as file:
            file.write_table(table)
            for frame in islice(groups, PART // ROW_GROUP - 1):
                file.write_table(pa.Table.from_pandas(frame, preserve_index=False))
    parts = [*path.iterdir()]
    if not parts:
        raise PipelineError(f"{path} would have no rows")
    if len(parts) == 1:
        alone = parts[0].rename(path.with_name(f"{path.name}.tmp"))
        path.rmdir()
        alone.rename(path)


def images(pixels: Pixels, rows: Vector, labels: pd.DataFrame) -> pd.DataFrame:
    """Return a table of images from pixels of shape (images, height * width), and these rows of a table of the rest."""
    frame = pd.DataFrame(pixels, rows, [f"pixel{i + 1}" for i in range(pixels.shape[1])]).join(labels)
    frame.attrs = labels.attrs
    return frame


def regroup(frames: Iterable[pd.DataFrame]) -> Iterator[pd.DataFrame]:
    """Yield the rows of frames in frames of `ROW_GROUP` rows, the last one of fewer."""
    rest = pd.DataFrame()
    for frame in frames:
        rest = frame if rest.empty else pd.concat([rest, frame])
        while len(rest) >= ROW_GROUP:
            yield rest[:ROW_GROUP]
            rest = rest[ROW_GROUP:]
    if len(rest):
        yield rest


def ahead(items: Iterator[Item]) -> Iterator[Item]:
    """Yield items, each of which is made in a thread while the one before it is used."""
    with ThreadPoolExecutor(1) as thread:
        coming = thread.submit(next, items, None)
        while (item := coming.result()) is not None:
            coming = thread.submit(next, items, None)
            yield item
