"""Deform images of digits at random, to have more images to train on.

Each image is rotated, sheared, scaled and shifted at random, and then bent by a smooth random
field. Source: P. Simard, D. Steinkraus, J. Platt, "Best practices for convolutional neural
networks applied to visual document analysis" (2003). No image is mirrored.

A deformed image is a row of a table that may have any number of rows. It depends only on the
seed and on the number of its row, neither on the other rows nor on the number of cores.
"""

from collections.abc import Sequence
from typing import Any

from digits.core.tables import Pixels
from digits.features.transforms.interpolation import FloatImages, interpolate

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]

# The random numbers of so many rows are drawn together. A block is one task for a core.
BLOCK_SIZE = 1_000

# So many rows are deformed together, because their numbers fit into the cache of a core.
BATCH_SIZE = 100

# The standard deviations of the deformations. They are so small that people still read every
# digit. Lengths are fractions of the height of the image for a movement down, and of its width
# for a movement to the right.
ROTATION = 0.1  # in radians
SHEAR = 0.1  # in pixels to the right per pixel down
SCALE = 0.07  # as a fraction of the height, and independently of the width
SHIFT = 0.025
BEND = 0.04
SMOOTHNESS = 1 / 7  # not a deviation: the width of the Gaussians that the field consists of


def list_blocks(first_row: int, end_row: int) -> list[range]:
    """Return the rows from `first_row` to before `end_row`, divided into blocks."""
    first_block_start = first_row - first_row % BLOCK_SIZE
    blocks = []
    for block_start in range(first_block_start, end_row, BLOCK_SIZE):
        start = max(first_row, block_start)
        stop = min(end_row, block_start + BLOCK_SIZE)
        if start < stop:
            blocks.append(range(start, stop))
    return blocks


def deform_rows(originals: Pixels, shape: Sequence[int], rows: range, seed: int) -> Pixels:
    """Return the deformed images of some rows of one block.

    Row r is made from the original with the number r modulo the number of originals.

    Args:
        originals: the pixels, shape (n_originals, height * width), 0 to 255.
        shape: the height and the width.
        rows: the numbers of the rows.
        seed: the seed of the random numbers.

    Returns:
        Shape (n_rows, height * width).
    """
    height, width = shape
    down_gaussians = make_gaussians(height)
    right_gaussians = make_gaussians(width)

    # The numbers are drawn for the whole block, so that those of a row are always the same.
    block = rows.start // BLOCK_SIZE
    rng = np.random.Generator(np.random.Philox(key=[seed, block]))
    numbers = rng.standard_normal((6, BLOCK_SIZE, 1, 1), dtype=np.float32)
    noise_shape = (2, BLOCK_SIZE, down_gaussians.shape[1], right_gaussians.shape[1])
    noise = rng.standard_normal(noise_shape, dtype=np.float32)

    batches = []
    for start in range(rows.start, rows.stop, BATCH_SIZE):
        batch_rows = np.arange(start, min(start + BATCH_SIZE, rows.stop))
        images = originals[batch_rows % len(originals)].reshape(-1, height, width)
        rows_in_block = batch_rows % BLOCK_SIZE
        field = down_gaussians @ noise[:, rows_in_block] @ right_gaussians.T
        batches.append(deform(images, numbers[:, rows_in_block], field))
    return np.concatenate(batches).reshape(len(rows), -1)


def deform(images: Pixels, numbers: Floats, field: Floats) -> Pixels:
    """Return deformed images.

    Args:
        images: shape (n_images, height, width), 0 to 255.
        numbers: six standard normal numbers per image, shape (6, n_images, 1, 1): for the
            rotation, the shear, the shifts down and to the right, and the vertical and the
            horizontal scale.
        field: how far each pixel is bent down and to the right, with a standard deviation of 1,
            shape (2, n_images, height, width).
    """
    height, width = images.shape[1:]
    rotation, shear, shift_down, shift_right, vertical_scale, horizontal_scale = numbers
    bend_down, bend_right = np.float32(BEND) * field
    down = bend_down + np.float32(SHIFT) * shift_down
    right = bend_right + np.float32(SHIFT) * shift_right

    # The coordinates of the pixels of the deformed image, from its centre.
    centre_row = np.float32((height - 1) / 2)
    centre_column = np.float32((width - 1) / 2)
    y = np.arange(height, dtype=np.float32)[:, np.newaxis] - centre_row
    x = np.arange(width, dtype=np.float32) - centre_column
    y = (1 + np.float32(SCALE) * vertical_scale) * y
    x = (1 + np.float32(SCALE) * horizontal_scale) * x

    # The random number is the tangent of the angle. The last bits of NumPy's sine and cosine
    # differ among processors, those of a square root do not.
    tangent = np.float32(ROTATION) * rotation
    cosine = 1 / np.sqrt(1 + tangent * tangent)
    sine = tangent * cosine

    # The positions in the original image that the pixels are read from.
    rows = cosine * y - sine * x + (height * down + centre_row)
    sheared_sine = sine + np.float32(SHEAR) * shear
    columns = sheared_sine * y + cosine * x + (width * right + centre_column)

    # Pixels from outside the original image have the brightness of its background.
    background = median_of_border(images)
    deformed = interpolate(images - background, rows, columns) + background
    return np.rint(deformed).astype(np.uint8)


def median_of_border(images: Pixels) -> FloatImages:
    """Return the median of the outermost pixels of each image, shape (n_images, 1, 1)."""
    edges = [images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1]]
    border = np.concatenate(edges, axis=1)
    median = np.median(border, axis=1).astype(np.float32)
    return median[:, np.newaxis, np.newaxis]


def make_gaussians(size: int) -> Floats:
    """Return Gaussians along one side of an image, shape (size, n_gaussians).

    A sum of them with standard normal weights has the variance 1 at every pixel.
    """
    centres = np.linspace(-SMOOTHNESS, 1, 2 + round(1 / SMOOTHNESS))
    positions = np.arange(size)[:, np.newaxis] / size
    gaussians = np.exp(-(((positions - centres) / SMOOTHNESS) ** 2) / 2)
    standard_deviation = np.sqrt((gaussians**2).sum(axis=1, keepdims=True))
    # Rounded, because the last bits of NumPy's exponential differ among processors.
    return (gaussians / standard_deviation).round(6).astype(np.float32)
