"""Deskew digits: centre them, and remove their slant."""

import numpy as np

from digits.imaging.interpolation import FloatImages, interpolate

# Lower bounds, so that nothing is divided by 0 in an image without ink, or with one row of ink.
NO_INK = 1e-6
MIN_VARIANCE = 1e-3


def deskew(images: FloatImages) -> FloatImages:
    """Return images with the centre of mass in the middle and without slant.

    An image without ink stays as it is.

    Args:
        images: shape (n_images, height, width), 0 where there is no ink.
    """
    height, width = images.shape[1:]
    mean_row, mean_column, slant = moments(images)
    down = np.arange(height, dtype=np.float32) - (height - 1) / 2
    right = np.arange(width, dtype=np.float32) - (width - 1) / 2
    down = down[:, np.newaxis]
    rows = mean_row + down
    columns = mean_column + right + slant * down
    return interpolate(images, rows, columns)


def moments(images: FloatImages) -> tuple[FloatImages, FloatImages, FloatImages]:
    """Return the centre of mass of images, and their slant.

    Args:
        images: shape (n_images, height, width), 0 where there is no ink.

    Returns:
        The row of the centre, its column, and the slant: how many pixels the ink moves to the
        right per pixel down. Each has the shape (n_images, 1, 1), and is 0 without ink.
    """
    height, width = images.shape[1:]
    rows = np.arange(height, dtype=np.float32)[:, np.newaxis]
    columns = np.arange(width, dtype=np.float32)
    ink = total(images) + NO_INK
    mean_row = total(images * rows) / ink
    mean_column = total(images * columns) / ink

    down = rows - mean_row
    right = columns - mean_column
    row_variance: FloatImages = np.maximum(total(images * down * down), MIN_VARIANCE)
    slant: FloatImages = total(images * down * right) / row_variance
    return mean_row, mean_column, slant


def total(images: FloatImages) -> FloatImages:
    """Return the sum of all pixels of each image, shape (n_images, 1, 1)."""
    return images.sum(axis=(1, 2), keepdims=True)
