"""Pixels as one array in a temporary file, which need not fit into memory."""

import errno
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import numpy as np
import numpy.typing as npt

from digits.messages.errors import UserError

Pixels = npt.NDArray[np.uint8]
Vector = npt.NDArray[Any]  # one value per image
Scores = npt.NDArray[np.floating[Any]]

PIXEL_MAX = 255  # the largest value that a pixel can have, unless params.yaml says otherwise

# How many bytes of pixels are read at a time.
READ_BYTES = 3 * 2**20

# How many bytes of pixels are in memory while rows are put in another order.
BUCKET_BYTES = 64 * 2**20

# The errors of a disk without space, of a quota, and of a limit.
FULL_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


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


def select_rows(X: Pixels, rows: Vector) -> Pixels:
    """Return rows of X, in any order, as an array in a temporary file.

    If X exceeds the memory, `X[rows]` would read the disk once for each image. Here, X is read
    once from its beginning to its end. This is a bucket sort: first, the rows of each bucket
    are collected, in the order of X. A bucket fits into memory, where its rows are then put in
    order.

    Args:
        X: the pixels, shape (n_images, n_values).
        rows: the rows of X, shape (n_selected,).

    Raises:
        UserError: the temporary file cannot be written.
    """
    n_values = X.shape[1]
    size = rows_per_block(BUCKET_BYTES, n_values)
    starts = range(0, len(rows), size)
    sorted_buckets = [np.sort(rows[start : start + size]) for start in starts]
    block_size = rows_per_block(READ_BYTES, n_values)
    with open_temporary() as file:
        for first in range(0, len(X), block_size):
            block = np.array(X[first : first + block_size])  # in memory
            for start, bucket in zip(starts, sorted_buckets, strict=True):
                low, high = np.searchsorted(bucket, [first, first + len(block)])
                rows_in_block = bucket[low:high] - first
                file.seek((start + low) * n_values)
                file.write(block[rows_in_block].data)
        file.flush()
        collected = map_file(file, (len(rows), n_values))

    def order_buckets() -> Iterator[Pixels]:
        yield collected[:0]  # there may be no bucket
        for start, bucket in zip(starts, sorted_buckets, strict=True):
            ranks = np.searchsorted(bucket, rows[start : start + size])
            yield collected[start + ranks]

    return map_pixels(order_buckets())
