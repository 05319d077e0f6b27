"""Split two digits that touch, if two digits are more likely than one.

The weights are those of a logistic regression, rounded. It was fitted on pairs of training
images that overlap by 1 to 4 pixels, and on single training images.
docs/handwriting.md measures how many pairs are split.
"""

from collections.abc import Callable, Sequence

from digits.core.tables import Pixels, Vector
from digits.handwriting.components import Digit
from digits.handwriting.ink import EDGE
from digits.handwriting.normalize import normalize
from digits.handwriting.regions import EIGHT_NEIGHBOURS, Box, Mask

import numpy as np
from scipy import ndimage
from skimage import measure

# Cuts are tried at a distance of the height divided by this number.
STEPS_PER_HEIGHT = 20

# No cut is tried in this share of the width at either side.
CUT_MARGIN = 0.15

# A half that is lower than this share of the height is a part of a digit.
MIN_HALF_HEIGHT = 0.7

# A component with less than this share of the ink of its half's largest component was cut off
# the other half.
MIN_PART_INK = 0.15

# A half whose darkest pixel has less ink is no digit.
MIN_HALF_INK = 0.9

# The median and the 1 % quantile of the log densities of MNIST's training images. The weights
# and thresholds below hold for log densities on this scale.
MEDIAN_DENSITY = 5.1
LOW_DENSITY = -76.6

# There are two digits if this sum is at least MIN_SUM: the log density of the worse half, minus
# WHOLE_WEIGHT times the log density of the whole, plus DOUBT_WEIGHT times the logarithm of the
# probability that the whole does not have the predicted label, plus WIDTH_WEIGHT times the
# width divided by the height. With the regression's own threshold, 70, twice as many single
# digits would be split.
WHOLE_WEIGHT = 0.5
DOUBT_WEIGHT = 5
WIDTH_WEIGHT = 60
MIN_SUM = 80

# The log density of the worse half is above the first number. If the sum needs more than the
# second number, no cut is tried, because few halves have it.
MIN_HALF_DENSITY = -50
MAX_HALF_DENSITY = 60

Judge = Callable[[Pixels], Vector]


def split(digits: Sequence[Digit], confidence: Judge, log_density: Judge) -> list[list[Digit]]:
    """Split digits that are more likely two digits than one.

    Args:
        digits: at least one digit, drawn in 28 × 28 pixels.
        confidence: returns the probability of the predicted label of each image, below 1.
        log_density: returns the log density of each image, on the scale of the constants above.

    Returns:
        for each digit its halves, or only the digit itself.
    """
    images = np.array([digit.image for digit in digits])
    log_doubt = np.log(1 - confidence(images))
    scores = DOUBT_WEIGHT * log_doubt - WHOLE_WEIGHT * log_density(images)
    split_digits = []
    for digit, score in zip(digits, scores.tolist(), strict=True):
        _, _, width, height = digit.box
        needed = max(MIN_HALF_DENSITY, MIN_SUM - score - WIDTH_WEIGHT * width / height)
        halves = None
        if not digit.is_alone and needed <= MAX_HALF_DENSITY:
            halves = find_halves(digit, needed, log_density)
        split_digits.append(halves or [digit])
    return split_digits


def find_halves(digit: Digit, needed: float, log_density: Judge) -> list[Digit] | None:
    """Return the pair of halves whose worse half has the highest log density.

    Args:
        digit: the digit.
        needed: the log density that the worse half must exceed.
        log_density: returns the log density of each image.

    Returns:
        the halves. None if no cut is good enough.
    """
    pairs = make_pairs(digit)
    if not pairs:
        return None
    images = np.array([half.image for pair in pairs for half in pair])
    densities = log_density(images).reshape(-1, 2)
    worse = densities.min(axis=1)
    if worse.max() <= needed:
        return None
    return pairs[worse.argmax()]


def make_pairs(digit: Digit) -> list[list[Digit]]:
    """Return the halves at each vertical cut that leaves two of about the same height."""
    height, width = digit.ink.shape
    first = max(1, CUT_MARGIN * width)
    last = (1 - CUT_MARGIN) * width
    step = max(1, height / STEPS_PER_HEIGHT)
    columns = np.arange(first, last, step).round().astype(int)
    whole = find_box(digit.ink > EDGE)
    pairs = []
    for column in columns.tolist():
        left = cut_half(digit, whole, 0, column)
        right = cut_half(digit, whole, column, width)
        if left is not None and right is not None:
            pairs.append([left, right])
    return pairs


def cut_half(digit: Digit, whole: Box, start: int, stop: int) -> Digit | None:
    """Return the part of a digit between two columns, without scraps of the other half.

    Args:
        digit: the digit.
        whole: the rectangle around it, in pixels of its ink.
        start: the first column.
        stop: the column after the last one.

    Returns:
        the half. None if it cannot be a digit.
    """
    ink = digit.ink[:, start:stop]
    labels, n_labels = ndimage.label(ink > EDGE, EIGHT_NEIGHBOURS)
    amounts = ndimage.sum_labels(ink, labels, np.arange(1, n_labels + 1))
    kept_labels = 1 + np.flatnonzero(amounts >= MIN_PART_INK * amounts.max(initial=0))
    is_kept = np.isin(labels, kept_labels)
    ink = np.where(ndimage.binary_dilation(is_kept, EIGHT_NEIGHBOURS), ink, 0)
    if ink.max() < MIN_HALF_INK:
        return None

    whole_left, whole_top, _, whole_height = whole
    left, top, width, height = find_box(is_kept)
    if height < MIN_HALF_HEIGHT * whole_height:
        return None
    x, y, _, box_height = digit.box
    scale = box_height / whole_height
    box = (
        round(x + (start + left - whole_left) * scale),
        round(y + (top - whole_top) * scale),
        round(width * scale),
        round(height * scale),
    )
    image = normalize(ink, digit.image.shape[0])
    return Digit(box, image, ink, is_alone=False)


def find_box(mask: Mask) -> Box:
    """Return x, y, width and height of the rectangle around the pixels of a mask."""
    [region] = measure.regionprops(mask.astype(np.uint8))
    top, left, bottom, right = region.bbox
    return left, top, right - left, bottom - top
