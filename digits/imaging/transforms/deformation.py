"""Deform images of digits at random, to have more images to train on.

Each image is rotated, sheared, scaled and shifted at random, and then bent by a smooth random
field. Source: P. Simard, D. Steinkraus, J. Platt, "Best practices for convolutional neural
networks applied to visual document analysis" (2003). No image is mirrored.

Deformed image r comes from original r % n_originals. It depends only on its original, the seed
and r, and not on the other deformed images or the number of cores.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from digits.core.pixels import Pixels
from digits.imaging.transforms.binary_grid import round_to_grid
from digits.imaging.transforms.border import median_of_border
from digits.imaging.transforms.interpolation import interpolate

Floats = npt.NDArray[np.floating[Any]]

# Rows are deformed in blocks of this size. Each block has its own random generator, and is one
# task of joblib.
BLOCK_SIZE = 1_000

# This many rows are deformed together, so that a batch fits into a core's cache.
BATCH_SIZE = 100

# The random field is a sum of Gaussians on a grid. This is the spacing of the centres, as a
# fraction of the image's height and width. Their standard deviation is the same.
SMOOTHNESS = 1 / 7


class Strength(NamedTuple):
    """How much images are deformed: the standard deviation of each deformation.

    Vertical lengths are fractions of the image's height, horizontal ones of its width.
    """

    rotation: float  # the tangent of the angle
    shear: float  # in pixels to the right per pixel down
    scale: float  # of the height and, independently, of the width
    shift: float
    bend: float


# For new training images. People can still read each digit.
STRONG = Strength(rotation=0.1, shear=0.1, scale=0.07, shift=0.025, bend=0.04)

# For a few copies of images that are near the border between two classes.
MILD = Strength(rotation=0.06, shear=0.06, scale=0.06, shift=0.025, bend=0.02)


def list_blocks(first_row: int, end_row: int) -> list[range]:
    """Return range(first_row, end_row), cut where a block ends."""
    first_block_start = first_row - first_row % BLOCK_SIZE
    blocks = []
    for block_start in range(first_block_start, end_row, BLOCK_SIZE):
        start = max(first_row, block_start)
        stop = min(end_row, block_start + BLOCK_SIZE)
        if start < stop:
            blocks.append(range(start, stop))
    return blocks


def deform_rows(
    originals: Pixels, shape: Sequence[int], rows: range, seed: int, strength: Strength
) -> Pixels:
    """Return the deformed images of some rows of one block.

    Args:
        originals: the pixels, shape (n_originals, height * width).
        shape: the height and the width.
        rows: the numbers of the rows, which must be in one block (see `list_blocks`).
        seed: the seed of the random numbers.
        strength: how much the images are deformed.

    Returns:
        Shape (n_rows, height * width).
    """
    height, width = shape
    vertical_gaussians = make_gaussians(height)
    horizontal_gaussians = make_gaussians(width)

    # Numbers are drawn for the whole block, so that a row always gets the same ones.
    block = rows.start // BLOCK_SIZE
    rng = np.random.Generator(np.random.Philox(key=[seed, block]))
    # The two axes of length 1 broadcast over the height and the width.
    random_numbers = rng.standard_normal((6, BLOCK_SIZE, 1, 1), dtype=np.float32)
    n_gaussians = [vertical_gaussians.shape[1], horizontal_gaussians.shape[1]]
    weights = rng.standard_normal((2, BLOCK_SIZE, *n_gaussians), dtype=np.float32)
    weights = round_to_grid(weights)

    batches = []
    for start in range(rows.start, rows.stop, BATCH_SIZE):
        batch_rows = np.arange(start, min(start + BATCH_SIZE, rows.stop))
        images = originals[batch_rows % len(originals)].reshape(-1, height, width)
        rows_in_block = batch_rows % BLOCK_SIZE
        # Shape (2, n_images, height, width).
        field = vertical_gaussians @ weights[:, rows_in_block] @ horizontal_gaussians.T
        field = field.astype(np.float32)
        batches.append(deform(images, random_numbers[:, rows_in_block], field, strength))
    return np.concatenate(batches).reshape(len(rows), -1)


def deform(images: Pixels, random_numbers: Floats, field: Floats, strength: Strength) -> Pixels:
    """Return deformed images.

    Args:
        images: shape (n_images, height, width).
        random_numbers: six standard normal numbers per image, shape (6, n_images, 1, 1): for
            the rotation, the shear, the shifts down and to the right, and the vertical and the
            horizontal scale.
        field: the random field that moves each pixel down and to the right, with a standard
            deviation of 1, shape (2, n_images, height, width).
        strength: how much the images are deformed.
    """
    height, width = images.shape[1:]
    rotation, shear, shift_down, shift_right, vertical_scale, horizontal_scale = random_numbers
    bend_down, bend_right = strength.bend * field
    down = bend_down + strength.shift * shift_down
    right = bend_right + strength.shift * shift_right

    # The coordinates of the pixels of the deformed image, from its centre.
    centre_row = (height - 1) / 2
    centre_column = (width - 1) / 2
    y = np.arange(height, dtype=np.float32)[:, np.newaxis] - centre_row
    x = np.arange(width, dtype=np.float32) - centre_column
    y = (1 + strength.scale * vertical_scale) * y
    x = (1 + strength.scale * horizontal_scale) * x

    # The tangent of the angle is drawn instead of the angle, so that only a square root is
    # needed. The last bits of NumPy's sine and cosine differ among processors.
    tangent = strength.rotation * rotation
    cosine = 1 / np.sqrt(1 + tangent * tangent)
    sine = tangent * cosine

    # The positions in the original image from which the pixels are read: the centre plus the
    # shift plus the matrix [[cosine, -sine], [sine + shear, cosine]] times (y, x). A larger
    # scale therefore makes a smaller digit.
    rows = cosine * y - sine * x + (height * down + centre_row)
    sheared_sine = sine + strength.shear * shear
    columns = sheared_sine * y + cosine * x + (width * right + centre_column)

    # `interpolate` gives 0 outside the original image. The background is therefore subtracted,
    # and added again.
    medians = median_of_border(images).astype(np.float32)
    background = medians[:, np.newaxis, np.newaxis]
    deformed = interpolate(images - background, rows, columns) + background
    return np.rint(deformed).astype(np.uint8)


def make_gaussians(size: int) -> Floats:
    """Return Gaussians along one side of an image, shape (size, n_gaussians).

    A sum of them with standard normal weights has the variance 1 at every pixel.
    """
    # From one step before the first pixel to the end of the image.
    centres = np.linspace(-SMOOTHNESS, 1, 2 + round(1 / SMOOTHNESS))
    positions = np.arange(size)[:, np.newaxis] / size
    gaussians = np.exp(-(((positions - centres) / SMOOTHNESS) ** 2) / 2)
    standard_deviation = np.sqrt((gaussians**2).sum(axis=1, keepdims=True))
    # In float64, the sums that `deform_rows` makes of values on the grid are exact.
    return round_to_grid(gaussians / standard_deviation).astype(np.float64)
