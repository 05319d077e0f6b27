"""Sources of images, one module each.

The module of a source has

- `read(place, dataset)`, which returns a table made by `images`, or raises a UserError. The
  message gives the reason in a few words.
- `LOCAL`: whether the source needs no network.

The source of an optional component is digits/<component>/source.py.
"""

from collections.abc import Sequence
from typing import Any

from digits.core.errors import UserError
from digits.core.params import DatasetParams
from digits.core.tables import Pixels, Vector

import numpy as np
import pandas as pd

MAX_CLASSES = 256
NOT_FOUND = (
    "was not found; put your images there, or correct the name; `dvc pull` fetches what was "
    "shared by `dvc push`"
)


def images(
    dataset: DatasetParams,
    pixels: Any,
    classes: Any,
    *,
    names: Sequence[str] | None = None,
    groups: Vector | None = None,
    group_names: Sequence[str] | None = None,
) -> pd.DataFrame:
    """Return a table of images, as digits/core/tables.py describes it.

    Args:
        dataset: the entry of params.yaml.
        pixels: shape (n_images, height * width).
        classes: the number of the class of each image, shape (n_images,).
        names: the names of the classes. If None, the names in params.yaml, if any.
        groups: the number of the group of each image, from 0, shape (n_images,), or None.
        group_names: the names of the groups, or None.

    Raises:
        UserError: the pixels or classes are not as the entry of params.yaml says.
    """
    pixels = to_uint8(pixels)
    classes = to_uint8(classes)
    height, width = dataset.shape
    n_images = len(classes)
    n_pixels = height * width
    is_expected_shape = n_images > 0 and pixels.shape == (n_images, n_pixels)
    if not is_expected_shape or pixels.max() > dataset.pixel_max:
        raise UserError(
            f"{n_images} labels, pixels of shape {pixels.shape} up to {pixels.max(initial=0)}; "
            f"expected images of {height} × {width} pixels from 0 to {dataset.pixel_max}"
        )

    pixel_columns = [f"pixel{number}" for number in range(1, n_pixels + 1)]
    table = pd.DataFrame(pixels, columns=pixel_columns)
    table["class"] = classes
    if groups is not None:
        table["group"] = groups.astype(np.uint32)

    table.attrs = {"shape": [height, width], "pixel_max": dataset.pixel_max}
    class_names = names or dataset.names
    if class_names:
        table.attrs["names"] = class_names
    if group_names is not None:
        table.attrs["group_names"] = list(group_names)
    return table


def to_uint8(values: Any) -> Pixels:
    """Convert numbers, or text that spells numbers, to uint8.

    Raises:
        UserError: the conversion would change a value.
    """
    is_numeric = values.dtype.kind in "fiu"
    try:
        numbers = values if is_numeric else values.astype(np.float64)
    except (TypeError, ValueError) as error:
        raise UserError(error) from None
    # NumPy converts a missing value to some integer, which then differs from the original.
    with np.errstate(invalid="ignore"):
        integers = numbers.astype(np.uint8)
    if not np.array_equal(integers, numbers):
        raise UserError("its values are not all whole numbers from 0 to 255")
    return integers


def describe_error(error: Exception) -> object:
    """Return why something failed. The path that an OSError repeats is left out."""
    return getattr(error, "strerror", None) or error


def encode_classes(class_names: Sequence[str]) -> tuple[Vector, list[str] | None]:
    """Return the number of each image's class, and the names of the classes.

    If all names are whole numbers up to 255, the classes have these numbers, and no names.
    Otherwise the classes are sorted by name, and numbered from 0.

    Args:
        class_names: the class of each image.

    Raises:
        UserError: there are too few or too many classes, or two spellings of a number.
    """
    unique_names = sorted(set(class_names))
    are_numbers = all(name.isdecimal() for name in unique_names)
    n_different = len(unique_names)
    if are_numbers:
        unique_names.sort(key=int)
        n_different = len({int(name) for name in unique_names})  # `7` and `07` are the same
    is_allowed = 2 <= len(unique_names) <= MAX_CLASSES
    if not is_allowed or n_different < len(unique_names):
        raise UserError(
            f"{len(unique_names)} classes ({', '.join(unique_names):.60}); "
            f"allowed: 2 to {MAX_CLASSES} different ones"
        )

    if are_numbers and int(unique_names[-1]) < MAX_CLASSES:
        return np.array([int(name) for name in class_names], dtype=np.uint8), None
    class_numbers = {name: number for number, name in enumerate(unique_names)}
    classes = [class_numbers[name] for name in class_names]
    return np.array(classes, dtype=np.uint8), unique_names


def encode_groups(group_names: Sequence[str]) -> tuple[Vector | None, list[str] | None]:
    """Return the number of each image's group, and the names of the groups.

    The groups are numbered from 0, in the order in which they occur.

    Args:
        group_names: the group of each image. If all of them are "", or if the sequence is
            empty, the images have no groups.

    Returns:
        Two times None if the images have no groups.
    """
    if not any(group_names):
        return None, None
    groups, unique_names = pd.factorize(np.array(group_names, dtype=object))
    return groups, list(unique_names)
