"""Networks that were trained on other pictures.

The key `network` of a dataset names ONNX files, or networks of `NETWORKS`, each of which has

- `name`: its name in params.yaml.
- `side`: the height and width of the pictures that it takes, in pixels.
- `n_features`: the number of features.
- `sha256`: the checksum of its weights.
- `load()`: loads the weights. It raises a UserError if they are not installed.
- `describe(picture)`: returns the features of a picture of the shape (side, side, 3), one byte
  each.

Such a network must compute the same features on every machine, because DVC compares the tables
in which they are stored. ONNX Runtime does not quite: digits/networks/weights/onnx_file.py says
what may differ.
"""

from collections.abc import Callable, Sequence
from io import BytesIO
from typing import Any, NamedTuple

from digits.core.errors import UserError, check_choice
from digits.core.pixels import Pixels
from digits.imaging.pictures import read_resized
from digits.networks import NetworkError
from digits.settings.params import N_CHANNELS, NETWORK_CHECKSUM, DatasetParams, NetworkFile
from picture_networks import efficientnet_lite
from picture_networks.feature_cache import FeatureCache
from picture_networks.feature_cache import open_cache as open_cache
from picture_networks.weights import onnx_file

# What `digits` finds here, besides the functions below.
load_file = onnx_file.load
compute_checksum = onnx_file.compute_checksum

# The networks by their names in params.yaml. Add your own, an object with these attributes.
NETWORKS: dict[str, Any] = {network.name: network for network in efficientnet_lite.VARIANTS}


class Network(NamedTuple):
    """A network, with its weights loaded.

    Attributes:
        identity: what its features depend on, besides the picture and the code, such as the
            checksum of its weights.
        shape: height, width and 3 of the pictures that it takes.
        n_features: the number of features.
        describe: returns the features of a picture of this shape, one byte each.
    """

    identity: str
    shape: list[int]
    n_features: int
    describe: Callable[[Pixels], Pixels]


def load_networks(dataset: DatasetParams) -> list[Network]:
    """Return the networks of a dataset, which may have none.

    Args:
        dataset: the entry of params.yaml.

    Raises:
        NetworkError: there is no such network, its weights are not installed, or its file is
            missing, damaged, or not the one that `digits pin` has recorded.
    """
    try:
        check_files(dataset)
        return [load_network(network) for network in dataset.networks]
    except UserError as error:
        raise NetworkError(error.message) from None


def load_network(network: str | NetworkFile) -> Network:
    """Return a network.

    Args:
        network: the name of a network, such as `efficientnet_lite0`, or an ONNX file.

    Raises:
        UserError: there is no such network, its weights are not installed, or its file is
            missing or damaged.
    """
    if isinstance(network, NetworkFile):
        file = onnx_file.load(network)
        return Network(file.identity, file.shape, file.n_features, file.describe)
    check_choice("network", network, NETWORKS)
    found = NETWORKS[network]
    found.load()
    shape = [found.side, found.side, N_CHANNELS]
    return Network(found.sha256, shape, found.n_features, found.describe)


def check_files(dataset: DatasetParams) -> None:
    """Check that the ONNX files of a dataset are those that `digits pin` has recorded.

    Raises:
        UserError: a file is another one, or is missing.
    """
    files = dataset.network_files
    if files and onnx_file.compute_checksum(files) != dataset.sha256[NETWORK_CHECKSUM]:
        listed = ", ".join(network.file for network in files)
        raise UserError(
            f"network: {listed} has another checksum than `sha256` has recorded; if that is "
            "right, run `digits pin` for this dataset"
        )


def describe_picture(
    networks: Sequence[Network],
    content: bytes,
    cache: FeatureCache | None = None,
    white: int | None = None,
) -> bytes:
    """Return the features of a picture, those of one network after those of another.

    Args:
        networks: the networks. Each reads the picture at the size that it takes.
        content: the content of the picture file.
        cache: has the features of pictures that were described before, or is None.
        white: the value that becomes white in a picture of more than 8 bits, as the key `white`
            of the dataset says.

    Raises:
        PictureError: the content is not that of a picture, is too large, or is damaged.
        UserError: a network cannot describe this picture.
    """
    features = []
    for network in networks:
        identity = network.identity if white is None else f"{network.identity} {white}"
        saved = cache.load(content, identity) if cache else None
        if saved is None:
            image = read_resized(BytesIO(content), network.shape, white)
            saved = bytes(network.describe(image))
            if cache:
                cache.save(content, identity, saved)
        features.append(saved)
    return b"".join(features)
