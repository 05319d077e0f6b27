"""The IDX format, in which MNIST and its relatives are published.

Two zero bytes, a byte for the type (8 = unsigned bytes), a byte for the number of dimensions, each dimension as a
big-endian 32-bit number, then the values. Source: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of
handwritten digits", section on file formats.
"""

import gzip
import math
import zlib
from collections.abc import Iterator
from typing import IO

import numpy as np
import numpy.typing as npt

GZIP = b"\x1f\x8b"
BLOCK = 10_000  # items
Stream = IO[bytes] | gzip.GzipFile
HEADER = b"\0\0\x08"  # two zeros, then the type: unsigned bytes


def read(file: IO[bytes], shape: tuple[int, ...], most: int) -> tuple[int, Iterator[npt.NDArray[np.uint8]]]:
    """Read an IDX file of unsigned bytes, gzipped or not, `BLOCK` items at a time.

    Args:
        file: open at its begin, and seekable.
        shape: the dimensions after the first that it must have: (height, width) for images, () for labels.
        most: the number of items that it may have; more are not unpacked, so a gzip bomb costs no memory.

    Returns:
        How many items its header promises, and arrays of shape (items, *shape), 0 to 255, which are so many.

    Raises:
        ValueError: now or while the arrays are read: the file is not IDX, has another shape or too many items, is cut
            off or damaged, is longer than its header says, or cannot be read.
    """
    zipped = _read(file, len(GZIP)) == GZIP
    file.seek(0)
    stream: Stream = gzip.GzipFile(fileobj=file, mode="rb") if zipped else file
    start = _read(stream, 4)
    if start[:3] != HEADER or len(start) < 4:
        raise ValueError(f"not an IDX file of bytes: it begins with {start!r}")
    numbers = _read(stream, 4 * start[3])
    dimensions = tuple(int.from_bytes(numbers[i : i + 4], "big") for i in range(0, len(numbers), 4))
    if len(numbers) < 4 * start[3] or start[3] != 1 + len(shape) or dimensions[1:] != shape:
        raise ValueError(f"its items have the shape {dimensions[1:]}, expected {shape}")
    if dimensions[0] > most:
        raise ValueError(f"its header promises {dimensions[0]} items, expected at most {most}")
    return dimensions[0], _items(stream, dimensions[0], shape)


def _items(stream: Stream, count: int, shape: tuple[int, ...]) -> Iterator[npt.NDArray[np.uint8]]:
    size = math.prod(shape)
    for first in range(0, count, BLOCK):
        items = min(BLOCK, count - first)
        values = _read(stream, items * size)
        if len(values) < items * size:
            raise ValueError(f"fewer values than the {count * size} that its header promises")
        yield np.frombuffer(values, np.uint8).reshape(items, *shape)
    if _read(stream, 1):
        raise ValueError(f"more values than the {count * size} that its header promises")


def _read(stream: Stream, size: int) -> bytes:
    try:
        return stream.read(size)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(f"the gzip data is damaged or cut off ({error})") from None
    except OSError as error:
        raise ValueError(f"cannot be read ({error.strerror})") from None
