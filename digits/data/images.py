"""Make the table of images from what a source has read."""

import math
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from digits.core.tables import PIXEL_MAX, Pixels, Vector, map_pixels
from digits.settings.errors import UserError
from digits.settings.params import DatasetParams


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
    pixel_max = dataset.pixel_max or PIXEL_MAX
    if X.shape != expected_shape or X.max(initial=0) > pixel_max:
        raise UserError(
            f"{len(classes)} labels, pixels of shape {X.shape} up to {X.max(initial=0)}; "
            f"expected images of {' × '.join(map(str, dataset.shape))} values from 0 to "
            f"{pixel_max}"
        )

    images = pd.DataFrame({"class": classes})
    if groups is not None:
        images["group"] = groups.astype(np.uint32)
    if files is not None:
        images["file"] = files

    images.attrs = {"shape": dataset.shape, "pixel_max": pixel_max}
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
    # NaN becomes an arbitrary integer, which then differs from NaN.
    with np.errstate(invalid="ignore"):
        integers = numbers.astype(np.uint8, copy=False)
    if not np.array_equal(integers, numbers):
        raise UserError("its values are not all whole numbers from 0 to 255")
    return integers
