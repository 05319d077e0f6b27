"""Remove what touches the edges of a picture: frames, dark tables, and cut-off writing."""

from digits.handwriting.ink import EDGE, Ink
from digits.handwriting.regions import EIGHT_NEIGHBOURS, Integers, Labels, Mask, border, bounds

import numpy as np
from scipy import ndimage

# A ring of pixels around the picture is part of a frame if this share of each side is ink.
FRAMED = 0.6

# Rings are removed from the outside until one is no part of a frame. Their number is at most
# the shorter side of the picture divided by RINGS_DIVISOR, or MIN_RINGS if that is more.
RINGS_DIVISOR = 25
MIN_RINGS = 4

# A component that is more than this many times as tall as most others is not a digit. It is a
# part of a grid, or a column of small print. Digits with long tails are less tall.
GIANT = 4

# `find_giants` weights each component by its area. A component that is narrower than this share
# of its height, such as a one, gets the weight of a component of this width.
MIN_WIDTH = 1 / 3

# The usual height is the median height of the components that have at least this share of the
# height of the tallest one. Dust is thus left out, and the median ignores a single digit with a
# long tail.
MIN_SHARE_OF_TALLEST = 0.3

# Nothing is removed if no component that is away from the edge has at least this share of the
# picture's longer side as its height.
MIN_HEIGHT = 1 / 20

# A component at the edge of the picture is removed if it is short: if its height is less than
# this share of the usual height.
MIN_HEIGHT_AT_EDGE = 0.6

# A component at the edge is also removed if its longer side is more than this many times the
# usual height.
MAX_SIDE_AT_EDGE = 1.5

# A component at the edge is also removed if at least this share of its longer side is there.
MAX_CONTACT = 0.8

# A short component is also removed if it is only near the edge, because a page that was
# straightened has white corners between its edge and that of the picture. Near means closer
# than the usual height divided by this number.
NEAR_DIVISOR = 6

# A short component near the edge stays if a component that is not short is near it, because
# both may be parts of one digit. Near then means closer than the usual height divided by this
# number.
NEAR_DIGIT_DIVISOR = 4


def clear_frame(ink: Ink) -> None:
    """Remove a frame around the picture.

    Args:
        ink: the ink, which is changed.
    """
    height, width = ink.shape
    n_rings = max(MIN_RINGS, min(ink.shape) // RINGS_DIVISOR)
    for ring in range(n_rings):
        if min(ink.shape) <= 2 * ring:
            return
        rows = slice(ring, height - ring)
        columns = slice(ring, width - ring)
        sides = [
            ink[ring, columns],
            ink[-1 - ring, columns],
            ink[rows, ring],
            ink[rows, -1 - ring],
        ]
        if min((side > EDGE).mean() for side in sides) < FRAMED:
            return
        for side in sides:
            side[:] = 0


def remove(ink: Ink) -> Ink:
    """Return the ink without a dark table, the edge of a page, and writing that is cut off.

    A digit that touches the edge stays if it is about as tall as the other digits, and does
    not lie along the edge.
    """
    labels, n_labels = ndimage.label(ink > EDGE, EIGHT_NEIGHBOURS)
    boxes = bounds(labels)
    starts = boxes[:, :2]
    stops = boxes[:, 2:]
    sizes = stops - starts
    heights = sizes[:, 0]
    widths = sizes[:, 1]
    longer_sides = sizes.max(axis=1)
    n_pixels_at_edge = np.bincount(border(labels), minlength=n_labels + 1)
    n_at_edge = n_pixels_at_edge[1:]  # label 0 is paper
    is_inner = n_at_edge == 0
    is_giant = find_giants(heights[is_inner], widths[is_inner])
    inner_heights = heights[is_inner][~is_giant]
    if inner_heights.max(initial=0) < max(ink.shape) * MIN_HEIGHT:
        return ink

    usual = usual_height(inner_heights)
    is_short = heights < MIN_HEIGHT_AT_EDGE * usual
    is_along_edge = n_at_edge >= MAX_CONTACT * longer_sides
    is_long = longer_sides > MAX_SIDE_AT_EDGE * usual
    is_removed = (n_at_edge > 0) & (is_short | is_long | is_along_edge)

    margin = 1 + usual // NEAR_DIVISOR
    begins_near = (starts < margin).any(axis=1)
    ends_near = (stops > np.array(ink.shape) - margin).any(axis=1)
    is_near_digit = find_near(labels, ~is_short, usual / NEAR_DIGIT_DIVISOR)
    is_removed |= is_short & (begins_near | ends_near) & ~is_near_digit
    return np.where(np.append(False, is_removed)[labels], 0, ink)


def find_near(labels: Labels, is_target: Mask, distance: float) -> Mask:
    """Return which components are near certain components, or are one of them.

    Args:
        labels: the component of each pixel, or 0.
        is_target: for each component, whether the others may be near it.
        distance: components that are at most about this many pixels apart are near.
    """
    target_pixels = np.append(False, is_target)[labels]
    near_targets = ndimage.maximum_filter(target_pixels, 1 + int(2 * distance))
    return np.isin(np.arange(1, len(is_target) + 1), labels[near_targets])


def find_giants(heights: Integers, widths: Integers) -> Mask:
    """Return which components are far taller than most others.

    The components are compared with the weighted median of their heights. The weight of a
    component is its area, so that dust counts little. Its width is counted as at least
    `MIN_WIDTH` times its height, and as at most its height.

    Args:
        heights: the height of each component, in pixels.
        widths: the width of each component, in pixels.
    """
    if not heights.size:
        return np.zeros(0, bool)
    order = heights.argsort()
    weights = heights * np.clip(widths, MIN_WIDTH * heights, heights)
    total_weights = weights[order].cumsum()
    middle = np.searchsorted(total_weights, total_weights[-1] / 2)
    weighted_median = heights[order[middle]]
    return heights > GIANT * weighted_median


def usual_height(heights: Integers) -> float:
    """Return the median height of components, without those much less tall than the tallest.

    Args:
        heights: the heights, at least one.
    """
    return float(np.median(heights[heights >= MIN_SHARE_OF_TALLEST * heights.max()]))
