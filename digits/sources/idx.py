"""IDX files, in which MNIST and its relatives are published, in a folder or below an HTTP address.

Two zero bytes, a byte for the type (8: unsigned bytes), a byte for the number of dimensions, each dimension as a
big-endian 32-bit number, then the values. Source: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database".
"""

import gzip
import math
import zlib
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path
from typing import IO

from digits.io.tables import Pixels
from digits.sources import Batch, SourceError
from digits.support import cli, deadline
from digits.support.errors import one_line, require_regular
from digits.support.parameters import Dataset

import numpy as np
import requests
from requests.adapters import HTTPAdapter
from urllib3 import Retry

MNIST_FILES = [
    ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"],
    ["t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"],
]
CHUNK = 2**20  # bytes that are unpacked at a time
RETRIES = Retry(
    total=2,
    backoff_factor=0.2,
    status_forcelist=[500, 502, 503, 504],
    raise_on_status=False,
    respect_retry_after_header=False,  # it may be hours
)


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
    """Open a file in a folder, or download it; a ValueError has the reason of a failure in a few words."""
    if not place.startswith(("http://", "https://")):
        require_regular(path := Path(place, name))
        return path.open("rb")
    content = BytesIO()

    def download(receive: deadline.Receive) -> None:
        with requests.Session() as session:
            for scheme in ("http://", "https://"):
                session.mount(scheme, HTTPAdapter(max_retries=RETRIES))
            # Half of the time, so that a connection that was lost is tried once more.
            with session.get(f"{place.rstrip('/')}/{name}", stream=True, timeout=timeout / 2) as response:
                if not response.ok:
                    raise ValueError(f"the server answers {response.status_code}")
                chunks = iter(lambda: response.raw.read1(2**16, decode_content=True), b"")
                for chunk in cli.progress(chunks, None, f"{name}, 64 KiB"):
                    receive(len(chunk))
                    content.write(chunk)

    try:
        deadline.download(download, limit, timeout)
    except (OSError, ValueError) as error:
        cause: BaseException = error
        while inner := cause.__cause__ or cause.__context__:  # the innermost one says what happened
            cause = inner
        raise ValueError(one_line(cause)) from None
    content.seek(0)
    return content


def parse(file: IO[bytes], shape: tuple[int, ...], limit: int) -> Pixels:
    """Read an IDX file of unsigned bytes, gzipped or not, as an array of shape (items, *shape).

    Args:
        file: open at its start, and seekable.
        shape: of an item: (height, width) for images, () for labels. Another is a ValueError, as all damage is.
        limit: the number of items that it may have; more are not unpacked.
    """
    is_zipped = file.read(2) == b"\x1f\x8b"
    file.seek(0)
    start, content = 4 * (2 + len(shape)), bytearray()
    try:
        unpacked = gzip.GzipFile(fileobj=file) if is_zipped else file
        header = unpacked.read(start)
        if header[:4] != bytes([0, 0, 8, 1 + len(shape)]) or len(header) < start:
            raise ValueError(
                f"not an IDX file of bytes with {1 + len(shape)} dimensions: it begins with {header[:4]!r}"
            )
        items, *found = np.frombuffer(header[4:], ">u4").tolist()
        if tuple(found) != shape:
            raise ValueError(f"its items have the shape {tuple(found)}, expected {shape}")
        if items > limit:
            raise ValueError(f"its header promises {items} items, expected at most {limit}")
        promised = items * math.prod(shape)
        while chunk := unpacked.read(min(CHUNK, promised + 1 - len(content))):  # to `read` it all would allocate it all
            content += chunk
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise ValueError(f"the gzip data is damaged or cut off ({error})") from None
    values = np.frombuffer(content, np.uint8)
    if len(values) != promised:
        raise ValueError(f"{len(values)} values, not the {promised} that its header promises")
    return values.reshape(items, *shape)
