"""Files in the IDX format, in which MNIST is published."""

import gzip
import io
from typing import Any

import numpy as np

from image_layouts.unpacking import ALLOWED_BYTES, MAX_RATIO, check_size

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
        ValueError: the file is damaged, not an IDX file, or unpacks to too much.
    """
    if content.startswith(GZIP_MAGIC):
        largest = max(ALLOWED_BYTES, MAX_RATIO * len(content))
        with gzip.open(io.BytesIO(content)) as file:
            unpacked = file.read(largest + 1)
        check_size(len(content), len(unpacked), "; unpack it by gunzip, if you trust it")
        content = unpacked
    if len(content) < 4 or content[:2] != b"\0\0" or content[2] not in TYPES:
        raise ValueError(f"not an IDX file: it begins with {content[:4]!r}")
    dtype = TYPES[content[2]]
    n_dimensions = content[3]
    shape = np.frombuffer(content, dtype=">u4", count=n_dimensions, offset=4)
    values = np.frombuffer(content, dtype, offset=4 + 4 * n_dimensions)
    return values.reshape(shape)
