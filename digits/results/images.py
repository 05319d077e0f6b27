"""Read the images of a dataset that the stage `fetch` has written."""

import re
from collections.abc import Sequence

import numpy as np

from digits.core import paths
from digits.core.images import Images, list_classes, read_images
from digits.core.pixels import Vector
from digits.messages.errors import UserError, check_exists

ROW_RANGE = re.compile(r"(\d+)(?:-(\d+))?")  # `36001` or `0-9`


def read_dataset(name: str) -> Images:
    """Read the images of a dataset.

    Raises:
        UserError: its file is missing or damaged.
    """
    path = paths.raw(name)
    check_exists(path, f"fetch@{name}")
    return read_images(path)


def list_class_names(images: Images) -> list[str]:
    """Return the names of the classes, or their numbers as text if they have no names."""
    return [str(name) for name in list_classes(images)]


def parse_rows(ranges: Sequence[str], dataset: str, n_images: int) -> Vector:
    """Return the row numbers in ranges such as `36001` and `0-9`, in the given order.

    Raises:
        UserError: a range is malformed, or exceeds the dataset.
    """
    rows: list[int] = []
    for text in ranges:
        match = ROW_RANGE.fullmatch(text)
        numbers = range(int(match[1]), int(match[2] or match[1]) + 1) if match else range(0)
        if not numbers:
            raise UserError(
                f"{text!r} is neither a number such as 36001 nor a range such as 0-9"
            )
        if numbers[-1] >= n_images:
            raise UserError(
                f"{dataset} has no image {numbers[-1]}; allowed: 0 to {n_images - 1}"
            )
        rows += numbers
    return np.array(rows)
