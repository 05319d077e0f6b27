"""Find out whether most images are large, in colour, and photos."""

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

N_SAMPLES = 100  # the largest number of pictures that are measured
MAX_SIDE = 256  # the largest side of images of arrays and tables, which are not resized

# The saturation of a pixel is the difference between the largest and the smallest of red, green
# and blue: 0 to 255. A picture is in colour if its mean saturation is larger than 20. Scans of
# grey pictures have a small saturation.
MIN_COLOR = 20

# A photo has sides of at least this many pixels. Smaller pictures are icons or digits.
MIN_PHOTO_SIDE = 64

# A pixel is background if it differs by less than 16 of 255 from the border of the picture. A
# picture is a drawing if most of its pixels are background.
MAX_BACKGROUND_DIFFERENCE = 16

# With so many images or more, models learn from principal components of the features.
MANY_IMAGES = 1_700
N_COMPONENTS_OF_PHOTOS = 300  # the files of models then have less than 20 MB
N_COMPONENTS_OF_DRAWINGS = 60  # the training then takes a fifth of the time

# Edge directions need square images, which are at least 20 pixels wide.
MIN_SIDE_OF_GRADIENTS = 20

N_FOLDS_OF_PHOTOS = 5


class ImageTraits(NamedTuple):
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


# The traits of pictures of digits. They are also used for pictures that will be added later.
DEFAULT_TRAITS = ImageTraits(are_pictures=True, is_color=False, is_photo=False, shape=[28, 28])


def find_traits(collection: Collection) -> ImageTraits:
    """Return what most images look like.

    Raises:
        UserError: the images of an array or a table are too large.
    """
    if collection.pictures is not None:
        return find_traits_of_pictures(collection.pictures(), len(collection.rows))
    shape = collection.shape
    if max(shape) > MAX_SIDE:
        raise UserError(
            f"images of {' × '.join(map(str, shape))} values cannot be used, because they are "
            f"larger than {MAX_SIDE} × {MAX_SIDE} pixels"
        )
    is_color = len(shape) == 3
    return ImageTraits(are_pictures=False, is_color=is_color, is_photo=False, shape=shape)


def find_traits_of_pictures(contents: Iterator[Path | bytes], n_pictures: int) -> ImageTraits:
    """Return what most pictures of a sample look like.

    Pictures that cannot be read are ignored. They are reported later.
    """
    step = math.ceil(n_pictures / N_SAMPLES)
    measured = [measure_picture(source) for source in islice(contents, 0, None, step)]
    readable = [measures for measures in measured if measures is not None]
    if not readable:
        return DEFAULT_TRAITS
    medians = pd.DataFrame(readable).median()
    is_color = bool(medians["colour"] > MIN_COLOR)
    is_large = medians["side"] >= MIN_PHOTO_SIDE
    is_drawing = not is_color and medians["background"] >= 0.5
    is_photo = bool(is_large and not is_drawing)
    shape = [64, 64] if is_photo else [28, 28]
    if is_color:
        shape.append(3)
    return ImageTraits(True, is_color, is_photo, shape)


def measure_picture(source: Path | bytes) -> dict[str, float] | None:
    """Return measures of a picture, or None if it cannot be read.

    Returns:
        side: the shorter side, in pixels.
        colour: the mean saturation, 0 to 255.
        background: the fraction of the pixels that are background.
    """
    try:
        opened = source if isinstance(source, Path) else BytesIO(source)
        image, _ = pictures.read_image(opened, mode="RGB")
    except (OSError, UserError):
        return None
    pixels = np.array(image, dtype=int)
    [background] = median_of_border(pixels[np.newaxis])  # of a batch of one picture
    differences = np.abs(pixels - background).max(axis=2)
    is_background = differences < MAX_BACKGROUND_DIFFERENCE
    return {
        "side": min(image.size),
        "colour": np.ptp(pixels, axis=2).mean(),
        "background": is_background.mean(),
    }
