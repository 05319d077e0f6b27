"""Split two digits that touch, where two are more likely than one.

The weights are those of a logistic regression, rounded, that tells pairs of training images, pushed together until
they overlap by 1 to 4 pixels, from single ones. docs/handwriting/measured.md measures what that gives.
"""

from collections.abc import Callable, Iterator, Sequence

from digits.core.tables import Pixels, Vector
from digits.handwriting import lines
from digits.handwriting.components import Digit
from digits.handwriting.ink import EDGE
from digits.handwriting.normalize import normalize

import numpy as np
from scipy import ndimage

STEPS = 20  # cuts to try, on a width that equals the height
MARGIN = 0.15  # of the width, at either side; no cut is tried there
TALL = 0.7  # of the height; a half that is lower is a part of a digit
SCRAP = 0.15  # of a half's largest component; less was cut off the other half
DARK = 0.9  # of full ink; a half without any as dark is no digit

MEDIAN, LOW = (
    5.1,
    -76.6,
)  # the median and the 1 % quantile of the training images' log densities, for which these are:
WHOLE = 0.5  # weights against the worse half's log density: of the whole's,
DOUBT = (
    5  # of the logarithm of the probability that the whole is another class than the likeliest,
)
WIDE = 60  # and of width / height
TWO = 80  # the sum from which there are two digits; the regression's 70 cuts twice as many single ones
LIKELY = (
    -50,
    60,
)  # the worse half's log density is at least the first, and for no digits above the second

Judge = Callable[[Pixels], Vector]


def split(digits: Sequence[Digit], confidence: Judge, log_density: Judge) -> list[list[Digit]]:
    """Return for each digit, drawn in 28 × 28, its halves if they are more likely two digits than one, else itself.

    There is at least one. `confidence` returns the probability of each image's likeliest class, below 1, `log_density`
    how likely each image is among the training images, as a logarithm on the scale of `MEDIAN` and `LOW`.
    """
    images = np.array([digit.image for digit in digits])
    doubt = DOUBT * np.log(1 - confidence(images)) - WHOLE * log_density(images)
    found = []
    for digit, unlike_one in zip(digits, doubt.tolist(), strict=True):
        least = max(LIKELY[0], TWO - unlike_one - WIDE * digit.box[2] / digit.box[3])
        halves = (
            None if digit.alone or least > LIKELY[1] else _halves(digit, least, log_density)
        )
        found.append(halves or [digit])
    return found


def _halves(digit: Digit, least: float, log_density: Judge) -> list[Digit] | None:
    """Return the halves whose worse one is likeliest; None if it does not reach the least log density that it must."""
    pairs = list(_cuts(digit))
    if not pairs:
        return None
    images = np.array([half.image for pair in pairs for half in pair])
    worse = log_density(images).reshape(-1, 2).min(axis=1)
    return pairs[worse.argmax()] if worse.max() > least else None


def _cuts(digit: Digit) -> Iterator[list[Digit]]:
    """Yield the halves at each straight cut from top to bottom that leaves two of about the same height."""
    height, width = digit.ink.shape
    columns = (
        np.arange(max(1, MARGIN * width), (1 - MARGIN) * width, max(1, height / STEPS))
        .round()
        .astype(int)
    )
    for column in columns.tolist():
        halves = [_half(digit, *side) for side in ((0, column), (column, width))]
        pair = [half for half in halves if half is not None]
        if len(pair) == 2:
            yield pair


def _half(digit: Digit, start: int, stop: int) -> Digit | None:
    """Return what is between two columns, without the scraps of the other half; None if it can be no digit."""
    ink = digit.ink[:, start:stop]
    labels, count = ndimage.label(ink > EDGE, np.ones((3, 3)))
    amounts = ndimage.sum_labels(ink, labels, np.arange(1, count + 1))
    kept = np.isin(labels, 1 + np.flatnonzero(amounts >= SCRAP * amounts.max(initial=0)))
    ink = np.where(ndimage.binary_dilation(kept, np.ones((3, 3))), ink, 0)
    if not kept.any() or ink.max() < DARK:
        return None
    [[whole_top, whole_left, whole_bottom, _]], [[top, left, bottom, right]] = (
        lines.bounds(mask.astype(np.int32)).tolist() for mask in (digit.ink > EDGE, kept)
    )
    height, whole_height = bottom - top, whole_bottom - whole_top
    if height < TALL * whole_height:
        return None
    x, y, _, box_height = digit.box
    scale = box_height / whole_height
    x, y = round(x + (start + left - whole_left) * scale), round(y + (top - whole_top) * scale)
    box = (x, y, round((right - left) * scale), round(height * scale))
    return Digit(box, normalize(ink, digit.image.shape[0]), ink, alone=False)
