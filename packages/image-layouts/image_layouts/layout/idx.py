"""Files in the IDX format, in which MNIST is published."""

import gzip
from typing import Any

import numpy as np

GZIP_MAGIC = b"\x1f\x8b"
# The type of the values by the third byte of a file.
TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}


def parse(content: bytes) -> Any:
    """Return the values of an IDX file.

    Args:
        content: the content of the file, gzipped or not.

    Returns:
        An array of the shape that the header of the file gives.

    Raises:
        ValueError: it is not an IDX file, or not as long as its header says.
        Exception: it cannot be unpacked.
    """
    if content.startswith(GZIP_MAGIC):
        content = gzip.decompress(content)
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in TYPES:
        raise ValueError(f"not an IDX file: it begins with {content[:4]!r}")
    dtype = TYPES[content[2]]
    n_dimensions = content[3]
    shape = np.frombuffer(content, dtype=">u4", count=n_dimensions, offset=4)
    values = np.frombuffer(content, dtype, offset=4 + 4 * n_dimensions)
    return values.reshape(shape)
