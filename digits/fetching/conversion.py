"""Convert what a source returns to `Images`."""

import math
import textwrap
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from digits.core.images import Images
from digits.core.on_disk import concatenate_on_disk
from digits.core.pixels import PIXEL_MAX, Pixels, Vector
from digits.messages.errors import UserError
from digits.settings.params import RESERVED_NAME, DatasetParams
from digits.sources import Collection

MAX_CLASSES = 256


def make_images(collection: Collection, dataset: DatasetParams) -> Images:
    """Read the pixels of a source's images, and make the table of everything else about them.

    Args:
        collection: the images, as a source returns them.
        dataset: the entry of params.yaml.

    Raises:
        UserError: some pictures cannot be read, or the pixels or classes are not as the entry
            of params.yaml says.
    """
    rows = collection.rows
    blocks = collection.blocks()
    if dataset.transpose:
        blocks = (transpose(block, dataset.shape) for block in blocks)
    X = concatenate_on_disk(to_uint8(block) for block in blocks)
    classes, found_names = encode_classes(rows["class"])
    n_classes = int(classes.max()) + 1
    names = choose_names(found_names, dataset.names, n_classes)
    expected_shape = (len(classes), math.prod(dataset.shape))
    pixel_max = dataset.pixel_max or PIXEL_MAX
    largest = X.max(initial=0)
    if X.shape != expected_shape or largest > pixel_max:
        raise UserError(
            f"{len(classes)} labels, pixels of shape {X.shape} up to {largest}; "
            f"expected images of {' × '.join(map(str, dataset.shape))} values from 0 to "
            f"{pixel_max}"
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
    # In the source, the height and the width are swapped, too.
    images = np.asarray(block).reshape(-1, width, height, *channels)
    return images.swapaxes(1, 2).reshape(len(images), -1)


def encode_classes(classes: pd.Series) -> tuple[Vector, list[str] | None]:
    """Return the number of each image's class, and the names of the classes.

    The classes are sorted by name, or by number if all names are numbers, and numbered from 0.
    Without names, the classes are 0, 1, 2 and so on, without a gap.

    Args:
        classes: the class of each image, as text or as a whole number, shape (n_images,).

    Raises:
        UserError: there are too few or too many classes, or one has the reserved name.
    """
    codes, unique = pd.factorize(classes, use_na_sentinel=False)
    if pd.api.types.is_numeric_dtype(unique):
        unique = to_text(unique)  # the text of every image would take much memory
    names = sorted(unique)
    if not 2 <= len(names) <= MAX_CLASSES:
        listed = textwrap.shorten(", ".join(names), 60)
        raise UserError(f"{len(names)} classes ({listed}); allowed: 2 to {MAX_CLASSES}")
    if RESERVED_NAME in names:
        raise UserError(f"the name of the class {RESERVED_NAME!r} is reserved; rename it")
    if all(name.isdecimal() for name in names):
        names.sort(key=int)
    positions = pd.Index(names).get_indexer(unique)  # of each unique class
    numbers = positions.astype(np.uint8)[codes]
    are_positions = names == [str(position) for position in range(len(names))]
    return numbers, None if are_positions else names


def to_text(numbers: pd.Index) -> pd.Index:
    """Return whole numbers as text, such as `3` for 3.0.

    Raises:
        UserError: a number is missing, or is not whole.
    """
    not_whole = numbers[numbers % 1 != 0]
    if len(not_whole):
        raise UserError(f"a class is {not_whole[0]}; expected whole numbers, or names")
    return numbers.astype(int).astype(str)


def choose_names(
    found: list[str] | None, written: list[str] | None, n_classes: int
) -> list[str] | None:
    """Return the names of the classes.

    Args:
        found: the names that the source has, or None if they are 0, 1, 2 and so on.
        written: the names in params.yaml, or None. They replace found names that are numbers.
        n_classes: the number of classes.

    Raises:
        UserError: there are fewer or more written names than classes.
    """
    are_numbers = found is None or all(name.isdecimal() for name in found)
    if written is None or not are_numbers:
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
    # NaN becomes an arbitrary integer, so that the comparison below fails.
    with np.errstate(invalid="ignore"):
        integers = numbers.astype(np.uint8, copy=False)
    if not np.array_equal(integers, numbers):
        raise UserError(
            "its values are not all whole numbers from 0 to 255; if they are pixels, the key "
            "`scale` of the layout changes their range"
        )
    return integers
