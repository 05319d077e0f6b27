"""Files in the IDX format, in a folder or at an HTTP address.

MNIST and datasets like it are published in this format. A file begins with two zero bytes, a
byte for the type of the values (8 for unsigned bytes) and a byte for the number of dimensions.
The size of each dimension follows, as a big-endian 32-bit number, then the values.
Source: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database".
"""

import gzip
import math
import re
import zlib
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import requests

from digits.core.pixels import Pixels
from digits.messages.errors import UserError
from digits.settings.params import DatasetParams
from digits.sources import Collection, Source, describe_download_error

# `t10k` or the word `test` in the name of a file, such as t10k-images-idx3-ubyte.gz. `\b` would
# not find the word in `test_images`, because it takes `_` for a letter.
TEST_NAME = re.compile(r"t10k|(?<![a-z])test(?![a-z])", re.IGNORECASE)
TIMEOUT = 60  # seconds without an answer
GZIP_MAGIC = b"\x1f\x8b"
# The type of the values by the third byte of a file.
TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}

# The files of images and of labels, in pairs.
MNIST_FILES = [
    ["train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"],
    ["t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"],
]


def read_pairs(address: str, dataset: DatasetParams) -> Collection:
    """Return the images of all pairs of files.

    Args:
        address: a folder or an HTTP address.
        dataset: the entry of params.yaml.

    Raises:
        UserError: a file cannot be read, or its images have another shape.
    """
    pairs = dataset.files or MNIST_FILES
    n_values = math.prod(dataset.shape)
    blocks = [read_file(address, images_file, n_values) for images_file, _ in pairs]
    labels = [read_file(address, labels_file, 1) for _, labels_file in pairs]
    is_test = [TEST_NAME.search(images_file) is not None for images_file, _ in pairs]
    rows = pd.DataFrame({"class": np.concatenate(labels).ravel()})
    rows["test"] = np.repeat(is_test, [len(block) for block in blocks])
    return Collection(rows, lambda: blocks)


def read_file(address: str, name: str, n_values: int) -> Pixels:
    """Return the values of a file in a folder or at an HTTP address.

    Args:
        address: the folder or the HTTP address.
        name: the name of the file.
        n_values: how many values the file has per image.

    Returns:
        An array of the shape (n_images, n_values).

    Raises:
        UserError: the file cannot be read, is damaged, or has images of another size.
    """
    try:
        if address.startswith(("http://", "https://")):
            response = requests.get(f"{address.rstrip('/')}/{name}", timeout=TIMEOUT)
            response.raise_for_status()
            content = response.content
        else:
            content = Path(address, name).read_bytes()
        return parse(content).reshape(-1, n_values)
    except (OSError, ValueError, EOFError, zlib.error) as error:
        # The errors of requests are OSErrors.
        raise UserError(f"{name}: {describe_download_error(error)}") from None


def parse(content: bytes) -> Any:
    """Return the values of an IDX file.

    Args:
        content: the content of the file, gzipped or not.

    Returns:
        An array of the shape that the header of the file gives.

    Raises:
        ValueError: the file is no IDX file, or not as long as its header says.
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


source = Source(read_pairs, is_path=True, needs_internet=True, mirror="idx")
