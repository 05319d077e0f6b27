"""IDX files, in which MNIST and its relatives are published, in a folder or below an HTTP address.

Two zero bytes, a byte for the type (8: unsigned bytes), a byte for the number of dimensions, each dimension as a
big-endian 32-bit number, then the values. Source: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database".
"""

import gzip
import math
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from digits.io.tables import Pixels
from digits.sources import Batch, SourceError
from digits.support.download import download
from digits.support.parameters import Dataset

import numpy as np

MNIST_FILES = [
    ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"],
    ["t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"],
]


def read(place: str, dataset: Dataset, timeout: float) -> Iterator[Batch]:
    """Yield the images of each pair of files, images and labels."""
    # Images of noise grow a little when they are gzipped; nothing of this form is twice as large.
    limit = 2 * dataset.images * math.prod(dataset.shape) + 2**16
    for names in dataset.files or MNIST_FILES:
        arrays = []
        for name, shape in zip(names, (tuple(dataset.shape), ()), strict=True):
            try:
                with _open(place, name, limit, timeout) as file:
                    arrays.append(parse(file, shape, dataset.images))
            except (OSError, ValueError) as error:
                raise SourceError(f"{name}: {getattr(error, 'strerror', None) or error}") from None
        images, labels = arrays
        if len(images) != len(labels):
            raise SourceError(f"{names[0]} has {len(images)} images, {names[1]} {len(labels)} labels")
        yield Batch(images.reshape(len(images), -1), labels)


def _open(place: str, name: str, limit: int, timeout: float) -> IO[bytes]:
    if place.startswith(("http://", "https://")):
        return download(f"{place.rstrip('/')}/{name}", limit, timeout)
    return Path(place, name).open("rb")


def parse(file: IO[bytes], shape: tuple[int, ...], limit: int) -> Pixels:
    """Read an IDX file of unsigned bytes, gzipped or not.

    Args:
        file: open at its start, and seekable.
        shape: the dimensions after the first that it must have: (height, width) for images, () for labels.
        limit: the number of items that it may have; more are not unpacked.

    Returns:
        Shape (items, *shape), 0 to 255.

    Raises:
        ValueError: the file is damaged, or not IDX of this shape and number.
    """
    is_zipped = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    start = 4 * (2 + len(shape))
    try:
        content = (gzip.GzipFile(fileobj=file) if is_zipped else file).read(start + limit * math.prod(shape) + 1)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(f"the gzip data is damaged or cut off ({error})") from None
    if content[:4] != bytes([0, 0, 8, 1 + len(shape)]) or len(content) < start:
        raise ValueError(f"not an IDX file of bytes with {1 + len(shape)} dimensions: it begins with {content[:4]!r}")
    items, *found = np.frombuffer(content[4:start], ">u4").tolist()
    if tuple(found) != shape:
        raise ValueError(f"its items have the shape {tuple(found)}, expected {shape}")
    if items > limit:
        raise ValueError(f"its header promises {items} items, expected at most {limit}")
    values = np.frombuffer(content, np.uint8, offset=start)
    if len(values) != items * math.prod(shape):
        raise ValueError(f"{len(values)} values, not the {items * math.prod(shape)} that its header promises")
    return values.reshape(items, *shape)
