"""IDX files, in which MNIST and its relatives are published, in a folder or below an HTTP address.

Two zero bytes, a byte for the type (8: unsigned bytes), a byte for the number of dimensions, each dimension as a
big-endian 32-bit number, then the values. Source: Y. LeCun, C. Cortes, C. J. C. Burges, "The MNIST database".
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
from requests.adapters import HTTPAdapter
from urllib3 import Retry

MNIST_FILES = [[f"{part}-{kind}-ubyte.gz" for kind in ("images-idx3", "labels-idx1")] for part in ("train", "t10k")]
TIMEOUT = 60  # seconds in which a server must answer, and go on answering
BUSY = [500, 502, 503, 504]  # it is asked twice more; its Retry-After is not obeyed, which may be hours
RETRIES = Retry(2, backoff_factor=0.2, status_forcelist=BUSY, raise_on_status=False, respect_retry_after_header=False)


def read(place: str, dataset: Dataset) -> pd.DataFrame:
    """Return the images of each pair of files, images and labels."""
    parts = []
    for name in (name for pair in dataset.files or MNIST_FILES for name in pair):
        try:
            parts.append(parse(_content(place, name)))
        except (OSError, ValueError, EOFError, zlib.error) as error:  # those of requests are OSErrors
            raise PipelineError(f"{name}: {getattr(error, 'strerror', None) or error}") from None
    pixels, labels = parts[::2], parts[1::2]
    if wrong := [each.shape for each in pixels if each.shape[1:] != (*dataset.shape,)]:
        raise PipelineError(f"images of shape {wrong[0]}, expected {' × '.join(map(str, dataset.shape))} pixels each")
    return images(dataset, np.concatenate([each.reshape(len(each), -1) for each in pixels]), np.concatenate(labels))


def _content(place: str, name: str) -> bytes:
    if not place.startswith(("http://", "https://")):
        return Path(place, name).read_bytes()
    with requests.Session() as session:
        session.mount("http://", HTTPAdapter(max_retries=RETRIES))
        session.mount("https://", HTTPAdapter(max_retries=RETRIES))
        response = session.get(f"{place.rstrip('/')}/{name}", timeout=TIMEOUT)
        response.raise_for_status()
        return response.content


def parse(content: bytes) -> Pixels:
    """Return the unsigned bytes of an IDX file, gzipped or not, in the shape that its header says.

    A ValueError, EOFError or zlib.error if it is damaged.
    """
    content = gzip.decompress(content) if content[:2] == b"\x1f\x8b" else content
    if content[:3] != b"\0\0\x08" or len(content) < (start := 4 + 4 * content[3]):
        raise ValueError(f"not an IDX file of bytes: it begins with {content[:4]!r}")
    shape = np.frombuffer(content[4:start], ">u4").tolist()
    if len(content) - start != math.prod(shape):
        raise ValueError(f"{len(content) - start} values, not the {math.prod(shape)} that its header promises")
    return np.frombuffer(content, np.uint8)[start:].reshape(shape)
