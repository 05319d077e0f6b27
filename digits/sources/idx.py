"""Files in the IDX format, in a folder or below an HTTP address.

MNIST and datasets like it are published in this format. A file begins with two zero bytes, a
byte for the type of the values (8 for unsigned bytes) and a byte for the number of dimensions.
The size of each dimension follows, as a big-endian 32-bit number, then the values.
Source: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database".
"""

import gzip
import math
import zlib
from pathlib import Path

from digits.core.errors import PipelineError
from digits.core.params import DatasetParams
from digits.core.tables import Pixels
from digits.sources import images

import numpy as np
import pandas as pd
import requests

LOCAL = False
TIMEOUT = 60  # seconds
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
        PipelineError: a file cannot be read, or its images have another shape.
    """
    pairs = dataset.files or MNIST_FILES
    pixels_of_files = [read_file(place, images_file) for images_file, _ in pairs]
    labels_of_files = [read_file(place, labels_file) for _, labels_file in pairs]
    height, width = dataset.shape
    for pixels in pixels_of_files:
        if pixels.shape[1:] != (height, width):
            raise PipelineError(
                f"images of shape {pixels.shape}, expected {height} × {width} pixels each"
            )
    all_pixels = np.concatenate(pixels_of_files).reshape(-1, height * width)
    return images(dataset, all_pixels, np.concatenate(labels_of_files))


def read_file(place: str, name: str) -> Pixels:
    """Return the values of a file in a folder or below an HTTP address.

    Raises:
        PipelineError: the file cannot be read, or is damaged.
    """
    try:
        if place.startswith(("http://", "https://")):
            response = requests.get(f"{place.rstrip('/')}/{name}", timeout=TIMEOUT)
            response.raise_for_status()
            content = response.content
        else:
            content = Path(place, name).read_bytes()
        return parse(content)
    except (OSError, ValueError, EOFError, zlib.error) as error:
        # The exceptions of requests are OSErrors, too.
        reason = getattr(error, "strerror", None) or error
        raise PipelineError(f"{name}: {reason}") from None


def parse(content: bytes) -> Pixels:
    """Return the values of an IDX file of unsigned bytes.

    Args:
        content: the content of the file, gzipped or not.

    Returns:
        An array of the shape that the header of the file gives.

    Raises:
        ValueError: the file is damaged, or not an IDX file of unsigned bytes.
    """
    if content.startswith(GZIP_START):
        content = gzip.decompress(content)
    is_idx = len(content) >= 4 and content.startswith(IDX_START)
    header_size = 4 + 4 * content[3] if is_idx else 0
    if not is_idx or len(content) < header_size:
        raise ValueError(f"not an IDX file of bytes: it begins with {content[:4]!r}")

    shape = np.frombuffer(content[4:header_size], dtype=">u4").tolist()
    n_values = len(content) - header_size
    n_expected = math.prod(shape)
    if n_values != n_expected:
        raise ValueError(f"{n_values} values, not the {n_expected} that its header promises")
    values = np.frombuffer(content, dtype=np.uint8, offset=header_size)
    return values.reshape(shape)
