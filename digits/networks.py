"""Networks that were trained on other pictures, which another package loads.

The package has an entry point of the group `digits.networks`: a module with

- `load_networks(dataset)`, which returns a list of networks, each with `n_features`.
- `describe_picture(networks, content, cache, white)`, which returns the features of a picture.
- `load_file(network)` and `compute_checksum(files)`, for `digits pin`.
"""

from types import ModuleType
from typing import Any

from digits.core.errors import UserError
from digits.plugins import find_plugins
from digits.settings.params import DatasetParams


class NetworkError(UserError):
    """A network that cannot be used. Other sources of the dataset could not use it either."""


def find_module() -> ModuleType:
    """Return the module that loads networks.

    Raises:
        NetworkError: its package is not installed.
    """
    for plugin in find_plugins("digits.networks").values():
        return plugin.load()
    raise NetworkError("the key `network` needs the package picture-networks")


def load_networks(dataset: DatasetParams) -> list[Any]:
    """Return the networks of a dataset, which may have none.

    Raises:
        NetworkError: one cannot be used.
    """
    return find_module().load_networks(dataset) if dataset.networks else []
