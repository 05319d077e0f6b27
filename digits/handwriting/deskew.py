"""Straighten a page that is turned a little, by shifting its columns and rows."""

from digits.handwriting.ink import Ink
from digits.handwriting.regions import Integers, Mask

import numpy as np

# The lines of a turned page have at most this slope.
STEEPEST = 0.05

N_SLOPES = 41

# The slope is estimated from about this many pixels.
N_PIXELS = 50_000


def estimate_slope(dark: Mask) -> float:
    """Return the slope of the page's lines.

    It is the slope for which the straightened page is sharpest. If several are equally good, it
    is the smallest of them.
    """
    y, x = np.nonzero(dark)
    step = max(1, len(y) // N_PIXELS)
    y = y[::step]
    x = x[::step]
    slopes = np.linspace(-STEEPEST, STEEPEST, N_SLOPES).tolist()
    best_slope = 0.0
    best_sharpness = -1.0
    for slope in sorted(slopes, key=abs):
        sharpness = measure_sharpness(y, x, slope, dark.shape)
        if sharpness > best_sharpness:
            best_sharpness = sharpness
            best_slope = slope
    return best_slope


def measure_sharpness(y: Integers, x: Integers, slope: float, shape: tuple[int, ...]) -> float:
    """Return the sum of squares of the numbers of pixels in each row and column.

    It is high if lines are straight, because the pixels of a line then share a row or a column.

    Args:
        y: the rows of pixels.
        x: the columns of the pixels.
        slope: the slope by which the page is straightened first.
        shape: the shape of the page.
    """
    margin = max_shift(shape)
    rows = y + column_shifts(slope, shape)[x] + margin
    # `rows` has the margin above the page already. The second margin keeps columns positive.
    columns = x + row_shifts(slope, shape)[rows] + 2 * margin
    n_in_rows = np.bincount(rows).astype(float)
    n_in_columns = np.bincount(columns).astype(float)
    return float(np.square(n_in_rows).sum()) + float(np.square(n_in_columns).sum())


def max_shift(shape: tuple[int, ...]) -> int:
    """Return how many pixels a row or a column is shifted at most."""
    return int(np.ceil(STEEPEST * max(shape)))


def column_shifts(slope: float, shape: tuple[int, ...]) -> Integers:
    """Return how far down each column is shifted."""
    _, width = shape
    return np.round(-slope * np.arange(width)).astype(int)


def row_shifts(slope: float, shape: tuple[int, ...]) -> Integers:
    """Return how far to the right each row is shifted, once the columns have margins."""
    height, _ = shape
    n_rows = height + 2 * max_shift(shape)
    return np.round(slope * np.arange(n_rows)).astype(int)


def shear(ink: Ink, slope: float) -> Ink:
    """Straighten a page: shift its columns, then its rows.

    The page gets margins with the value -1, into which the ink is shifted. What is shifted out
    of them, from a corner of the page, comes in again at the opposite side.
    """
    margin = max_shift(ink.shape)
    shifts = [column_shifts(slope, ink.shape), row_shifts(slope, ink.shape)]
    for shift in shifts:
        padded = np.pad(ink, ((margin, margin), (0, 0)), constant_values=-1)
        rows = np.arange(len(padded))[:, np.newaxis]
        sources = (rows - shift) % len(padded)
        # The second shift is that of the transposed page's columns.
        ink = np.take_along_axis(padded, sources, axis=0).T
    return ink


def unshear(mask: Mask, slope: float, shape: tuple[int, ...]) -> Mask:
    """Undo `shear` for a mask: turn it back, and remove the margins.

    Args:
        mask: the mask of the straightened page.
        slope: the slope by which the page was straightened.
        shape: the shape of the page.
    """
    margin = max_shift(shape)
    shifts = [row_shifts(slope, shape), column_shifts(slope, shape)]
    for shift in shifts:
        mask = mask.T
        rows = np.arange(len(mask))[:, np.newaxis]
        sources = (rows + shift) % len(mask)
        mask = np.take_along_axis(mask, sources, axis=0)[margin : len(mask) - margin]
    return mask
