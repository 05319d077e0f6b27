"""Sources of images, one module each.

The module of a source has a function `read(place, dataset)`. It returns what `make_images` in
digits/data/images.py returns, or raises a UserError whose message gives the reason in a few
words.

With `NEEDS_NETWORK = True` in the module, the environment variable DATA_MIRROR is tried before
the source. With `READS_PICTURES = True`, the dataset may have a `network`, whose features of
each picture are the column `network` of the table.

Other packages add sources as entry points of the group `digits.sources`.
"""

import textwrap
from collections.abc import Sequence

import numpy as np
import pandas as pd

from digits.core.tables import PIXEL_MAX as PIXEL_MAX
from digits.core.tables import Pixels as Pixels
from digits.core.tables import Vector
from digits.core.tables import map_pixels as map_pixels
from digits.settings.errors import UserError
from digits.settings.params import RESERVED_NAME
from digits.settings.params import DatasetParams as DatasetParams

MAX_CLASSES = 256
NOT_FOUND = (
    "was not found; put your images there, or correct the name; `dvc pull` fetches what was "
    "shared by `dvc push`"
)


def encode_classes(class_names: Sequence[str]) -> tuple[Vector, list[str] | None]:
    """Return the number of each image's class, and the names of the classes.

    If all names are different whole numbers up to 255, they are the numbers of the classes,
    which then have no names. Otherwise the classes are sorted by name, and numbered from 0.

    Args:
        class_names: the class of each image.

    Raises:
        UserError: there are too few or too many classes, or one has the reserved name.
    """
    unique_names = sorted(set(class_names))
    n_classes = len(unique_names)
    if not 2 <= n_classes <= MAX_CLASSES:
        names = textwrap.shorten(", ".join(unique_names), 60)
        raise UserError(f"{n_classes} classes ({names}); allowed: 2 to {MAX_CLASSES}")
    if RESERVED_NAME in unique_names:
        raise UserError(f"the name of the class {RESERVED_NAME!r} is reserved; rename it")
    if all(name.isdecimal() for name in unique_names):
        unique_names.sort(key=int)
        numbers = {int(name) for name in unique_names}
        if len(numbers) == n_classes and max(numbers) < MAX_CLASSES:
            return np.array([int(name) for name in class_names]), None
    return pd.Index(unique_names).get_indexer(pd.Index(class_names)), unique_names


def encode_groups(group_names: Sequence[str]) -> tuple[Vector, list[str]] | tuple[None, None]:
    """Return the number of each image's group, and the groups' names.

    The groups are numbered from 0, in the order of their first images.

    Args:
        group_names: the group of each image. If all of them are "", or if the sequence is
            empty, the images have no groups.
    """
    if not any(group_names):
        return None, None
    groups, unique_names = pd.factorize(np.array(group_names, dtype=object))
    return groups, list(unique_names)
