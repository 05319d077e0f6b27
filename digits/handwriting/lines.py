"""Take printed lines out of a picture: frames, combs, ruled and squared paper; strokes that cross them stay.

The thresholds were chosen on training images, drawn on pages by bench/paper.py.
"""

from collections.abc import Iterator

from digits.handwriting.ink import Ink

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Mask = npt.NDArray[np.bool_]

FAINT = 0.1  # of full ink; fainter belongs to no line
SHORTEST = 15  # pixels of a line, in pictures of up to 600 pixels; the 40th part of the side in larger ones
GAP = 5  # pixels, at most, where a line is broken
STEEPEST = 0.05  # slope of a turned page's lines
NARROW = 6  # times as long as wide, at least, is a line
LONG = 25  # the same, where its ends are free
NEAR = 2  # pixels from a line's end to the next line
CROSSED = 1.6  # times the ink of a line's cross-section is a stroke that crosses it


def remove(ink: Ink) -> tuple[Ink, Mask]:
    """Return the ink without its lines, and where they were."""
    slope = _slope(ink > FAINT)
    sheared = _shear(ink, slope)
    outside, dark = sheared < 0, sheared > FAINT
    across, down = _runs(dark), _runs(dark.T)
    horizontal = _lines(across, (down > 0).T | outside)
    vertical = _lines(down, (horizontal | outside).T, horizontal.T)
    horizontal = _lines(across, vertical.T | outside)
    clear = _without_crossings(sheared, horizontal, vertical.T) | _without_crossings(sheared.T, vertical, horizontal.T).T
    removed = _unshear(clear, slope, ink.shape)
    return np.where(removed, 0, ink), removed


def _slope(dark: Mask) -> float:
    """Return the slope by which the page is turned: where the sums of its rows and columns differ most."""
    y, x = np.nonzero(dark)
    step = max(1, len(y) // 50_000)
    y, x = y[::step], x[::step]
    slopes = sorted(np.linspace(-STEEPEST, STEEPEST, 41).tolist(), key=abs)

    def contrast(slope: float) -> float:
        sums = [np.bincount((a - slope * b + sum(dark.shape)).astype(int)) for a, b in ((y, x), (x, -y))]
        return sum(float(np.square(each.astype(float)).sum()) for each in sums)

    return max(slopes, key=contrast)


def _shifts(slope: float, shape: tuple[int, ...]) -> Iterator[tuple[npt.NDArray[np.intp], int]]:
    """Yield by how much each column moves down, and each row then to the right, and the most that they do."""
    height, width = shape
    most = int(np.ceil(STEEPEST * max(shape)))
    yield np.round(-slope * np.arange(width)).astype(int), most
    yield np.round(slope * np.arange(height + 2 * most)).astype(int), most


def _shear(ink: Ink, slope: float) -> Ink:
    """Turn a page by a small slope, by shifting columns and then rows; -1 is outside of it."""
    for shift, most in _shifts(slope, ink.shape):
        padded = np.pad(ink, ((most, most), (0, 0)), constant_values=-1)
        index = (np.arange(len(padded))[:, None] - shift) % len(padded)
        ink = np.take_along_axis(padded, index, axis=0).T
    return ink


def _unshear(mask: Mask, slope: float, shape: tuple[int, ...]) -> Mask:
    for shift, most in reversed(list(_shifts(slope, shape))):
        mask = mask.T
        index = (np.arange(len(mask))[:, None] + shift) % len(mask)
        mask = np.take_along_axis(mask, index, axis=0)[most : len(mask) - most]
    return mask


def _runs(dark: Mask) -> npt.NDArray[np.int32]:
    """Label the narrow runs along the rows that are long enough for a line."""
    length = max(SHORTEST, max(dark.shape) // 40)
    closed = ndimage.minimum_filter1d(ndimage.maximum_filter1d(dark.view(np.uint8), GAP, 1), GAP, 1)
    opened = ndimage.maximum_filter1d(ndimage.minimum_filter1d(closed, length, 1), length, 1, origin=-1 + length % 2)
    labels, count = ndimage.label(opened, np.ones((3, 3)))
    areas = np.bincount(labels.ravel(), minlength=count + 1)
    kept = np.array([False, *(
        NARROW * areas[i + 1] <= (at[1].stop - at[1].start) ** 2 for i, at in enumerate(ndimage.find_objects(labels))
    )])
    return np.where(kept[labels], labels, 0)


def _lines(labels: npt.NDArray[np.int32], ends: Mask, across: Mask | None = None) -> Mask:
    """Return those of the labelled runs that are lines: they end at a line or the page's edge, or go on for half of it.

    Those down the page cross two lines across, or are teeth of a comb: alike, and on a line.
    """
    near = ndimage.maximum_filter(ends, 2 * NEAR + 1)
    kept = np.zeros(labels.max() + 1, bool)
    teeth = []
    for i, at in enumerate(ndimage.find_objects(labels), 1):
        if at is None:
            continue
        own = labels[at] == i
        length = own.shape[1]
        met = own & near[at]
        both = [bool(met[:, :NEAR].any()), bool(met[:, -NEAR:].any())]
        kept[i] = all(both) or (2 * length >= labels.shape[1] and length**2 >= LONG * own.sum())
        if across is not None:
            crossed = (own & ndimage.maximum_filter(across[at], 2 * NEAR + 1)).any(axis=0)
            times = np.count_nonzero(np.diff(crossed.astype(int), prepend=0) == 1)
            kept[i] &= times >= 2
            if times:
                teeth.append((i, at[1].start, at[1].stop))
    for i, start, stop in teeth:
        kept[i] |= sum(abs(start - a) <= 2 and abs(stop - b) <= 2 for _, a, b in teeth) >= 3
    return kept[labels]


def _without_crossings(ink: Ink, lines: Mask, others: Mask) -> Mask:
    """Return the lines' pixels and what is above and below, where no more ink is than a line's cross-section has."""
    others = ndimage.maximum_filter1d(others, 3, 1)
    runs, count = ndimage.label((ink > FAINT / 2) & ~others, np.array([[0, 1, 0]] * 3))
    sums = ndimage.sum_labels(ink, runs, np.arange(count + 1))
    of_line, total = ndimage.label(lines, np.ones((3, 3)))
    usual = np.zeros(total + 1)
    for i, at in enumerate(ndimage.find_objects(of_line)):
        own = np.unique(runs[at][of_line[at] == i + 1])
        usual[i + 1] = np.median(sums[own[own > 0]]) if own.any() else 0
    limit = np.zeros(count + 1)
    limit[runs[lines]] = usual[of_line[lines]]
    limit[0] = 0
    thin = (sums <= CROSSED * limit) & (limit > 0)
    return thin[runs] | (lines & others)
