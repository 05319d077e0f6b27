"""Split a digit that is more likely two digits that touch.

A digit is cut in two where the product of the normality of both halves is the highest, if
that product is large enough.
"""

from collections.abc import Callable, Sequence
from itertools import chain
from operator import attrgetter

import numpy as np
from skimage import measure

from digits.core.pixels import Pixels, Vector
from digits_handwriting.components import Component, Digit, draw_digit
from digits_handwriting.ink import EDGE, Ink

# There are two digits if the product of the normality of both halves is more than this many
# times the normality of the whole. Chosen on pairs of MNIST's training images that overlap by
# 1 to 4 pixels, on single training images, and on letters and shapes.
MIN_RATIO = 7

# Cuts are tried at a distance of the height divided by this number.
STEPS_PER_HEIGHT = 20

# No cut is tried in this share of the width at either side.
CUT_MARGIN = 0.25

# A half that is lower than this share of the height is a part of a digit.
MIN_HALF_HEIGHT = 0.7


ComputeNormality = Callable[[Pixels], Vector]


def split(digits: Sequence[Digit], compute_normality: ComputeNormality) -> list[list[Digit]]:
    """Split digits that are more likely two digits than one.

    Args:
        digits: at least one digit.
        compute_normality: returns the normality of each image, above 0 and at most 1.

    Returns:
        for each digit its halves, or only the digit itself.
    """
    normalities = compute_normality(np.array([digit.image for digit in digits]))
    split_digits = []
    for digit, normality in zip(digits, normalities.tolist(), strict=True):
        min_product = MIN_RATIO * normality
        halves = None
        if min_product < 1:  # no product is above 1
            halves = find_halves(digit, min_product, compute_normality)
        split_digits.append(halves or [digit])
    return split_digits


def find_halves(
    digit: Digit, min_product: float, compute_normality: ComputeNormality
) -> list[Digit] | None:
    """Return the pair of halves whose normality has the highest product.

    Args:
        digit: the digit.
        min_product: what the product must exceed.
        compute_normality: returns the normality of each image.

    Returns:
        the halves. None if no cut is good enough.
    """
    pairs = make_pairs(digit)
    if not pairs:
        return None
    images = np.array([half.image for half in chain.from_iterable(pairs)])
    left_and_right = compute_normality(images).reshape(-1, 2)
    products = left_and_right.prod(axis=1)
    if products.max() <= min_product:
        return None
    return pairs[products.argmax()]


def make_pairs(digit: Digit) -> list[list[Digit]]:
    """Return both halves at each vertical cut that leaves two halves of nearly full height."""
    height, width = digit.ink.shape
    first = max(1, CUT_MARGIN * width)
    last = (1 - CUT_MARGIN) * width
    step = max(1, height / STEPS_PER_HEIGHT)
    columns = np.arange(first, last, step).round().astype(int)
    pairs = []
    for column in columns.tolist():
        left_ink, right_ink = np.split(digit.ink, [column], axis=1)
        left = draw_half(left_ink, digit)
        right = draw_half(right_ink, digit)
        if left is not None and right is not None:
            x, y, box_width, box_height = digit.box
            left_width = round(box_width * column / width)
            left_box = (x, y, left_width, box_height)
            right_box = (x + left_width, y, box_width - left_width, box_height)
            pairs.append([left._replace(box=left_box), right._replace(box=right_box)])
    return pairs


def draw_half(ink: Ink, digit: Digit) -> Digit | None:
    """Draw the largest component of the ink at one side of a cut.

    Smaller components were cut off the other half.

    Args:
        ink: the ink of the digit at this side.
        digit: the digit.

    Returns:
        the half, with a box in pixels of the ink. None if it is too low for a digit.
    """
    labels = measure.label(ink > EDGE)
    regions = measure.regionprops(labels)
    if not regions:
        return None
    region = max(regions, key=attrgetter("area"))
    top, left, bottom, right = region.bbox
    component = Component(top, left, bottom, right, (region.label,))
    if component.height < MIN_HALF_HEIGHT * digit.ink.shape[0]:
        return None
    return draw_digit(ink, labels, component, digit.image.shape[0], is_alone=False)
