"""Files in the IDX format, in a folder or below an HTTP address.

MNIST and datasets like it are published in this format. A file begins with two zero bytes, a
byte for the type of the values (8 for unsigned bytes) and a byte for the number of dimensions.
The size of each dimension follows, as a big-endian 32-bit number, then the values.
Source: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database".
"""

import gzip
import io
import math
import zlib
from collections.abc import Iterable
from functools import partial
from pathlib import Path

from digits.core.errors import UserError
from digits.core.params import FILE, DatasetParams
from digits.core.tables import Pixels
from digits.data.sources import describe_error, images

import numpy as np
import pandas as pd
import requests

LOCAL = False
TIMEOUT = 60  # seconds
BLOCK_SIZE = 2**20  # bytes that are read at a time
MAX_HEADER_SIZE = 2**10  # bytes, of a file with 255 dimensions
GZIP_START = b"\x1f\x8b"
IDX_START = b"\0\0\x08"  # of unsigned bytes

# The files of images and of labels, in pairs.
MNIST_FILES = [
    ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"],
    ["t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"],
]


def read(place: str, dataset: DatasetParams) -> pd.DataFrame:
    """Return the images of all pairs of files.

    Args:
        place: a folder or an HTTP address.
        dataset: the entry of params.yaml.

    Raises:
        UserError: a file cannot be read, or its images have another shape.
    """
    pairs = dataset.files or MNIST_FILES
    height, width = dataset.shape
    n_values = dataset.images * height * width
    # A compressed file can be a little larger than its values.
    max_size = MAX_HEADER_SIZE + n_values + n_values // 100
    pixels_of_files = [read_file(place, images_file, max_size) for images_file, _ in pairs]
    labels_of_files = [read_file(place, labels_file, max_size) for _, labels_file in pairs]
    for pixels in pixels_of_files:
        if pixels.shape[1:] != (height, width):
            raise UserError(
                f"images of shape {pixels.shape}, expected {height} × {width} pixels each"
            )
    all_pixels = np.concatenate(pixels_of_files).reshape(-1, height * width)
    return images(dataset, all_pixels, np.concatenate(labels_of_files))


def read_file(place: str, name: str, max_size: int) -> Pixels:
    """Return the values of a file in a folder or below an HTTP address.

    Args:
        place: the folder or the address.
        name: the name of the file.
        max_size: how many bytes of a download are read at most, as `parse` describes it.

    Raises:
        UserError: the file cannot be read, is damaged, or is too large.
    """
    try:
        if place.startswith(("http://", "https://")):
            url = f"{place.rstrip('/')}/{name}"
            with requests.get(url, timeout=TIMEOUT, stream=True) as response:
                response.raise_for_status()
                content = join_blocks(response.iter_content(BLOCK_SIZE), max_size)
        else:
            content = Path(place, name).read_bytes()
        return parse(content, max_size)
    except (OSError, ValueError, EOFError, zlib.error) as error:
        # The exceptions of requests are OSErrors, too.
        raise UserError(f"{name}: {describe_error(error)}") from None


def join_blocks(blocks: Iterable[bytes], max_size: int) -> bytes:
    """Return the blocks of a file as one. A wrong file must not fill the memory.

    Raises:
        ValueError: the file has more than `max_size` bytes.
    """
    content = bytearray()
    for block in blocks:
        content += block
        if len(content) > max_size:
            raise ValueError(f"more than {max_size:,} bytes, too many for the images in {FILE}")
    return bytes(content)


def parse(content: bytes, max_size: int) -> Pixels:
    """Return the values of an IDX file of unsigned bytes.

    Args:
        content: the content of the file, gzipped or not.
        max_size: how many bytes a gzipped file may have after decompression. A small file can
            hold more than fits into memory.

    Returns:
        An array of the shape that the header of the file gives.

    Raises:
        ValueError: the file is damaged, too large, or not an IDX file of unsigned bytes.
    """
    if content.startswith(GZIP_START):
        with gzip.open(io.BytesIO(content)) as file:
            blocks = iter(partial(file.read, BLOCK_SIZE), b"")  # until it returns b""
            content = join_blocks(blocks, max_size)
    n_dimensions = content[3] if len(content) >= 4 else 0
    header_size = 4 + 4 * n_dimensions
    if not content.startswith(IDX_START) or len(content) < header_size:
        raise ValueError(f"not an IDX file of bytes: it begins with {content[:4]!r}")

    shape = np.frombuffer(content[4:header_size], dtype=">u4").tolist()
    n_values = len(content) - header_size
    n_expected = math.prod(shape)
    if n_values != n_expected:
        raise ValueError(f"{n_values} values, not the {n_expected} that its header promises")
    values = np.frombuffer(content, dtype=np.uint8, offset=header_size)
    return values.reshape(shape)
