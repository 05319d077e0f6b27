"""OpenML, through scikit-learn's own client: all at once in memory, nothing kept on disk."""

import socket
import warnings
from collections.abc import Iterator

from digits.sources import Batch, SourceError, as_bytes
from digits.support.errors import one_line, out_of_memory
from digits.support.parameters import Dataset

import numpy as np
from sklearn.datasets import fetch_openml


def read(place: str, dataset: Dataset, timeout: float) -> Iterator[Batch]:
    """Yield the images of the dataset `NAME/VERSION`."""
    name, _, version = place.partition("/")
    if not version.isdecimal():
        raise SourceError("is no name and version such as mnist_784/1")
    socket.setdefaulttimeout(timeout)  # fetch_openml has no timeout of its own
    try:
        with warnings.catch_warnings(action="ignore"):  # of retries: a failure is reported below
            bunch = fetch_openml(
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
        batch = Batch(as_bytes(bunch.data), as_bytes(bunch.target))
    except Exception as error:  # a bad answer shows itself as almost anything, deep in the client's parsers
        if out_of_memory(error):
            raise
        raise SourceError(one_line(error)) from None
    yield batch
