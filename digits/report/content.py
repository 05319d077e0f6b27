"""What the report's page says of a dataset."""

import hashlib
from typing import NamedTuple

from digits.io import parquet, paths
from digits.io.tables import IMAGES, Pixels, Vector
from digits.results import drawing, wording

import numpy as np

SAMPLES = 10  # of each class on the sample sheet


class Dataset(NamedTuple):
    """A dataset with all of its images; pictures are given as the addresses that `drawing.in_page` returns."""

    name: str
    images: Pixels  # shape (images, height, width)
    classes: Vector  # shape (images,)
    own_names: list[str] | None  # of the classes; None for digits

    @property
    def names(self) -> list[str]:
        """The name of each class, by its number."""
        return wording.label_names("", None, self.own_names)

    @property
    def noun(self) -> str:
        """What the page calls a class."""
        return "class" if self.own_names else "digit"

    @property
    def sha256(self) -> str:
        """The digest of all pixels."""
        return hashlib.sha256(self.images.tobytes()).hexdigest()

    def averages(self) -> list[tuple[str, int, str]]:
        """Return the name of each class that has images, their number, and the picture of their mean."""
        of_classes = [(self.names[label], self.images[self.classes == label]) for label in np.unique(self.classes)]
        return [
            (name, len(images), drawing.in_page(images.mean(axis=0, keepdims=True).astype(np.uint8)))
            for name, images in of_classes
        ]

    def sheet(self) -> str:
        """Return a picture of the first images of each class, a row for each; black ones where there are too few."""
        first = [self.images[self.classes == label][:SAMPLES] for label in np.unique(self.classes)]
        rows = [np.pad(batch, [(0, SAMPLES - len(batch)), (0, 0), (0, 0)]) for batch in first]
        return drawing.in_page(np.concatenate(rows), columns=SAMPLES)


def read_dataset(name: str) -> Dataset:
    """Read a dataset that has been fetched."""
    path = paths.raw(name)
    info = parquet.image_info(path)
    images = parquet.read_pixels(path).reshape(-1, *info.shape)
    return Dataset(name, images, parquet.read_column(path, IMAGES, "class"), info.names)
