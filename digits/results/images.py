"""Read the images of a dataset that the stage `fetch` has written."""

import re
from collections.abc import Sequence

import numpy as np

from digits.core import paths
from digits.core.images import Images, read_images
from digits.core.pixels import Vector
from digits.messages.errors import UserError

ROW_RANGE = re.compile(r"(\d+)(?:-(\d+))?")  # `36001` or `0-9`


def read_dataset(name: str) -> Images:
    """Read the images of a dataset.

    Raises:
        UserError: its file is missing or damaged.
    """
    path = paths.raw(name)
    if not path.exists():
        raise missing_images_error(name)
    return read_images(path)


def list_class_names(images: Images) -> list[str]:
    """Return the names of the classes, or their numbers as text if they have no names."""
    return images.class_names or [str(number) for number in range(images.classes.max() + 1)]


def name_image(images: Images, row: int) -> str:
    """Return the file of an image, or else its row number, such as `row 18`."""
    return f"row {row}" if images.files is None else images.files[row]


def parse_rows(ranges: Sequence[str], dataset: str, n_images: int) -> Vector:
    """Return the row numbers in ranges such as `36001` and `0-9`, in the given order.

    Args:
        ranges: the ranges.
        dataset: the name of the dataset.
        n_images: its number of images.

    Raises:
        UserError: a range is malformed, or exceeds the dataset.
    """
    rows = []
    for text in ranges:
        first, last = parse_row_range(text)
        if last >= n_images:
            raise UserError(f"{dataset} has no image {last}; allowed: 0 to {n_images - 1}")
        rows.append(np.arange(first, last + 1))
    return np.concatenate(rows)


def missing_images_error(name: str) -> UserError:
    """Return the error if the images of a dataset are missing."""
    path = paths.raw(name)
    return UserError(
        f"{path} was not found; run `dvc repro fetch@{name}`, or `dvc pull {path}` if it was "
        "shared"
    )


def parse_row_range(text: str) -> tuple[int, int]:
    """Return the first and the last row number of a range such as `36001` or `0-9`.

    Raises:
        UserError: the range is malformed.
    """
    match = ROW_RANGE.fullmatch(text)
    if match:
        first = int(match[1])
        last = int(match[2] or match[1])
        if first <= last:
            return first, last
    raise UserError(f"{text!r} is neither a number such as 36001 nor a range such as 0-9")
