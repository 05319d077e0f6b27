"""External shuffle: the rows of a table that is larger than memory, in any order.

Every row goes to the bucket that its place in the result falls into, in one file on disk; each bucket then fits into
memory and is put in order. The memory is `BUCKET` rows and at most six bytes for each row of the table. Source: the
distribution sort of A. Aggarwal and J. S. Vitter, The input/output complexity of sorting and related problems (1988).
"""

import math
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from io import BufferedRandom
from pathlib import Path

from digits.io import parquet, tables
from digits.io.parquet import ROW_GROUP
from digits.io.tables import GROUP, IMAGES, ORIGIN, Vector

import numpy as np
import numpy.typing as npt

BUCKET = 5 * ROW_GROUP

Rows = npt.NDArray[np.uint8]
Batch = tuple[Vector, Rows]  # which rows, and what is in them


def split_file(images: Path, orders: Sequence[Vector], outputs: Sequence[Path]) -> None:
    """Write the rows of a table of images to several, with their index in the column `row`.

    Each output has the rows of its order, one after another; each row of the table is in one of the orders once.
    """
    info = parquet.image_info(images)
    present = {field.name: parquet.read_if_there(images, field) for field in (GROUP, ORIGIN)}
    columns = ["class", *tables.pixel_names(math.prod(info.shape))]
    blocks = map(tables.stack, parquet.groups(images, IMAGES, columns))
    outputs[0].parent.mkdir(parents=True, exist_ok=True)
    for path, batches in zip(outputs, permute_rows(blocks, orders, outputs[0].parent), strict=True):
        with parquet.writer(path) as append:
            for rows, batch in batches:
                of_rows = {name: None if values is None else values[rows] for name, values in present.items()}
                append(tables.image_table(batch[:, 1:], batch[:, 0], info, **of_rows, row=rows))


def permute_rows(blocks: Iterable[Rows], orders: Sequence[Vector], folder: Path) -> Iterator[Iterator[Batch]]:
    """Give the rows of a table in other orders.

    Args:
        blocks: all rows of the table, arrays of shape (rows, bytes).
        orders: which rows are wanted, as of `split_file`.
        folder: where the file of the buckets is meanwhile.

    Yields:
        For each order its batches of at most `ROW_GROUP` rows, to be used up before the next order is asked for.
    """
    buckets = [order[start : start + BUCKET] for order in orders for start in range(0, len(order), BUCKET)]
    bucket_of = np.empty(sum(map(len, orders)), np.min_scalar_type(len(buckets)))
    for i, rows in enumerate(buckets):
        bucket_of[rows] = i
    starts = np.cumsum([0, *map(len, buckets)])[:-1]
    with tempfile.TemporaryFile(dir=folder) as file:
        width = _scatter(blocks, bucket_of, starts, file)
        del bucket_of  # one or two of the bytes for each row
        file.seek(0)
        for order in orders:
            yield _gather(file, order, width)


def _scatter(blocks: Iterable[Rows], bucket_of: Vector, starts: Vector, file: BufferedRandom) -> int:
    """Write each row to its bucket, behind those that are there already, and return the bytes of a row."""
    filled = starts.copy()
    first, width = 0, 0
    for block in blocks:
        width = block.shape[1]
        buckets = bucket_of[first : first + len(block)]
        first += len(block)
        for bucket in np.unique(buckets):
            rows = block[buckets == bucket]
            file.seek(int(filled[bucket]) * width)
            file.write(rows.data)
            filled[bucket] += len(rows)
    return width


def _gather(file: BufferedRandom, order: Vector, width: int) -> Iterator[Batch]:
    """Read the next buckets, those of an order, and put the rows of each in it."""
    content = np.empty((min(BUCKET, len(order)), width), np.uint8)  # one for all: two would not stand beside each other
    for start in range(0, len(order), BUCKET):
        rows = order[start : start + BUCKET]
        file.readinto(content[: len(rows)].data)
        place = np.argsort(np.argsort(rows))  # the rank of each: they lie in the order in which the table had them
        for begin in range(0, len(rows), ROW_GROUP):
            batch = slice(begin, begin + ROW_GROUP)
            yield rows[batch], content[place[batch]]
