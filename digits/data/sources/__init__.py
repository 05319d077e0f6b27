"""Sources of images, one module each.

The module of a source has a function `read(place, dataset)`. It returns what `make_images`
returns, or raises a UserError whose message gives the reason in a few words.

The source of an optional component is digits/<component>/source.py.
"""

import math
import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from digits.core.tables import Pixels, Vector, map_pixels
from digits.settings.errors import UserError
from digits.settings.params import OVERALL, DatasetParams

MAX_CLASSES = 256
NOT_FOUND = (
    "was not found; put your images there, or correct the name; `dvc pull` fetches what was "
    "shared by `dvc push`"
)


def make_images(
    dataset: DatasetParams,
    blocks: Iterable[Any],
    classes: Any,
    *,
    names: Sequence[str] | None = None,
    groups: Vector | None = None,
    group_names: Sequence[str] | None = None,
    files: Sequence[str] | None = None,
) -> tuple[Pixels, pd.DataFrame]:
    """Return the pixels `X` of images, and the table of all other columns.

    digits/core/tables.py describes both.

    Args:
        dataset: the entry of params.yaml.
        blocks: the pixels, one array after another, each of shape (n_rows, n_values). Each must
            fit into memory, but not all of them together.
        classes: the number of the class of each image, shape (n_images,).
        names: the names of the classes. If None, the names in params.yaml, if any.
        groups: the number of the group of each image, from 0, shape (n_images,), or None.
        group_names: the names of the groups, or None.
        files: the paths of the pictures, or None.

    Raises:
        UserError: the pixels or classes are not as the entry of params.yaml says.
    """
    X = map_pixels(to_uint8(block) for block in blocks)
    classes = to_uint8(classes)
    expected_shape = (len(classes), math.prod(dataset.shape))
    if X.shape != expected_shape or X.max(initial=0) > dataset.pixel_max:
        raise UserError(
            f"{len(classes)} labels, pixels of shape {X.shape} up to {X.max(initial=0)}; "
            f"expected images of {' × '.join(map(str, dataset.shape))} values from 0 to "
            f"{dataset.pixel_max}"
        )

    images = pd.DataFrame({"class": classes})
    if groups is not None:
        images["group"] = groups.astype(np.uint32)
    if files is not None:
        images["file"] = files

    images.attrs = {"shape": dataset.shape, "pixel_max": dataset.pixel_max}
    class_names = names or dataset.names
    if class_names:
        images.attrs["names"] = class_names
    if group_names is not None:
        images.attrs["group_names"] = list(group_names)
    return X, images


def to_uint8(values: Any) -> Pixels:
    """Convert numbers, or numbers written as text, to uint8.

    Raises:
        UserError: the conversion would change a value.
    """
    try:
        is_numeric = np.issubdtype(values.dtype, np.number)
        numbers = values if is_numeric else values.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise UserError(error) from None
    # A missing value becomes some integer, which the comparison below finds to differ.
    with np.errstate(invalid="ignore"):
        integers = numbers.astype(np.uint8, copy=False)
    if not np.array_equal(integers, numbers):
        raise UserError("its values are not all whole numbers from 0 to 255")
    return integers


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
    if OVERALL in unique_names:
        raise UserError(f"the name of the class {OVERALL!r} is reserved; rename it")
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
