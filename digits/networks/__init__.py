"""Networks that were trained on other pictures, one module each.

The key `network` of a dataset names the module, which has

- `SIDE`: the height and width of the pictures that the network takes, in pixels.
- `N_FEATURES`: the number of features.
- `load()`: raises a UserError if the network's weights are not installed.
- `describe(picture)`: returns the features of a picture of the shape (SIDE, SIDE, 3), one byte
  each.

The same picture must have the same features on every machine, because DVC compares the tables
in which they are stored.
"""

from importlib import import_module
from io import BytesIO
from pathlib import Path
from types import ModuleType

from digits.imaging.pictures import read_resized
from digits.settings.errors import check_choice

FOLDER = Path(__file__).parent


def import_network(name: str) -> ModuleType:
    """Return the module of a network, with its weights loaded.

    Args:
        name: the key `network` of a dataset, such as `efficientnet_lite0`.

    Raises:
        UserError: there is no such network, or its weights are not installed.
    """
    names = {path.stem for path in FOLDER.glob("*.py")} - {"__init__"}
    check_choice("network", name, names)
    network = import_module(f"digits.networks.{name}")
    network.load()
    return network


def describe_picture(network: ModuleType, content: bytes) -> bytes:
    """Return the features of a picture, read at the size that a network takes.

    Args:
        network: the module of the network.
        content: the content of the picture file.

    Raises:
        PictureError: the content is not that of a picture, is too large, or is damaged.
    """
    shape = [network.SIDE, network.SIDE, 3]
    features = network.describe(read_resized(BytesIO(content), shape))
    return bytes(features)
