"""Pixels as one array in a temporary file, which need not fit into memory."""

import errno
import tempfile
from collections.abc import Iterable
from pathlib import Path

import numpy as np

from digits.core.pixels import Pixels, Vector
from digits.messages.errors import UserError

# How many bytes of pixels are read at a time.
READ_BYTES = 3 * 2**20

# There is no space, a quota is exceeded, or a file is too large.
FULL_DISK = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


def rows_per_block(n_bytes: int, n_values: int) -> int:
    """Return how many images of `n_values` bytes fit into `n_bytes` bytes, at least one."""
    return max(n_bytes // n_values, 1)


def concatenate_on_disk(blocks: Iterable[Pixels]) -> Pixels:
    """Concatenate blocks of pixels into one array, memory-mapped from a temporary file.

    The array may be larger than the memory, because the operating system keeps only as much of
    the file in memory as there is space for. The file vanishes with the array.

    Args:
        blocks: at least one array, each of shape (n_rows, n_values).

    Raises:
        UserError: the file cannot be written, for example because the disk is full.
    """
    n_rows = 0
    n_values = 0
    try:
        # In the project's folder, because /tmp may itself be in memory.
        with tempfile.TemporaryFile(dir=".") as file:
            for block in blocks:
                file.write(np.ascontiguousarray(block).data)  # `tobytes` would copy each block
                n_rows += len(block)
                n_values = block.shape[1]
            file.flush()
            if n_rows == 0:  # an empty file cannot be mapped
                return np.empty((0, n_values), np.uint8)
            mapped = np.memmap(file, np.uint8, "r", shape=(n_rows, n_values))
            return mapped.view(np.ndarray)  # a loop over a memmap is much slower
    except OSError as error:
        if error.errno not in FULL_DISK:
            raise
        folder = Path.cwd()
        raise UserError(f"a temporary file in {folder} cannot be written: {error}") from None


def select_rows(X: Pixels, rows: Vector) -> Pixels:
    """Return rows of X, in any order, as an array in a temporary file.

    Args:
        X: the pixels, shape (n_images, n_values).
        rows: the rows of X, shape (n_selected,).

    Raises:
        UserError: the temporary file cannot be written.
    """
    size = rows_per_block(READ_BYTES, X.shape[1])
    starts = range(0, max(len(rows), 1), size)  # at least one block, even if it is empty
    return concatenate_on_disk(X[rows[start : start + size]] for start in starts)
