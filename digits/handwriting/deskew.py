"""Straighten a page that is turned a little: find the slope of its lines, and shift its columns and rows by it."""

from collections.abc import Iterator

from digits.handwriting.ink import Ink

import numpy as np
import numpy.typing as npt

Mask = npt.NDArray[np.bool_]

STEEPEST = 0.05  # slope of a turned page's lines


def estimate_slope(dark: Mask) -> float:
    """Return the slope by which the page is turned: where the sums of its rows and columns differ most."""
    y, x = np.nonzero(dark)
    step = max(1, len(y) // 50_000)
    y, x = y[::step], x[::step]
    slopes = sorted(np.linspace(-STEEPEST, STEEPEST, 41).tolist(), key=abs)

    def contrast(slope: float) -> float:
        (down, most), (right, _) = _shifts(slope, dark.shape)
        rows = y + down[x] + most
        columns = x + right[rows] + 2 * most  # twice: it is of rows that were moved
        return sum(
            float(np.square(np.bincount(each).astype(float)).sum()) for each in (rows, columns)
        )

    return max(slopes, key=contrast)


def _shifts(slope: float, shape: tuple[int, ...]) -> Iterator[tuple[npt.NDArray[np.intp], int]]:
    """Yield by how much each column moves down, and each row then to the right, and the most that they do."""
    height, width = shape
    most = int(np.ceil(STEEPEST * max(shape)))
    yield np.round(-slope * np.arange(width)).astype(int), most
    yield np.round(slope * np.arange(height + 2 * most)).astype(int), most


def shear(ink: Ink, slope: float) -> Ink:
    """Turn a page by a small slope, by shifting columns and then rows; -1 is outside of it."""
    for shift, most in _shifts(slope, ink.shape):
        padded = np.pad(ink, ((most, most), (0, 0)), constant_values=-1)
        index = (np.arange(len(padded))[:, None] - shift) % len(padded)
        ink = np.take_along_axis(padded, index, axis=0).T
    return ink


def unshear(mask: Mask, slope: float, shape: tuple[int, ...]) -> Mask:
    """Return of a mask of the turned page the one of the page, whose shape is given."""
    for shift, most in reversed(list(_shifts(slope, shape))):
        mask = mask.T
        index = (np.arange(len(mask))[:, None] + shift) % len(mask)
        mask = np.take_along_axis(mask, index, axis=0)[most : len(mask) - most]
    return mask
