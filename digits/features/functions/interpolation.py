"""Reading images between their pixels, and deskewing: centring a digit and shearing it until it stands upright."""

import numpy as np
import numpy.typing as npt

Images = npt.NDArray[np.float32]


def interpolate(images: Images, rows: Images, columns: Images) -> Images:
    """Read images of shape (images, height, width) at fractional places, bilinearly; 0 outside.

    `rows` and `columns` broadcast with them. SciPy's `map_coordinates` takes three times as long on many small images.
    """
    count, height, width = images.shape
    stride = width + 3
    padded = np.pad(images, [(0, 0), (1, 2), (1, 2)]).ravel()
    y = np.clip(rows + np.float32(1), 0, np.float32(height + 1))
    x = np.clip(columns + np.float32(1), 0, np.float32(width + 1))
    top, left = y.astype(np.int32), x.astype(np.int32)
    y, x = y - top.astype(np.float32), x - left.astype(np.float32)
    place = top * np.int32(stride) + left
    place = place + np.arange(count, dtype=np.int32)[:, None, None] * np.int32((height + 3) * stride)
    upper = padded[place]
    upper += (padded[place + 1] - upper) * x
    place += stride
    lower = padded[place]
    lower += (padded[place + 1] - lower) * x
    return upper + (lower - upper) * y


def moments(images: Images) -> tuple[Images, Images, Images]:
    """Return the row and column of the centre of mass, and the slant, of images of shape (images, height, width).

    Each is of shape (images, 1, 1), 0 without ink. The slant is how many pixels the ink moves right for each one down.
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
