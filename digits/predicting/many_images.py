"""Images to predict that are not a single picture: a folder, a table or a file with arrays.

Other packages read these. Such a package has an entry point of the group `digits.readers`: a
module with `is_collection_path(path)` and `read_new_images(path, dataset)`.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol

import pandas as pd

from digits.plugins import find_plugins
from digits.settings.errors import UserError
from digits.settings.params import DatasetParams


class Collection(Protocol):
    """Images whose pixels have not been read yet.

    `rows` has the columns `id` and, if known, `file` and `class`. The images are either
    picture files, which `pictures` yields, or arrays, which `blocks` yields, of the `shape`.
    """

    rows: pd.DataFrame
    pictures: Callable[[], Iterator[Path | bytes]] | None
    blocks: Callable[[], Iterator[Any]] | None
    shape: list[int]
    notes: list[str]


def read(path: Path, dataset: DatasetParams) -> Collection | None:
    """Return the images of a folder, a table or a file with arrays, or None for a picture.

    Raises:
        UserError: there are no images, they cannot be read, or no package reads folders.
    """
    for plugin in find_plugins("digits.readers").values():
        reader = plugin.load()
        if reader.is_collection_path(path):
            collection: Collection = reader.read_new_images(path, dataset)
            return collection
    if path.is_dir():
        raise UserError(f"{path} is a folder; the package image-layouts reads folders")
    return None
