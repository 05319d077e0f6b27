"""The IDX format, in which MNIST and its relatives are published.

Two zero bytes, a byte for the type (8 = unsigned bytes), a byte for the number of dimensions, each dimension as a
big-endian 32-bit number, then the values. Source: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of
handwritten digits", section on file formats.
"""

import gzip
import io
import math
import zlib

import numpy as np
import numpy.typing as npt

GZIP = b"\x1f\x8b"
HEADER = b"\0\0\x08"  # two zeros, then the type: unsigned bytes


def parse(content: bytes, shape: tuple[int, ...], most: int) -> npt.NDArray[np.uint8]:
    """Read an IDX file of unsigned bytes, gzipped or not.

    Args:
        content: the file's bytes.
        shape: the dimensions after the first that it must have: (height, width) for images, () for labels.
        most: the number of items that it may have; more are not unpacked, so a gzip bomb costs no memory.

    Returns:
        An array of shape (items, *shape), 0 to 255.

    Raises:
        ValueError: the file is not IDX, has another shape or too many items, is cut off or damaged, or is longer than
            its header says.
    """
    raw = io.BytesIO(content)
    stream = gzip.GzipFile(fileobj=raw) if content.startswith(GZIP) else raw
    try:
        start = stream.read(4)
        if start[:3] != HEADER or len(start) < 4:
            raise ValueError(f"not an IDX file of bytes: it begins with {start!r}")
        numbers = stream.read(4 * start[3])
        dimensions = tuple(int.from_bytes(numbers[i : i + 4], "big") for i in range(0, len(numbers), 4))
        if len(numbers) < 4 * start[3] or start[3] != 1 + len(shape) or dimensions[1:] != shape:
            raise ValueError(f"its items have the shape {dimensions[1:]}, expected {shape}")
        if dimensions[0] > most:
            raise ValueError(f"its header promises {dimensions[0]} items, expected at most {most}")
        size = math.prod(dimensions)
        values = stream.read(size + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(f"the gzip data is damaged or cut off ({error})") from None
    if len(values) != size:
        raise ValueError(f"{'more' if len(values) > size else 'fewer'} values than the {size} that its header promises")
    return np.frombuffer(values, np.uint8).reshape(dimensions)
