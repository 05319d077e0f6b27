"""IDX files, in which MNIST and its relatives are published, in a folder or below an HTTP address.

Two zero bytes, a byte for the type (8 = unsigned bytes), a byte for the number of dimensions, each dimension as a
big-endian 32-bit number, then the values. Source: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database of
handwritten digits", section on file formats.
"""

import gzip
import math
import zlib
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import IO

from digits.io.tables import Pixels
from digits.sources import Images, SourceError
from digits.support.download import download
from digits.support.parameters import Dataset

import numpy as np

MNIST_FILES = [
    ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"],
    ["t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"],
]
GZIP = b"\x1f\x8b"
HEADER = b"\0\0\x08"  # two zeros, then the type: unsigned bytes
BLOCK = 10_000  # items read at a time
Stream = IO[bytes] | gzip.GzipFile


def read(place: str, dataset: Dataset, timeout: float) -> Iterator[Images]:
    """Yield the images of pairs of files, images and labels."""
    # Images of noise grow a little when they are gzipped; nothing of this form is twice as large.
    limit = 2 * dataset.images * math.prod(dataset.shape) + 2**16
    for names in dataset.files or MNIST_FILES:
        with ExitStack() as files:
            counts, blocks = [], []
            for name, shape in zip(names, (tuple(dataset.shape), ()), strict=True):
                try:
                    if place.startswith(("http://", "https://")):
                        file = download(f"{place.rstrip('/')}/{name}", limit, timeout)
                    else:
                        file = Path(place, name).open("rb")  # noqa: SIM115 (files closes it)
                    count, items = parse(files.enter_context(file), shape, dataset.images)
                except OSError as error:
                    raise SourceError(f"{name}: {error.strerror or error}") from None
                except ValueError as error:
                    raise SourceError(f"{name}: {error}") from None
                counts.append(count)
                blocks.append(_named(name, items))
            if counts[0] != counts[1]:
                raise SourceError(f"{names[0]} has {counts[0]} images, {names[1]} {counts[1]} labels")
            for pixels, classes in zip(*blocks, strict=True):
                yield Images(pixels.reshape(len(pixels), -1), classes)


def parse(file: IO[bytes], shape: tuple[int, ...], limit: int) -> tuple[int, Iterator[Pixels]]:
    """Read an IDX file of unsigned bytes, gzipped or not, `BLOCK` items at a time.

    Args:
        file: open at its start, and seekable.
        shape: the dimensions after the first that it must have: (height, width) for images, () for labels.
        limit: the number of items that it may have; more are not unpacked, so a gzip bomb costs no memory.

    Returns:
        The number of items in its header, and as many in arrays of shape (items, *shape), 0 to 255.

    Raises:
        ValueError: now or while the arrays are read: the file is damaged, or not IDX of this shape and number.
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
    if dimensions[0] > limit:
        raise ValueError(f"its header promises {dimensions[0]} items, expected at most {limit}")
    return dimensions[0], _items(stream, dimensions[0], shape)


def _items(stream: Stream, count: int, shape: tuple[int, ...]) -> Iterator[Pixels]:
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


def _named(name: str, items: Iterator[Pixels]) -> Iterator[Pixels]:
    try:
        yield from items
    except ValueError as error:
        raise SourceError(f"{name}: {error}") from None
