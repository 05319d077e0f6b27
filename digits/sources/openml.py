"""Datasets on OpenML, fetched with scikit-learn's client."""

import socket
import warnings

import numpy as np
import pandas as pd

from digits.messages.errors import UserError
from digits.settings.params import DatasetParams
from digits.sources import Collection, Source, describe_download_error

TIMEOUT = 60  # seconds


def read_openml(dataset_name: str, dataset: DatasetParams) -> Collection:
    """Return the images of a dataset on OpenML. Nothing is kept on the disk.

    Args:
        dataset_name: the name and the version of the dataset, such as `mnist_784/1`.
        dataset: the entry of params.yaml.

    Raises:
        UserError: the dataset cannot be fetched.
    """
    from sklearn.datasets import fetch_openml  # here, because it takes a second

    name, _, version = dataset_name.partition("/")
    if not version.isdecimal():
        raise UserError("expected a name and a version, such as mnist_784/1")
    timeout = socket.getdefaulttimeout()
    # The client has no parameter for a timeout. While a stage fetches a dataset, the process
    # opens no other connections.
    socket.setdefaulttimeout(TIMEOUT)
    try:
        # The client warns of each retry. A failure is reported below.
        with warnings.catch_warnings(action="ignore"):
            bunch = fetch_openml(
                name,
                version=int(version),
                as_frame=False,
                parser="pandas",
                cache=False,
                n_retries=1,
                # By default, the client reads the labels as categories, which fails with
                # pandas 3. Pixels of the default type float64 would take twice the memory.
                read_csv_kwargs={"dtype": np.float32},
            )
    except Exception as error:  # a bad answer can raise nearly any exception in its parsers
        raise UserError(describe_download_error(error)) from None
    finally:
        socket.setdefaulttimeout(timeout)
    return Collection(pd.DataFrame({"class": bunch.target}), lambda: [bunch.data])


source = Source(read_openml, needs_internet=True, mirror="idx")
