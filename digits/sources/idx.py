"""IDX files, in which MNIST and its relatives are published, in a folder or below an HTTP address.

Two zero bytes, a type (8: unsigned bytes), the number of dimensions, each of these as a big-endian 32-bit number, then
the values. Source: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database".
"""

import gzip
import math
import zlib
from pathlib import Path

from digits.core.errors import PipelineError
from digits.core.params import Dataset
from digits.core.tables import Pixels
from digits.sources import images

import numpy as np
import pandas as pd
import requests

MNIST_FILES = [[f"{part}-{kind}-ubyte.gz" for kind in ("images-idx3", "labels-idx1")] for part in ("train", "t10k")]


def read(place: str, dataset: Dataset) -> pd.DataFrame:
    """Return the images of each pair of files, images and labels."""
    pairs = dataset.files or MNIST_FILES
    pixels, labels = ([_parsed(place, pair[i]) for pair in pairs] for i in (0, 1))
    if wrong := [each.shape for each in pixels if each.shape[1:] != (*dataset.shape,)]:
        raise PipelineError(f"images of shape {wrong[0]}, expected {' × '.join(map(str, dataset.shape))} pixels each")
    return images(dataset, np.concatenate(pixels).reshape(-1, math.prod(dataset.shape)), np.concatenate(labels))


def _parsed(place: str, name: str) -> Pixels:
    try:
        if not place.startswith(("http://", "https://")):
            return parse(Path(place, name).read_bytes())
        response = requests.get(f"{place.rstrip('/')}/{name}", timeout=60)  # seconds
        response.raise_for_status()
        return parse(response.content)
    except (OSError, ValueError, EOFError, zlib.error) as error:  # those of requests are OSErrors
        raise PipelineError(f"{name}: {getattr(error, 'strerror', None) or error}") from None


def parse(content: bytes) -> Pixels:
    """Return the bytes of an IDX file, gzipped or not, in the shape of its header; a ValueError if it is damaged."""
    content = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    if content[:3] != b"\0\0\x08" or len(content) < (start := 4 + 4 * content[3]):
        raise ValueError(f"not an IDX file of bytes: it begins with {content[:4]!r}")
    shape = np.frombuffer(content[4:start], ">u4").tolist()
    if len(content) - start != math.prod(shape):
        raise ValueError(f"{len(content) - start} values, not the {math.prod(shape)} that its header promises")
    return np.frombuffer(content, np.uint8)[start:].reshape(shape)
