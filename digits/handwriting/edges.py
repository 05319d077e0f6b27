"""Take out of a picture what its edges cut off: frames, dark tables, writing that goes on elsewhere."""

from digits.handwriting import ink as inks
from digits.handwriting import lines
from digits.handwriting.ink import EDGE, Ink

import numpy as np
from scipy import ndimage


def clear_frame(ink: Ink) -> None:
    """Wipe out a frame: rings of pixels around the picture that are inked nearly all along."""
    height, width = ink.shape
    for i in range(max(4, min(ink.shape) // 25)):
        rows, columns = slice(i, height - i), slice(i, width - i)
        sides = [ink[i, columns], ink[-1 - i, columns], ink[rows, i], ink[rows, -1 - i]]
        if min(ink.shape) <= 2 * i or min((side > EDGE).mean() for side in sides) < 0.6:
            return
        for side in sides:
            side[:] = 0


def remove(ink: Ink) -> Ink:
    """Return the ink without what leaves the picture: a dark table, a page's edge, cut-off writing.

    A digit that touches the edge stays: it is about as high as the others, and alone it has no others.
    """
    labels, _ = ndimage.label(ink > EDGE, np.ones((3, 3)))
    boxes = lines.bounds(labels)
    heights, sides = boxes[:, 2] - boxes[:, 0], (boxes[:, 2:] - boxes[:, :2]).max(axis=1)
    contact = np.bincount(inks.border(labels), minlength=len(boxes) + 1)[1:]
    usual = heights[contact == 0].max(initial=0)
    if usual < max(ink.shape) / 20:
        return ink
    is_low = heights < 0.6 * usual
    leaves = (contact > 0) & ((sides > 1.5 * usual) | is_low | (contact >= 0.8 * sides))
    reach = 1 + usual // 6  # of the edge, which a turned page's white corners may hide
    is_near = (boxes[:, :2] < reach).any(axis=1) | (
        boxes[:, 2:] > np.array(ink.shape) - reach
    ).any(axis=1)
    by_digits = ndimage.maximum_filter(np.append(False, ~is_low)[labels], 1 + usual // 2)
    is_part = np.isin(np.arange(len(boxes)) + 1, labels[by_digits])  # of a digit
    leaves |= is_low & is_near & ~is_part
    return np.where(np.append(False, leaves)[labels], 0, ink)
