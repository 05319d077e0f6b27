"""Make the table of images from what a source has read."""

import math
import textwrap
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from digits.core.tables import PIXEL_MAX, Pixels, Vector, map_pixels
from digits.settings.columns import COLUMNS, names_key
from digits.settings.errors import UserError
from digits.settings.params import RESERVED_NAME, DatasetParams

MAX_CLASSES = 256


def make_images(
    dataset: DatasetParams,
    blocks: Iterable[Any],
    classes: Any,
    *,
    names: Sequence[str] | None = None,
    is_test: Vector | None = None,
    columns: Mapping[str, Any] | None = None,
    files: Sequence[str] | None = None,
) -> tuple[Pixels, pd.DataFrame]:
    """Return the pixels `X` of images, and the table of all other columns.

    digits/core/tables.py describes both.

    Args:
        dataset: the entry of params.yaml.
        blocks: the pixels, one array after another, each of shape (n_rows, n_values). Each must
            fit into memory, but not all of them together.
        classes: the class of each image, a whole number or a name, shape (n_images,).
        names: the names of the classes, if `classes` are their indices. If None, the classes
            are numbered here.
        is_test: whether each image is in the test set that came with the images, shape
            (n_images,), or None.
        columns: other columns by their names in COLUMNS, such as `group`, each of shape
            (n_images,). Groups are numbers, or names, which are numbered here.
        files: the paths of the pictures, or None.

    Raises:
        UserError: the pixels or classes are not as the entry of params.yaml says.
    """
    if dataset.transpose:
        blocks = (transpose(block, dataset.shape) for block in blocks)
    X = map_pixels(to_uint8(block) for block in blocks)
    if names is None:
        classes, found_names = encode_classes(classes)
        names = choose_names(found_names, dataset.names, int(classes.max()) + 1)
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
    images.attrs = {"shape": dataset.shape, "pixel_max": pixel_max}
    if names:
        images.attrs["names"] = list(names)
    for name, values in (columns or {}).items():
        add_column(images, name, values)
    if files is not None:
        images["file"] = files
    if is_test is not None and is_test.any():
        images["test"] = is_test.astype(bool)
    return X, images


def add_column(images: pd.DataFrame, name: str, values: Any) -> None:
    """Add one of COLUMNS to a table of images, as the column is stored.

    Args:
        images: the table.
        name: the name of the column.
        values: numbers, or texts as a table has them, shape (n_images,).
    """
    column = COLUMNS[name]
    if column.has_names and not pd.api.types.is_numeric_dtype(values):
        values, names = pd.factorize(values)
        images.attrs[names_key(name)] = list(names)
    images[name] = np.asarray(values).astype(column.dtype)


def transpose(block: Any, shape: Sequence[int]) -> Any:
    """Return images with their rows and columns swapped.

    Args:
        block: the pixels, shape (n_images, n_values).
        shape: height, width and, in colour, 3 of the images that are returned.
    """
    height, width, *channels = shape
    images = np.asarray(block).reshape(-1, width, height, *channels)
    return images.swapaxes(1, 2).reshape(len(images), -1)


def encode_classes(classes: Any) -> tuple[Vector, list[str] | None]:
    """Return the number of each image's class, and the names of the classes.

    The classes are sorted by name, or by number if all names are numbers, and numbered from 0.
    Without names, the classes are 0, 1, 2 and so on, without a gap.

    Args:
        classes: the class of each image, as text or as a whole number, shape (n_images,).

    Raises:
        UserError: there are too few or too many classes, or one has the reserved name.
    """
    values = pd.Series(classes)
    codes, unique_values = pd.factorize(values, use_na_sentinel=False)
    unique = pd.Series(unique_values, name=values.name)
    if pd.api.types.is_numeric_dtype(unique):
        unique = to_names(unique)  # the text of each image's class would take much memory
    names = sorted(unique)
    if not 2 <= len(names) <= MAX_CLASSES:
        listed = textwrap.shorten(", ".join(names), 60)
        raise UserError(f"{len(names)} classes ({listed}); allowed: 2 to {MAX_CLASSES}")
    if RESERVED_NAME in names:
        raise UserError(f"the name of the class {RESERVED_NAME!r} is reserved; rename it")
    if all(name.isdecimal() for name in names):
        names.sort(key=int)
    numbers = to_uint8(pd.Index(names).get_indexer(unique))[codes]
    has_numbers = names == [str(number) for number in range(len(names))]
    return numbers, None if has_numbers else names


def to_names(column: pd.Series) -> pd.Series:
    """Return classes or groups as text. A number such as 3.0 becomes `3` if all are numbers.

    Raises:
        UserError: a value is missing, or is a number that is not whole.
    """
    name = "class" if column.name is None else column.name
    text = column.astype(str).str.strip()
    is_missing = (column.isna() | (text == "")).to_numpy()
    if is_missing.any():
        raise UserError(
            f"{is_missing.sum()} images have no {name}, first number {is_missing.argmax() + 1}"
        )
    numbers = pd.to_numeric(text, errors="coerce")
    if numbers.isna().any():
        return text
    not_whole = text[numbers % 1 != 0]
    if len(not_whole):
        raise UserError(f"a {name} is '{not_whole.iloc[0]}', expected whole numbers, or names")
    return numbers.astype(int).astype(str)


def choose_names(
    found: list[str] | None, written: list[str] | None, n_classes: int
) -> list[str] | None:
    """Return the names of the classes.

    Args:
        found: the names that the source has, or None if they are 0, 1, 2 and so on.
        written: the names in params.yaml, or None. They replace numbers, but not names.
        n_classes: the number of classes.

    Raises:
        UserError: there are fewer or more written names than classes.
    """
    are_numbers = found is None or all(name.isdecimal() for name in found)
    if written is None or not are_numbers or all(name.isdecimal() for name in written):
        return found
    if len(written) != n_classes:
        labels = ", ".join(found or [f"0 to {n_classes - 1}"])
        raise UserError(
            f"`names` has {len(written)} names, but there are {n_classes} classes "
            f"({textwrap.shorten(labels, 80)}); write one name for each, in this order"
        )
    return written


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
        raise UserError(
            "its values are not all whole numbers from 0 to 255; if they are pixels, the key "
            "`scale` of the layout changes their range"
        )
    return integers
