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
from pathlib import Path
from types import ModuleType

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
