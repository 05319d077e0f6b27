"""OpenML, through scikit-learn's own client; nothing is kept on disk."""

import socket
import warnings

from digits.core.errors import PipelineError
from digits.core.params import Dataset
from digits.sources import images

import numpy as np
import pandas as pd
from sklearn.datasets import fetch_openml

# All columns as numbers: the client's own choice, categories, fails on digits with pandas 3, and float64 would take
# twice the memory.
COLUMNS = {"dtype": np.float32}


def read(place: str, dataset: Dataset) -> pd.DataFrame:
    """Return the images of the dataset `NAME/VERSION`."""
    name, _, version = place.partition("/")
    if not version.isdecimal():
        raise PipelineError("is no name and version such as mnist_784/1")
    socket.setdefaulttimeout(60)  # seconds; the client has no timeout of its own
    options = {"as_frame": False, "parser": "pandas", "cache": False, "n_retries": 1, "read_csv_kwargs": COLUMNS}
    try:
        with warnings.catch_warnings(action="ignore"):  # of retries: a failure is reported below
            bunch = fetch_openml(name, version=int(version), **options)
    except Exception as error:  # a bad answer shows itself as almost anything, deep in the client's parsers
        raise PipelineError(str(error) or type(error).__name__) from None
    return images(dataset, bunch.data, bunch.target)
