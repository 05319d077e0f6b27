"""Augmentation: datasets with an `enlarged` block get deformed copies of their first images after download.

A random field bends each image smoothly (P. Simard, D. Steinkraus, J. Platt, Best practices for convolutional neural
networks applied to visual document analysis, 2003), after a random rotation, shear, scaling and shift. That there can
be any number of them is the idea of G. Loosli, S. Canu and L. Bottou (Training invariant support vector machines using
selective sampling, 2007), whose dataset is called the infinite MNIST. An image follows from the seed and the index of
its row alone, so it does not matter how many rows are asked for, nor how many workers make them.
"""

import math
from collections.abc import Iterator

from digits.io.parquet import ROW_GROUP
from digits.io.tables import Pixels, Vector
from digits.learning.transformers.interpolation import interpolate
from digits.scale import batches
from digits.sources import Batch
from digits.support import cli, parallel
from digits.support.errors import ParameterError
from digits.support.parameters import COPIES, Dataset

import joblib
import numpy as np
import numpy.typing as npt

BLOCK = 1_000  # rows that are drawn together
TASK = 5 * BLOCK  # rows that a core or a worker makes at once
BATCH = 100  # rows that are deformed together: their numbers fit a core's cache
# Standard deviations: small enough that people still read every digit.
ROTATION = 0.1  # radians
SHEAR = 0.1  # pixels to the side for each pixel down
SCALE = 0.07  # of the height and of the width, each its own
SHIFT = 0.025  # of the height down, of the width to the side
BEND = 0.04  # the same
SMOOTH = 1 / 7  # the same; the width of Simard's Gaussian


def enlarge(images: Iterator[Batch], dataset: Dataset) -> Iterator[Batch]:
    """Yield the first images of a dataset, deformed copies of them, and the other images.

    Args:
        images: the dataset in batches; it is kept in memory.
        dataset: its block of params.yaml, with `enlarged`.
    """
    enlarged = dataset.enlarged
    assert enlarged
    pixels = np.empty((dataset.images, math.prod(dataset.shape)), np.uint8)
    classes = np.empty(dataset.images, np.uint8)
    start = 0
    for batch in images:  # each gone when it is copied: the dataset never stands in memory twice
        stop = start + len(batch.classes)
        pixels[start:stop], classes[start:stop] = batch.pixels, batch.classes
        start = stop
    first = enlarged.first
    yield from _batches(pixels[:first], classes[:first], 0)
    last = enlarged.to - (dataset.images - first)
    tasks = [range(start, min(start + TASK, last)) for start in range(first, last, TASK)]
    originals = pixels[:first]
    with parallel.parallel_backend(originals):
        calls = (joblib.delayed(deformed)(originals, dataset.shape, rows, enlarged.seed) for rows in tasks)
        for rows, batch in zip(tasks, cli.progress(batches.imap(calls), len(tasks), "deformed"), strict=True):
            origin = np.arange(rows.start, rows.stop, dtype=np.uint32) % first
            yield Batch(batch, classes[origin], origin)
    yield from _batches(pixels[first:], classes[first:], last)


def require_apart(train: Vector, test: Vector, origin: Vector) -> None:
    """Require that no image of the test part is a copy of one of the training part, or the reverse.

    Args:
        train: the training rows.
        test: the test rows.
        origin: the row of the image that each was made of, shape (rows,).

    Raises:
        ParameterError: there is one.
    """
    if np.isin(origin[test], origin[train]).any():
        raise ParameterError(COPIES.format(len(test)))


def deformed(originals: Pixels, shape: list[int], rows: range, seed: int) -> Pixels:
    """Return the deformed images of some rows, shape (rows, height * width), 0 to 255.

    Args:
        originals: shape (images, height * width), 0 to 255; row r is made of image r modulo their number.
        shape: height and width of an image.
        rows: which.
        seed: of all deformations.
    """
    result = np.empty((len(rows), originals.shape[1]), np.uint8)
    for block in range(rows.start // BLOCK, math.ceil(rows.stop / BLOCK)):
        draws = _Draws(np.random.Generator(np.random.Philox(key=[seed, block])), shape)
        first, last = max(rows.start, block * BLOCK), min(rows.stop, (block + 1) * BLOCK)
        for start in range(first, last, BATCH):
            batch = np.arange(start, min(start + BATCH, last))
            images = originals[batch % len(originals)].reshape(-1, *shape)
            result[batch - rows.start] = draws.deform(images, batch - block * BLOCK)
    return result


def _batches(pixels: Pixels, classes: Pixels, row: int) -> Iterator[Batch]:
    """Yield images as they are, the first of which has this row."""
    origin = np.arange(row, row + len(classes), dtype=np.uint32)
    for start in range(0, len(classes), ROW_GROUP):
        batch = slice(start, start + ROW_GROUP)
        yield Batch(pixels[batch], classes[batch], origin[batch])


class _Draws:
    """The random numbers of a block's rows, and what they make of images.

    Without NumPy's sine and logarithm, whose last bits differ from processor to processor.
    """

    def __init__(self, random: np.random.Generator, shape: list[int]) -> None:
        self.shape = shape
        self.bumps = [_bumps(size) for size in shape]
        self.numbers = random.standard_normal((6, BLOCK, 1, 1), np.float32)
        self.noise = random.standard_normal((2, BLOCK, *(each.shape[1] for each in self.bumps)), np.float32)

    def deform(self, images: Pixels, rows: npt.NDArray[np.intp]) -> Pixels:
        """Deform images of shape (images, height, width), each with the numbers of its row of the block."""
        height, width = self.shape
        rotation, shear, down, side, tall, wide = self.numbers[:, rows]
        bend = np.float32(BEND) * (self.bumps[0] @ self.noise[:, rows] @ self.bumps[1].T)
        down, side = bend[0] + np.float32(SHIFT) * down, bend[1] + np.float32(SHIFT) * side
        y = np.arange(height, dtype=np.float32)[:, None] - np.float32((height - 1) / 2)
        x = np.arange(width, dtype=np.float32) - np.float32((width - 1) / 2)
        sine = np.float32(ROTATION) * rotation  # of a small angle, until it is made one of a true rotation
        cosine = 1 / np.sqrt(1 + sine * sine)
        sine = sine * cosine
        y, x = (1 + np.float32(SCALE) * tall) * y, (1 + np.float32(SCALE) * wide) * x
        rows_at = cosine * y - sine * x + (height * down + np.float32((height - 1) / 2))
        columns_at = (sine + np.float32(SHEAR) * shear) * y + cosine * x + (width * side + np.float32((width - 1) / 2))
        values = interpolate(images.astype(np.float32), rows_at, columns_at)
        return np.rint(values).astype(np.uint8).reshape(len(images), -1)


def _bumps(size: int) -> npt.NDArray[np.float32]:
    """Return Gaussians in a row, of shape (size, Gaussians); random sums of them have the variance 1 everywhere."""
    middles = np.linspace(-SMOOTH, 1, 2 + round(1 / SMOOTH))
    bumps = np.exp(-(((np.arange(size)[:, None] / size - middles) / SMOOTH) ** 2) / 2)
    return (bumps / np.sqrt((bumps**2).sum(axis=1, keepdims=True))).round(6).astype(np.float32)
