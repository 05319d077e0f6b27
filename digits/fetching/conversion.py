"""Convert what a source returns to `Images`."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from digits.core.images import Images
from digits.core.on_disk import concatenate_on_disk
from digits.core.pixels import PIXEL_MAX, Pixels, Vector
from digits.messages.errors import UserError
from digits.messages.terminal import shorten
from digits.settings.params import RESERVED_NAME, DatasetParams
from digits.sources import Collection

MAX_CLASSES = 256


def make_images(collection: Collection, dataset: DatasetParams) -> Images:
    """Read the pixels of a source's images, and make the table of everything else about them.

    Raises:
        UserError: some pictures cannot be read, or the pixels or classes are not as the entry
            of params.yaml says.
    """
    rows = collection.rows
    blocks = collection.blocks()
    if dataset.transpose:
        blocks = (transpose(block, dataset.shape) for block in blocks)
    X = concatenate_on_disk(to_uint8(block) for block in blocks)
    classes, source_names = encode_classes(rows["class"])
    names = choose_names(source_names, dataset.names)
    expected_shape = (len(classes), math.prod(dataset.shape))
    pixel_max = dataset.pixel_max or PIXEL_MAX
    largest = X.max(initial=0)
    if X.shape != expected_shape or largest > pixel_max:
        shape = " × ".join(str(length) for length in dataset.shape)
        raise UserError(
            f"{len(classes)} labels, pixels of shape {X.shape} up to {largest}; "
            f"expected images of {shape} values from 0 to {pixel_max}"
        )

    table = pd.DataFrame({"class": classes})
    table.attrs = {"shape": dataset.shape, "pixel_max": pixel_max}
    if names:
        table.attrs["names"] = names
    if "group" in rows:
        add_groups(table, rows["group"])
    if "file" in rows:
        table["file"] = rows["file"].tolist()
    if "test" in rows and rows["test"].any():
        table["test"] = rows["test"].to_numpy(bool)
    # For example the features of a network, computed while the pixels were read.
    if collection.more_columns is not None:
        more = collection.more_columns()
        table[more.columns] = more
        table.attrs |= more.attrs
    return Images(X, table)


def add_groups(table: pd.DataFrame, groups: pd.Series) -> None:
    """Add the column `group` to a table of images: numbers, which may have names.

    Args:
        table: the table.
        groups: the group of each image, a number or a name, shape (n_images,).
    """
    if not pd.api.types.is_numeric_dtype(groups):
        codes, names = pd.factorize(groups)
        groups = pd.Series(codes)
        table.attrs["group_names"] = list(names)
    table["group"] = groups.to_numpy(np.uint32)


def transpose(block: Any, shape: Sequence[int]) -> Any:
    """Return images with their rows and columns swapped.

    Args:
        block: the pixels, shape (n_images, n_values).
        shape: that of the returned images: height, width and, in colour, 3.
    """
    height, width, *channels = shape
    # The source stores the width first.
    images = np.asarray(block).reshape(-1, width, height, *channels)
    return images.swapaxes(1, 2).reshape(len(images), -1)


def encode_classes(classes: pd.Series) -> tuple[Vector, list[str]]:
    """Return the number of each image's class, and the name of each class in the source.

    The classes are sorted by name, or by number if all names are numbers, and numbered from 0.

    Args:
        classes: the class of each image, as text or as a whole number, shape (n_images,).

    Raises:
        UserError: there are too few or too many classes, or one is missing, is a fraction or
            has the reserved name.
    """
    # NaN, a missing class, is one of the unique values. It is refused below.
    codes, unique = pd.factorize(classes, use_na_sentinel=False)
    if pd.api.types.is_numeric_dtype(unique):
        not_whole = unique[unique % 1 != 0]  # also NaN
        if len(not_whole):
            raise UserError(f"a class is {not_whole[0]}; expected whole numbers, or names")
        # Only the unique values are converted: as text, all values would take too much memory.
        unique = unique.astype(int).astype(str)
    names = sorted(unique)
    if not 2 <= len(names) <= MAX_CLASSES:
        raise UserError(f"{len(names)} classes ({shorten(names)}); allowed: 2 to {MAX_CLASSES}")
    if RESERVED_NAME in names:
        raise UserError(f"the name of the class {RESERVED_NAME!r} is reserved; rename it")
    if are_numbers(names):
        names.sort(key=int)
    number_by_name = {name: number for number, name in enumerate(names)}
    numbers = np.array([number_by_name[name] for name in unique], dtype=np.uint8)
    return numbers[codes], names


def choose_names(in_source: list[str], in_params: list[str] | None) -> list[str] | None:
    """Return the names of the classes, or None if they are only 0, 1, 2 and so on.

    Names in params.yaml may only replace numbers. If the source names its classes, other names
    are refused, because nobody could tell which name replaces which.

    Args:
        in_source: the name of each class in the source.
        in_params: the names in params.yaml, or None if it has none.

    Raises:
        UserError: the source has other names, or another number of classes.
    """
    if in_params is None:
        are_default_names = in_source == [str(number) for number in range(len(in_source))]
        return None if are_default_names else in_source
    if in_params != in_source and not are_numbers(in_source):
        raise UserError(
            f"`names` are {shorten(in_params)}, but the source itself names its classes "
            f"{shorten(in_source)}; delete `names`"
        )
    if len(in_params) != len(in_source):
        raise UserError(
            f"`names` has {len(in_params)} names, but there are {len(in_source)} classes "
            f"({shorten(in_source)}); write one name for each, in this order"
        )
    return in_params


def are_numbers(names: list[str]) -> bool:
    """Return whether the names of classes are numbers."""
    return all(name.isdecimal() for name in names)


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
    # NaN differs from every integer, so it is reported below.
    with np.errstate(invalid="ignore"):
        integers = numbers.astype(np.uint8, copy=False)
    changed = numbers[integers != numbers]
    if len(changed):
        raise UserError(
            "its values are not all whole numbers from 0 to 255, but for example "
            f"{changed[0]}; scale its pixels to this range"
        )
    return integers
