"""Neural networks that were trained on other pictures. Another package reads them.

The package has an entry point of the group `digits.networks`: a module with the functions of
`NetworkPackage`.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

from digits.entry_points import find_entry_points
from digits.messages.errors import UserError
from digits.settings.params import DatasetParams


class NeuralNetworkError(UserError):
    """A network that cannot be used. Other sources of the dataset could not use it either."""


class Network(Protocol):
    """A network, with its weights loaded."""

    @property
    def n_features(self) -> int:
        """The number of features of a picture."""

    def describe(self, content: bytes, white: int | None) -> bytes:
        """Return the features of a picture, one byte each.

        Args:
            content: the content of the picture file.
            white: the value that becomes white in a picture of more than 8 bits, as the key
                `white` of the dataset says.

        Raises:
            PictureError: the content is not that of a picture, is too large, or is damaged.
            UserError: the network cannot describe this picture.
        """


class NetworkPackage(Protocol):
    """Reads the value of the key `network`.

    Each function raises a UserError if the value is not valid, or if an ONNX file that it reads
    is missing.
    """

    def load(
        self, network: object, checksum: str | None, *, use_cache: bool
    ) -> Sequence[Network]:
        """Return the networks.

        Args:
            network: the value of the key.
            checksum: what `compute_checksum` returned before, or None.
            use_cache: whether to keep the features of pictures, and use those that were kept.

        Raises:
            UserError: a network does not exist, its weights are not installed, or its file is
                damaged or has another checksum.
        """

    def list_files(self, network: object) -> list[Path]:
        """Return the ONNX files, which may be missing. DVC stores them."""

    def compute_checksum(self, network: object) -> str | None:
        """Return the SHA-256 of the ONNX files, or None if there are none."""


def find_package() -> NetworkPackage:
    """Return the package that reads networks.

    Raises:
        NeuralNetworkError: its package is not installed.
    """
    for entry_point in find_entry_points("digits.networks").values():
        package: NetworkPackage = entry_point.load()
        return package
    raise NeuralNetworkError(
        "the key `network` needs the package picture-networks; run `python -m pip install "
        "./packages/picture-networks`, or delete the key"
    )


def load_networks(
    dataset: DatasetParams, checksum: str | None = None, *, use_cache: bool = False
) -> Sequence[Network]:
    """Return the networks of a dataset, which may have none.

    Args:
        dataset: the entry of params.yaml.
        checksum: that of the ONNX files, if they must be those that the images were read with.
        use_cache: whether to keep the features of pictures.

    Raises:
        NeuralNetworkError: one cannot be used.
    """
    if dataset.network is None:
        return []
    try:
        return find_package().load(dataset.network, checksum, use_cache=use_cache)
    except UserError as error:
        raise NeuralNetworkError(error.message) from None


def compute_network_checksum(dataset: DatasetParams) -> str | None:
    """Return the checksum of the ONNX files of a dataset's networks, or None without files."""
    return None if dataset.network is None else find_package().compute_checksum(dataset.network)


def list_files(dataset: DatasetParams) -> list[Path]:
    """Return the ONNX files of a dataset's networks, which may be missing.

    Raises:
        UserError: the key `network` is not valid, or its package is not installed.
    """
    return [] if dataset.network is None else find_package().list_files(dataset.network)
