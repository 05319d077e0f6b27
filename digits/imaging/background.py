"""Tell what the background of grey images is, and whether anything can be seen on it."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from digits.imaging.transforms.border import median_of_border

# A pixel is background if it differs from the border by less than this share of all values.
MAX_DIFFERENCE = 0.1

# An image has a background if at least this share of its pixels is background.
MIN_SHARE = 0.5

# The largest brightness of a dark background, and the smallest of a light one, 0 to 1.
MAX_DARK = 0.4
MIN_LIGHT = 0.6

# The share of images that must have the same background.
NEARLY_ALL = 0.95

# An image is blank if its values differ by less than this share of the largest possible value.
# The noise of an empty sheet of paper has less, and a photo of a lawn has more.
MIN_CONTRAST = 0.05


def classify_backgrounds(images: NDArray[Any], pixel_max: int) -> NDArray[np.str_]:
    """Return whether the background of each image is `dark` or `light`, or "" if neither.

    Args:
        images: grey, shape (n_images, height, width), 0 to `pixel_max`.
        pixel_max: the largest possible value.
    """
    brightness = images / pixel_max
    borders = median_of_border(brightness)
    differences = np.abs(brightness - borders[:, np.newaxis, np.newaxis])
    shares = (differences < MAX_DIFFERENCE).mean(axis=(1, 2))
    has_background = shares >= MIN_SHARE
    backgrounds = np.where(
        borders <= MAX_DARK, "dark", np.where(borders >= MIN_LIGHT, "light", "")
    )
    return np.where(has_background, backgrounds, "")


def find_common_background(images: NDArray[Any], pixel_max: int) -> str | None:
    """Return the background that nearly all images have, `dark` or `light`, or None.

    Args:
        images: grey, shape (n_images, height, width), 0 to `pixel_max`.
        pixel_max: the largest possible value.
    """
    backgrounds = classify_backgrounds(images, pixel_max)
    for background in ["dark", "light"]:
        if (backgrounds == background).mean() >= NEARLY_ALL:
            return background
    return None


def find_blank(rows: NDArray[Any], pixel_max: int) -> NDArray[np.bool_]:
    """Return a mask of the images on which hardly anything can be seen, shape (n_images,).

    Args:
        rows: the pixels, shape (n_images, n_values). They need not fit into memory.
        pixel_max: the largest value that a pixel can have.
    """
    return np.ptp(rows, axis=1) < MIN_CONTRAST * pixel_max
