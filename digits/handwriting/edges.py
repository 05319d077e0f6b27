"""Remove what the edges of a picture cut off: frames, dark tables, writing that goes on."""

from digits.handwriting.ink import EDGE, Ink
from digits.handwriting.regions import EIGHT_NEIGHBOURS, Integers, Mask, border, bounds

import numpy as np
from scipy import ndimage

# A ring of pixels around the picture is part of a frame if this share of each side is ink.
FRAMED = 0.6

# The number of rings that are searched for a frame is the shorter side of the picture divided
# by the first of these numbers. It is at least the second one.
RINGS_DIVISOR = 25
MIN_RINGS = 4

# A component that is more than this many times as high as most others is no digit. It is a part
# of a grid, or small print that runs from top to bottom. A digit with a long tail is lower.
GIANT = 4

# A component that is narrower than this share of its height, such as a one, has the weight of a
# component of this width when the usual height is looked for.
MIN_WIDTH = 1 / 3

# The usual height is the median height of the components. Components lower than this share of
# the tallest are left out. Therefore neither a single digit with a long tail nor dust changes
# the usual height.
LOW = 0.3

# If the tallest digit is lower than this share of the longer side of the picture, nothing is
# removed.
MIN_HEIGHT = 1 / 20

# A component at the edge is cut off in three cases: if it is lower than this share of the usual
# height,
MIN_HEIGHT_AT_EDGE = 0.6
# if its longer side is more than this many times the usual height,
MAX_SIDE_AT_EDGE = 1.5
# or if at least this share of its longer side is at the edge.
MAX_CONTACT = 0.8

# A low component near the edge is cut off, too, because a turned page has white corners. It is
# near if it is closer than the usual height divided by this number. It stays if something that
# is not low is closer to it than a quarter of the usual height.
NEAR_DIVISOR = 6


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

    A digit that touches the edge stays. It is about as high as the other digits.
    """
    labels, n_labels = ndimage.label(ink > EDGE, EIGHT_NEIGHBOURS)
    boxes = bounds(labels)
    starts = boxes[:, :2]
    stops = boxes[:, 2:]
    sizes = stops - starts
    heights = sizes[:, 0]
    widths = sizes[:, 1]
    longer_sides = sizes.max(axis=1)
    n_at_edge = np.bincount(border(labels), minlength=n_labels + 1)[1:]  # label 0 is paper
    is_inner = n_at_edge == 0
    is_giant = find_giants(heights[is_inner], widths[is_inner])
    inner_heights = heights[is_inner][~is_giant]
    if inner_heights.max(initial=0) < max(ink.shape) * MIN_HEIGHT:
        return ink

    usual = usual_height(inner_heights)
    is_low = heights < MIN_HEIGHT_AT_EDGE * usual
    is_along_edge = n_at_edge >= MAX_CONTACT * longer_sides
    is_odd = is_low | is_along_edge | (longer_sides > MAX_SIDE_AT_EDGE * usual)
    is_cut_off = is_odd & (n_at_edge > 0)

    margin = 1 + usual // NEAR_DIVISOR
    begins_near = (starts < margin).any(axis=1)
    ends_near = (stops > np.array(ink.shape) - margin).any(axis=1)
    is_high = np.append(False, ~is_low)  # label 0 is paper
    near_high = ndimage.maximum_filter(is_high[labels], 1 + int(usual) // 2)
    is_near_high = np.isin(np.arange(1, n_labels + 1), labels[near_high])
    is_cut_off |= is_low & (begins_near | ends_near) & ~is_near_high
    is_removed = np.append(False, is_cut_off)
    return np.where(is_removed[labels], 0, ink)


def find_giants(heights: Integers, widths: Integers) -> Mask:
    """Return which components are far higher than most others.

    The components are compared with the weighted median of their heights. The weight of a
    component is its area, so that dust counts little. For the weight, the width is clipped to
    between `MIN_WIDTH` times the height and the height.

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
    """Return the usual height of components, of which there is at least one."""
    return float(np.median(heights[heights >= LOW * heights.max()]))
