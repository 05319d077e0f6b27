"""Augmentation: datasets with an `enlarged` block get deformed copies of their first images after download.

A random field bends each image smoothly (P. Simard, D. Steinkraus, J. Platt, Best practices for convolutional neural
networks applied to visual document analysis, 2003), after a random rotation, shear, scaling and shift. The idea is
that of the infinite MNIST (G. Loosli, S. Canu, L. Bottou, Training invariant support vector machines using selective
sampling, 2007). An image follows from the seed and the index of its row alone, so it does not matter how many rows are
asked for, nor how many workers make them.
"""

from collections.abc import Iterator

from digits.io.tables import Pixels, Scores, Vector
from digits.learning.transformers.interpolation import interpolate
from digits.scale import batches
from digits.sources import Batch
from digits.support import cli, parallel
from digits.support.errors import ParameterError
from digits.support.parameters import COPIES, Dataset

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


def enlarge(images: Iterator[Batch], dataset: Dataset) -> Iterator[Batch]:
    """Yield the first images of a dataset, deformed copies of them, and the other images; memory holds the dataset."""
    assert dataset.enlarged
    first, seed = dataset.enlarged.first, dataset.enlarged.seed
    pixels, classes, group = _together(list(images))
    originals = pixels[:first]
    last = dataset.enlarged.to - (len(classes) - first)

    def batch(pixels: Pixels, rows: Vector, origin: Vector) -> Batch:
        return Batch(pixels, classes[rows], origin, None if group is None else group[rows])

    yield batch(originals, np.arange(first), np.arange(first, dtype=np.uint32))
    blocks = range(first - first % BLOCK, last, BLOCK)
    tasks = [rows for start in blocks if (rows := range(max(first, start), min(start + BLOCK, last)))]
    with parallel.parallel_backend(originals):
        calls = (joblib.delayed(deformed)(originals, dataset.shape, rows, seed) for rows in tasks)
        for rows, copies in zip(tasks, cli.progress(batches.imap(calls), len(tasks), "deformed"), strict=True):
            origin = np.arange(rows.start, rows.stop, dtype=np.uint32) % first
            yield batch(copies, origin, origin)
    yield batch(pixels[first:], np.arange(first, len(classes)), np.arange(last, dataset.enlarged.to, dtype=np.uint32))


def _together(images: list[Batch]) -> tuple[Pixels, Pixels, Vector | None]:
    """Return the pixels, classes and groups of all batches."""
    pixels, classes = (np.concatenate(each) for each in zip(*((b.pixels, b.classes) for b in images), strict=True))
    groups = [batch.group for batch in images if batch.group is not None]
    return pixels, classes, np.concatenate(groups) if groups else None


def require_apart(train: Vector, test: Vector, origin: Vector) -> None:
    """Raise a ParameterError if copies of one image, which have the same `origin`, are in both parts."""
    if np.isin(origin[test], origin[train]).any():
        raise ParameterError(COPIES.format(len(test)))


def deformed(originals: Pixels, shape: list[int], rows: range, seed: int) -> Pixels:
    """Return the deformed images of some rows of one block, shape (rows, height * width), 0 to 255.

    Row r is made of the original r modulo their number; originals are of shape (images, height * width), 0 to 255.
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
    NumPy's sine and logarithm are not used: their last bits differ from processor to processor.
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
    return np.rint(interpolate(images.astype(np.float32), rows_at, columns_at)).astype(np.uint8)


def _bumps(size: int) -> Scores:
    """Return Gaussians in a row, of shape (size, Gaussians); random sums of them have the variance 1 everywhere."""
    middles = np.linspace(-SMOOTH, 1, 2 + round(1 / SMOOTH))
    bumps = np.exp(-(((np.arange(size)[:, None] / size - middles) / SMOOTH) ** 2) / 2)
    return (bumps / np.sqrt((bumps**2).sum(axis=1, keepdims=True))).round(6).astype(np.float32)
