"""Tell whether anything can be seen on images."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

# An image is blank if its values differ by less than this share of the largest possible value.
# The noise of an empty sheet of paper has less, and a photo of a lawn has more.
MIN_CONTRAST = 0.05


def find_blank(rows: NDArray[Any], pixel_max: int) -> NDArray[np.bool_]:
    """Return a mask of the images on which hardly anything can be seen, shape (n_images,).

    Args:
        rows: the pixels, shape (n_images, n_values). They need not fit into memory.
        pixel_max: the largest value that a pixel can have.
    """
    return np.ptp(rows, axis=1) < MIN_CONTRAST * pixel_max
