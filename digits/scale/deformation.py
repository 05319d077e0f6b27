"""Deformed copies of images, for training: of a dataset that is enlarged, and of an experiment's `copies`.

A random field bends each image smoothly (P. Simard, D. Steinkraus, J. Platt, Best practices for convolutional neural
networks applied to visual document analysis, 2003), after a random rotation, shear, scaling and shift. None is
mirrored. A copy follows from the seed and its row alone, whatever else is made, and with however many cores.
"""

from collections.abc import Sequence

from digits.core.tables import Pixels, Scores
from digits.features.functions.interpolation import interpolate

import joblib
import numpy as np

BLOCK = 1_000  # rows whose random numbers are drawn together: a task
BATCH = 100  # rows that are deformed together: their numbers fit a core's cache
# Standard deviations: small enough that people still read every digit.
ROTATION = 0.1  # radians
SHEAR = 0.1  # pixels to the side for each pixel down
SCALE = 0.07  # of the height and of the width, each its own
SHIFT = 0.025  # of the height down, of the width to the side
BEND = 0.04  # the same
SMOOTH = 1 / 7  # the same; the width of Simard's Gaussian


def add_copies(pixels: Pixels, shape: Sequence[int], copies: int, seed: int) -> Pixels:
    """Return images of shape (rows, height * width), 0 to 255, and after them `copies` deformed ones of all of them."""
    tasks = [(pixels, shape, rows, seed) for rows in blocks(len(pixels), (1 + copies) * len(pixels))]
    made = joblib.Parallel(joblib.cpu_count(), prefer="threads")(joblib.delayed(deformed)(*task) for task in tasks)
    return np.concatenate([pixels, *made]) if made else pixels


def blocks(first: int, last: int) -> list[range]:
    """Return the rows from `first` to before `last`, those of each block by themselves."""
    starts = range(first - first % BLOCK, last, BLOCK)
    return [rows for start in starts if (rows := range(max(first, start), min(start + BLOCK, last)))]


def deformed(originals: Pixels, shape: Sequence[int], rows: range, seed: int) -> Pixels:
    """Return deformed images for rows of one block, like originals of shape (images, height * width), 0 to 255.

    Row r is made of the original r modulo their number.
    """
    random = np.random.Generator(np.random.Philox(key=[seed, rows.start // BLOCK]))
    down, side = map(_bumps, shape)
    numbers = random.standard_normal((6, BLOCK, 1, 1), np.float32)
    noise = random.standard_normal((2, BLOCK, down.shape[1], side.shape[1]), np.float32)
    result = []
    for start in range(rows.start, rows.stop, BATCH):
        batch = np.arange(start, min(start + BATCH, rows.stop))
        images = originals[batch % len(originals)].reshape(-1, *shape)
        result.append(_deform(images, numbers[:, batch % BLOCK], down @ noise[:, batch % BLOCK] @ side.T))
    return np.concatenate(result).reshape(len(rows), -1)


def _deform(images: Pixels, numbers: Scores, field: Scores) -> Pixels:
    """Deform images of shape (images, height, width), given standard normal numbers.

    `numbers` has the shape (6, images, 1, 1), `field`, which bends down and to the side, (2, images, height, width).
    From outside comes the median of the outermost pixels. NumPy's sine differs in its last bits among processors.
    """
    height, width = images.shape[1:]
    rotation, shear, down, side, tall, wide = numbers
    bend = np.float32(BEND) * field
    down, side = bend[0] + np.float32(SHIFT) * down, bend[1] + np.float32(SHIFT) * side
    y = np.arange(height, dtype=np.float32)[:, None] - np.float32((height - 1) / 2)
    x = np.arange(width, dtype=np.float32) - np.float32((width - 1) / 2)
    sine = np.float32(ROTATION) * rotation  # of a small angle, until it is made one of a true rotation
    cosine = 1 / np.sqrt(1 + sine * sine)
    sine = sine * cosine
    y, x = (1 + np.float32(SCALE) * tall) * y, (1 + np.float32(SCALE) * wide) * x
    rows_at = cosine * y - sine * x + (height * down + np.float32((height - 1) / 2))
    columns_at = (sine + np.float32(SHEAR) * shear) * y + cosine * x + (width * side + np.float32((width - 1) / 2))
    border = np.concatenate([images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1]], axis=1)
    background = np.median(border, axis=1).astype(np.float32)[:, None, None]
    return np.rint(interpolate(images - background, rows_at, columns_at) + background).astype(np.uint8)


def _bumps(size: int) -> Scores:
    """Return Gaussians in a row, of shape (size, Gaussians); random sums of them have the variance 1 everywhere."""
    middles = np.linspace(-SMOOTH, 1, 2 + round(1 / SMOOTH))
    bumps = np.exp(-(((np.arange(size)[:, None] / size - middles) / SMOOTH) ** 2) / 2)
    return (bumps / np.sqrt((bumps**2).sum(axis=1, keepdims=True))).round(6).astype(np.float32)
