"""Images to predict that are not a single picture: a folder, a table or a file with arrays.

Other packages read these. Such a package has an entry point of the group `digits.readers`: a
function that takes a path and the entry of the dataset in params.yaml. It returns a Collection,
or None if it does not read such files.
"""

from collections.abc import Callable
from pathlib import Path

from digits.data.source import Collection
from digits.messages.errors import UserError
from digits.plugins import find_plugins
from digits.settings.params import DatasetParams

Reader = Callable[[Path, DatasetParams], Collection | None]


def open_many(path: Path, dataset: DatasetParams) -> Collection | None:
    """Return the images of a folder, a table or a file with arrays, or None for a picture.

    Raises:
        UserError: there are no images, they cannot be read, or no package reads folders.
    """
    for plugin in find_plugins("digits.readers").values():
        reader: Reader = plugin.load()
        collection = reader(path, dataset)
        if collection is not None:
            return collection
    if path.is_dir():
        raise UserError(f"{path} is a folder, which the package image-layouts reads")
    return None
