"""Look at somebody's images: their size, their colours, and whether they are photos."""

import math
from collections.abc import Iterator
from io import BytesIO
from itertools import islice
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd

from digits.data.intake.collection import Collection
from digits.imaging import pictures
from digits.imaging.transforms.border import median_of_border
from digits.proposing.choose import N_FOLDS
from digits.settings.errors import UserError

# At most this many pictures are measured.
N_SAMPLES = 100

# A picture is in colour if the largest and the smallest of red, green and blue differ by more
# than this on average, of 255. Grey scans are not quite grey.
MIN_COLOR = 20

# A photo has sides of at least this many pixels. Smaller pictures are icons or digits.
MIN_PHOTO_SIDE = 64

# A pixel is background if it differs by less than this from the edge of the picture. A picture
# is a drawing if most of its pixels are background.
MAX_BACKGROUND_DIFFERENCE = 16

# From so many images on, models learn from principal components of their features.
MANY_IMAGES = 1_700
N_COMPONENTS_OF_PHOTOS = 300  # the files of models then have less than 20 MB
N_COMPONENTS_OF_DRAWINGS = 60  # the training then takes a fifth of the time

# Edge directions need images that are square, and at least this high and wide.
MIN_SIDE_OF_GRADIENTS = 20

N_FOLDS_OF_PHOTOS = 5


class Look(NamedTuple):
    """What most of your images look like. The new params.yaml depends on it.

    Attributes:
        are_pictures: whether the images are pictures, which are resized. Otherwise, they are
            arrays of pixels.
        is_color: whether they are in colour.
        is_photo: whether they are photos. Otherwise they are small, or drawings.
        shape: the shape to which they should be resized, or that they have.
    """

    are_pictures: bool
    is_color: bool
    is_photo: bool
    shape: list[int]

    @property
    def n_folds(self) -> int:
        """The number of folds of each model."""
        return N_FOLDS_OF_PHOTOS if self.is_photo else N_FOLDS

    @property
    def suits_gradients(self) -> bool:
        """Whether a model can learn from edge directions and deformed copies of the images."""
        height, width = self.shape[:2]
        is_square = height == width
        return not self.is_color and is_square and height >= MIN_SIDE_OF_GRADIENTS

    def choose_n_components(self, n_images: int) -> int | None:
        """Return the number of principal components of the features, or None for no PCA."""
        if n_images < MANY_IMAGES:
            return None
        return N_COMPONENTS_OF_PHOTOS if self.is_photo else N_COMPONENTS_OF_DRAWINGS


# What pictures that are not there yet are expected to look like.
UNKNOWN = Look(are_pictures=True, is_color=False, is_photo=False, shape=[28, 28])


def look_at(collection: Collection) -> Look:
    """Return what most images look like.

    Raises:
        UserError: the shape of the images is not known.
    """
    if collection.pictures is not None:
        return look_at_pictures(collection.pictures(), len(collection.rows))
    shape = collection.shape
    if not 2 <= len(shape) <= 3 or max(shape) > 256:
        raise UserError(
            f"images of {' × '.join(map(str, shape))} values cannot be used, because they are "
            "not square, or larger than 256 × 256 pixels"
        )
    is_color = len(shape) == 3
    return Look(are_pictures=False, is_color=is_color, is_photo=False, shape=shape)


def look_at_pictures(contents: Iterator[Path | bytes], n_pictures: int) -> Look:
    """Return what most pictures of a sample look like.

    Pictures that cannot be read do not count. All of them are reported later.
    """
    step = math.ceil(n_pictures / N_SAMPLES)
    measured = [measure_picture(source) for source in islice(contents, 0, None, step)]
    readable = [measures for measures in measured if measures is not None]
    if not readable:
        return UNKNOWN
    side, color, background = pd.DataFrame(readable).median()
    is_color = color > MIN_COLOR
    is_photo = side >= MIN_PHOTO_SIDE and (is_color or background < 0.5)
    shape = [64, 64] if is_photo else [28, 28]
    return Look(True, is_color, is_photo, [*shape, 3] if is_color else shape)


def measure_picture(source: Path | bytes) -> tuple[int, float, float] | None:
    """Return the shorter side, how colourful the picture is, and its share of background.

    The result is None if the picture cannot be read.
    """
    try:
        opened = source if isinstance(source, Path) else BytesIO(source)
        image, _ = pictures.read_image(opened, mode="RGB")
    except (OSError, UserError):
        return None
    pixels = np.array(image, dtype=int)
    [background] = median_of_border(pixels[np.newaxis])
    differences = np.abs(pixels - background).max(axis=2)
    is_background = differences < MAX_BACKGROUND_DIFFERENCE
    return min(image.size), np.ptp(pixels, axis=2).mean(), is_background.mean()
