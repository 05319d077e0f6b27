"""Deskewing: centring a digit and shearing it until it leans neither left nor right."""

from digits.learning.transformers.interpolation import Images, interpolate

import numpy as np


def moments(images: Images) -> tuple[Images, Images, Images]:
    """Return the row and the column of the centre of mass, and the slant, of images of shape (images, height, width).

    Each is of shape (images, 1, 1), and 0 without ink. The centre counts pixels from the middle of the first; the slant
    is how many pixels the ink moves right for each pixel down.
    """
    rows = np.arange(images.shape[1], dtype=np.float32)[:, None]
    columns = np.arange(images.shape[2], dtype=np.float32)
    ink = images.sum(axis=(1, 2), keepdims=True) + np.float32(1e-6)
    row = (images * rows).sum(axis=(1, 2), keepdims=True) / ink
    column = (images * columns).sum(axis=(1, 2), keepdims=True) / ink
    below, beside = rows - row, columns - column
    spread = (images * below * below).sum(axis=(1, 2), keepdims=True)
    slant = (images * below * beside).sum(axis=(1, 2), keepdims=True) / np.maximum(spread, np.float32(1e-3))
    return row, column, slant


def upright(images: Images) -> Images:
    """Return images with the centre of mass in the middle and without slant; one without ink stays as it is."""
    row, column, slant = moments(images)
    from_middle, across = (np.arange(side, dtype=np.float32) - np.float32((side - 1) / 2) for side in images.shape[1:])
    down = from_middle[:, None]
    return interpolate(images, row + down, column + across + slant * down)
