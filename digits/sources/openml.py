"""OpenML, through scikit-learn's own client: all at once in memory, nothing kept on disk."""

import io
import math
import urllib.request
import warnings
from collections.abc import Iterator
from typing import Any

from digits.sources import Batch, SourceError, as_bytes
from digits.support import deadline
from digits.support.errors import one_line, out_of_memory
from digits.support.parameters import Dataset

import numpy as np
from sklearn.datasets import fetch_openml


def read(place: str, dataset: Dataset, timeout: float) -> Iterator[Batch]:
    """Yield the images of the dataset `NAME/VERSION`."""
    name, _, version = place.partition("/")
    if not version.isdecimal():
        raise SourceError("is no name and version such as mnist_784/1")
    limit = 5 * dataset.images * math.prod(dataset.shape) + 2**24  # `255, ` each, and what is said about the columns

    def download(receive: deadline.Receive) -> Any:
        urllib.request.install_opener(urllib.request.build_opener(_Reporting(receive)))
        with warnings.catch_warnings(action="ignore"):  # of retries: a failure is reported below
            return fetch_openml(
                name,
                version=int(version),
                as_frame=False,
                parser="pandas",
                cache=False,
                n_retries=1,
                # All columns as numbers: the client's own choice, categories, fails on digits with pandas 3, and
                # float64 would take twice the memory.
                read_csv_kwargs={"dtype": np.float32},
            )

    try:
        bunch = deadline.download(download, limit, timeout)
        batch = Batch(as_bytes(bunch.data), as_bytes(bunch.target))
    except Exception as error:  # a bad answer shows itself as almost anything, deep in the client's parsers
        if out_of_memory(error):
            raise
        raise SourceError(one_line(error)) from None
    yield batch


class _Reporting(io.RawIOBase, urllib.request.BaseHandler):
    """Reports the content of answers as it comes: scikit-learn's client has no timeout of its own."""

    def __init__(self, receive: deadline.Receive, content: Any = None) -> None:
        self.receive, self.content = receive, content

    def https_response(self, request: object, response: Any) -> Any:
        response.fp = response.fp and io.BufferedReader(_Reporting(self.receive, response.fp))
        return response

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        count: int = self.content.readinto1(buffer)
        self.receive(count)
        return count
