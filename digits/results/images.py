"""Read the images of a dataset that the stage `fetch` has written."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from digits.core import paths
from digits.core.images import read_images
from digits.core.pixels import Pixels, Vector
from digits.messages.errors import UserError

ROW_RANGE = re.compile(r"(\d+)(?:-(\d+))?")  # `36001` or `0-9`


@dataclass(frozen=True, eq=False)
class ImageDataset:
    """The images of a dataset.

    Attributes:
        name: the name of the dataset in params.yaml.
        pixels: shape (n_images, height, width) or, in colour, (n_images, height, width, 3).
        files: the path of each image's picture, or None if the images do not come from files.
        classes: the number of each image's class, shape (n_images,).
        class_names: the names of the classes, or their numbers as text if they have no names.
    """

    name: str
    pixels: Pixels
    files: list[str] | None
    classes: Vector
    class_names: list[str]

    @classmethod
    def read(cls, name: str) -> Self:
        """Read a dataset.

        Raises:
            UserError: its file is missing or damaged.
        """
        path = paths.raw(name)
        if not path.exists():
            raise missing_images_error(name)
        images = read_images(path)
        classes = images.table["class"].to_numpy()
        return cls(
            name=name,
            pixels=images.X.reshape(-1, *images.shape),
            files=images.table["file"].tolist() if "file" in images.table else None,
            classes=classes,
            class_names=images.class_names
            or [str(number) for number in range(classes.max() + 1)],
        )

    def name_image(self, row: int) -> str:
        """Return the file of an image, or else its row number, such as `row 18`."""
        return self.files[row] if self.files else f"row {row}"

    def parse_rows(self, ranges: Sequence[str]) -> Vector:
        """Return the row numbers in ranges such as `36001` and `0-9`, in the given order.

        Raises:
            UserError: a range is malformed, or exceeds the dataset.
        """
        n_images = len(self.classes)
        rows = []
        for text in ranges:
            first, last = parse_row_range(text)
            if last >= n_images:
                raise UserError(
                    f"{self.name} has no image {last}; allowed: 0 to {n_images - 1}"
                )
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
