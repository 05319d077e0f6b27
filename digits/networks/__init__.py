"""Networks that were trained on other pictures.

The key `network` of a dataset names an ONNX file, or a module of this folder, which has

- `SIDE`: the height and width of the pictures that the network takes, in pixels.
- `N_FEATURES`: the number of features.
- `load()`: raises a UserError if the network's weights are not installed.
- `describe(picture)`: returns the features of a picture of the shape (SIDE, SIDE, 3), one byte
  each.

The same picture must have the same features on every machine, because DVC compares the tables
in which they are stored. The features of an ONNX file may differ by 1.
"""

from collections.abc import Callable
from importlib import import_module
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from digits.core.tables import Pixels
from digits.imaging.pictures import read_resized
from digits.networks.weights import onnx_file
from digits.settings.errors import UserError, check_choice
from digits.settings.params import N_CHANNELS, NETWORK_CHECKSUM, DatasetParams

FOLDER = Path(__file__).parent


class NetworkError(UserError):
    """A network that cannot be used. Other sources of the dataset could not use it either."""


class Network(NamedTuple):
    """A network, with its weights loaded.

    Attributes:
        shape: height, width and 3 of the pictures that it takes.
        n_features: the number of features.
        describe: returns the features of a picture of this shape, one byte each.
    """

    shape: list[int]
    n_features: int
    describe: Callable[[Pixels], Pixels]


def load_network(dataset: DatasetParams) -> Network | None:
    """Return the network of a dataset, or None if it has none.

    Args:
        dataset: the entry of params.yaml.

    Raises:
        NetworkError: there is no such network, its weights are not installed, or its file is
            missing, damaged, or not the one that `digits pin` has recorded.
    """
    if dataset.network is None:
        return None
    try:
        if dataset.network_file is None:
            return import_network(str(dataset.network))
        check_file(dataset)
        network = onnx_file.load(dataset.network_file)
    except UserError as error:
        raise NetworkError(error.message) from None
    return Network(network.shape, network.n_features, network.describe)


def check_file(dataset: DatasetParams) -> None:
    """Check that the ONNX file of a dataset is the one that `digits pin` has recorded.

    Raises:
        UserError: it is another file, or is missing.
    """
    assert dataset.network_file is not None
    actual = onnx_file.compute_checksum(dataset.network_file)
    if actual != dataset.sha256[NETWORK_CHECKSUM]:
        raise UserError(
            f"network: {dataset.network_file.file} has another checksum than `sha256` has "
            "recorded; if that is right, run `digits pin` for this dataset"
        )


def import_network(name: str) -> Network:
    """Return the network of a module of this folder.

    Args:
        name: the key `network` of a dataset, such as `efficientnet_lite0`.

    Raises:
        UserError: there is no such network, or its weights are not installed.
    """
    names = {path.stem for path in FOLDER.glob("*.py")} - {"__init__"}
    check_choice("network", name, names)
    module = import_module(f"digits.networks.{name}")
    module.load()
    return Network([module.SIDE, module.SIDE, N_CHANNELS], module.N_FEATURES, module.describe)


def describe_picture(network: Network, content: bytes) -> bytes:
    """Return the features of a picture, read at the size that a network takes.

    Args:
        network: the network.
        content: the content of the picture file.

    Raises:
        PictureError: the content is not that of a picture, is too large, or is damaged.
        UserError: the network cannot describe this picture.
    """
    features = network.describe(read_resized(BytesIO(content), network.shape))
    return bytes(features)
