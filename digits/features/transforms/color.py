"""Convert images in colour to brightness, or to a histogram of their colours.

Each function takes pixels of shape (n_images, height * width * 3), which are red, green and
blue in turn, and returns as many rows. It learns nothing from the images.
"""

import numpy as np
import numpy.typing as npt
from PIL import Image

from digits.core.tables import Pixels

# The weights of red, green and blue in the brightness, as in ITU-R BT.601.
WEIGHTS = np.array([0.299, 0.587, 0.114], dtype=np.float32)

# The number of ranges into which hue, saturation and value are divided.
BINS = np.array([16, 4, 8])


def to_brightness(X: Pixels) -> Pixels:
    """Return the brightness of pixels, shape (n_images, height * width).

    It is from 0 to the largest value of the pixels.
    """
    n_pixels = X.shape[-1] // 3
    brightness = X.reshape(*X.shape[:-1], n_pixels, 3) @ WEIGHTS
    return np.round(brightness).astype(np.uint8)


def color_histogram(X: Pixels, pixel_max: int = 255) -> npt.NDArray[np.float32]:
    """Return the square roots of the shares of pixels of each colour, shape (n_images, 512).

    A colour is a range of hue, one of saturation and one of value. The square root lets a rare
    colour count nearly as much as a frequent one. Source: M. Swain, D. Ballard, "Color
    indexing", 1991.

    Args:
        X: the pixels.
        pixel_max: the largest value that a pixel can have.
    """
    histograms = np.empty((len(X), BINS.prod()), dtype=np.float32)
    for image, histogram in zip(X, histograms, strict=True):
        # Pillow takes a picture: here, a column of pixels.
        rgb = (image.reshape(-1, 1, 3) * (255 / pixel_max)).astype(np.uint8)
        hsv = np.asarray(Image.fromarray(rgb).convert("HSV")).reshape(-1, 3)
        hue, saturation, value = (hsv * BINS // 256).T
        numbers = np.ravel_multi_index((hue, saturation, value), BINS)
        histogram[:] = np.bincount(numbers, minlength=len(histogram)) / len(hsv)
    return np.sqrt(histograms)
