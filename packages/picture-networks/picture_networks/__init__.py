"""Networks that were trained on other pictures. `digits` calls the functions of this module.

The key `network` of a dataset names ONNX files, or networks of `NETWORKS`, each of which has

- `name`: its name in params.yaml.
- `side`: the height and width of the pictures that it takes, in pixels.
- `n_features`: the number of features.
- `sha256`: the checksum of its weights.
- `load()`: loads the weights. It raises a UserError if they are not installed.
- `describe(picture)`: returns the features of a picture of the shape (side, side, 3), one byte
  each.

Such a network must compute the same features on every machine, because DVC compares the tables
in which they are stored. ONNX Runtime does not quite: weights/onnx_file.py says what may
differ.
"""

from collections.abc import Callable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path

from digits.core.pixels import Pixels
from digits.imaging.pictures import read_resized
from digits.messages.errors import UserError, check_choice
from digits.settings.params import N_CHANNELS
from picture_networks import efficientnet_lite
from picture_networks.feature_cache import FeatureCache, open_cache
from picture_networks.schema import NetworkFile, parse, parse_files
from picture_networks.weights import onnx_file

# The networks by their names in params.yaml. Add your own, an object with these attributes.
NETWORKS = {network.name: network for network in efficientnet_lite.VARIANTS}


@dataclass(frozen=True, eq=False)
class Network:
    """A network, with its weights loaded.

    Attributes:
        identity: what its features depend on, besides the picture and the code, such as the
            checksum of its weights.
        shape: height, width and 3 of the pictures that it takes.
        n_features: the number of features.
        compute: returns the features of a picture of this shape, one byte each.
        cache: has the features of pictures that were described before, or is None.
    """

    identity: str
    shape: list[int]
    n_features: int
    compute: Callable[[Pixels], Pixels]
    cache: FeatureCache | None = None

    def describe(self, content: bytes, white: int | None = None) -> bytes:
        """Return the features of a picture, as `digits.networks.Network` says."""
        identity = self.identity if white is None else f"{self.identity} {white}"
        saved = self.cache.load(content, identity) if self.cache else None
        if saved is None:
            saved = bytes(self.compute(read_resized(BytesIO(content), self.shape, white)))
            if self.cache:
                self.cache.save(content, identity, saved)
        return saved


def load(network: object, checksum: str | None, *, use_cache: bool = False) -> list[Network]:
    """Return the networks, as `NetworkPackage` says."""
    files = parse_files(network)
    if files and checksum is not None and onnx_file.compute_checksum(files) != checksum:
        listed = ", ".join(network.file for network in files)
        raise UserError(
            f"network: {listed} is not the one that the images were read with; run `dvc repro`"
        )
    cache = open_cache() if use_cache else None
    return [load_network(one, cache) for one in parse(network)]


def load_network(network: str | NetworkFile, cache: FeatureCache | None = None) -> Network:
    """Return a network.

    Args:
        network: the name of a network, such as `efficientnet_lite0`, or an ONNX file.
        cache: where its features are kept, or None.

    Raises:
        UserError: there is no such network, its weights are not installed, or its file is
            missing or damaged.
    """
    if isinstance(network, NetworkFile):
        file = onnx_file.load(network)
        return Network(file.identity, file.shape, file.n_features, file.describe, cache)
    check_choice("network", network, NETWORKS)
    found = NETWORKS[network]
    found.load()
    shape = [found.side, found.side, N_CHANNELS]
    return Network(found.sha256, shape, found.n_features, found.describe, cache)


def list_files(network: object) -> list[Path]:
    """Return the ONNX files, which may be missing."""
    return [Path(file.file) for file in parse_files(network)]


def compute_checksum(network: object) -> str | None:
    """Return the SHA-256 of the ONNX files, or None if there are none."""
    files = parse_files(network)
    return onnx_file.compute_checksum(files) if files else None
