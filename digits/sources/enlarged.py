"""More images than a dataset has: its own, each bent and moved at random, as another hand might have written it.

A random field bends each image smoothly (P. Simard, D. Steinkraus, J. Platt, Best practices for convolutional neural
networks applied to visual document analysis, 2003), after a random turn, slant, scaling and shift. That there can be
any number of them is the idea of G. Loosli, S. Canu and L. Bottou (Training invariant support vector machines using
selective sampling, 2007), whose dataset is called the infinite MNIST. An image follows from the seed and the number of
its row alone, so it does not matter how many rows are asked for, nor how many workers make them.
"""

import math
from collections.abc import Iterator

import joblib
import numpy as np
import numpy.typing as npt

from digits.common import cli, workers
from digits.common.tables import ROW_GROUP
from digits.sources.readers import Form, Images

BLOCK = 1_000  # rows that are drawn together
TASK = 5 * BLOCK  # rows that a core or a worker makes at once
AT_A_TIME = 100  # rows that are deformed together: their numbers fit a core's cache
# Standard deviations: small enough that people still read every digit.
TURN = 0.1  # radians
SLANT = 0.1  # pixels to the side for each pixel down
SCALE = 0.07  # of the height and of the width, each its own
SHIFT = 0.025  # of the height down, of the width to the side
BEND = 0.04  # the same
SMOOTH = 1 / 7  # the same; the width of Simard's Gaussian

Pixels = npt.NDArray[np.uint8]
Numbers = npt.NDArray[np.float32]


def enlarged(images: Iterator[Images], form: Form, first: int, to: int, seed: int) -> Iterator[Images]:
    """Give images, and between the first and the others deformed copies of the first.

    Args:
        images: the dataset, some at a time. It is kept in memory.
        form: how many they are, and their height and width.
        first: how many of the images to deform, one after another and again from the first; such as the training part,
            lest copies of test images are trained on.
        to: how many images to give in all, at least as many as there are.
        seed: of the deformations.

    Yields:
        The first images, deformed ones of them, and the other images.
    """
    pixels, classes = np.empty((form.images, math.prod(form.shape)), np.uint8), np.empty(form.images, np.uint8)
    start = 0
    for some in images:  # each gone when it is copied: the dataset never stands in memory twice
        stop = start + len(some.classes)
        pixels[start:stop], classes[start:stop] = some
        start = stop
    yield from _pieces(pixels[:first], classes[:first])
    last = to - (form.images - first)
    pieces = [range(start, min(start + TASK, last)) for start in range(first, last, TASK)]
    originals = pixels[:first]
    with workers.shared(originals):
        made = workers.run(joblib.delayed(deformed)(originals, form.shape, rows, seed) for rows in pieces)
        for rows, some in zip(pieces, cli.progress(made, len(pieces), "deformed"), strict=True):
            yield Images(some, classes[np.arange(rows.start, rows.stop) % first])
    yield from _pieces(pixels[first:], classes[first:])


def deformed(originals: Pixels, shape: tuple[int, int], rows: range, seed: int) -> Pixels:
    """Return the deformed images of some rows.

    Args:
        originals: shape (images, height * width), 0 to 255; row r is made of image r modulo their number.
        shape: height and width of an image.
        rows: which.
        seed: any whole number from 0.

    Returns:
        Shape (rows, height * width), 0 to 255.
    """
    made = np.empty((len(rows), originals.shape[1]), np.uint8)
    for block in range(rows.start // BLOCK, math.ceil(rows.stop / BLOCK)):
        draws = _Draws(np.random.Generator(np.random.Philox(key=[seed, block])), shape)
        first, last = max(rows.start, block * BLOCK), min(rows.stop, (block + 1) * BLOCK)
        for start in range(first, last, AT_A_TIME):
            numbers = np.arange(start, min(start + AT_A_TIME, last))
            images = originals[numbers % len(originals)].reshape(-1, *shape)
            made[numbers - rows.start] = draws.deform(images, numbers - block * BLOCK)
    return made


def _pieces(pixels: Pixels, classes: Pixels) -> Iterator[Images]:
    for start in range(0, len(classes), ROW_GROUP):
        some = slice(start, start + ROW_GROUP)
        yield Images(pixels[some], classes[some])


class _Draws:
    """The random numbers of a block's rows, and what they make of images.

    No sine and no logarithm of NumPy's: they differ from processor to processor in the last bit.
    """

    def __init__(self, random: np.random.Generator, shape: tuple[int, int]) -> None:
        self.shape = shape
        self.bumps = [_bumps(size) for size in shape]
        self.numbers = random.standard_normal((6, BLOCK, 1, 1), np.float32)
        self.noise = random.standard_normal((2, BLOCK, *(each.shape[1] for each in self.bumps)), np.float32)

    def deform(self, images: Pixels, rows: npt.NDArray[np.intp]) -> Pixels:
        """Deform images of shape (images, height, width), each with the numbers of its row of the block."""
        height, width = self.shape
        turn, slant, down, side, tall, wide = self.numbers[:, rows]
        bend = np.float32(BEND) * (self.bumps[0] @ self.noise[:, rows] @ self.bumps[1].T)
        down, side = bend[0] + np.float32(SHIFT) * down, bend[1] + np.float32(SHIFT) * side
        y = np.arange(height, dtype=np.float32)[:, None] - np.float32((height - 1) / 2)
        x = np.arange(width, dtype=np.float32) - np.float32((width - 1) / 2)
        sine = np.float32(TURN) * turn  # of a small angle, until it is made one of a true turn
        cosine = 1 / np.sqrt(1 + sine * sine)
        sine = sine * cosine
        y, x = (1 + np.float32(SCALE) * tall) * y, (1 + np.float32(SCALE) * wide) * x
        rows_at = cosine * y - sine * x + (height * down + np.float32((height - 1) / 2))
        columns_at = (sine + np.float32(SLANT) * slant) * y + cosine * x + (width * side + np.float32((width - 1) / 2))
        return _read_between(images, rows_at, columns_at).reshape(len(images), -1)


def _bumps(size: int) -> Numbers:
    """Return Gaussians in a row, of shape (size, Gaussians); random sums of them have the variance 1 everywhere."""
    middles = np.linspace(-SMOOTH, 1, 2 + round(1 / SMOOTH))
    bumps = np.exp(-(((np.arange(size)[:, None] / size - middles) / SMOOTH) ** 2) / 2)
    return (bumps / np.sqrt((bumps**2).sum(axis=1, keepdims=True))).round(6).astype(np.float32)


def _read_between(images: Pixels, rows: Numbers, columns: Numbers) -> Pixels:
    """Read each image at fractional places, in straight lines between four pixels; 0 outside.

    Args:
        images: shape (images, height, width).
        rows: where to read, of the same shape; 0 is the middle of the uppermost pixels.
        columns: where in these rows.
    """
    count, height, width = images.shape
    padded = np.pad(images, [(0, 0), (1, 1), (1, 1)]).astype(np.float32).ravel()
    y = np.clip(rows + 1, 0, np.float32(height + 0.999))
    x = np.clip(columns + 1, 0, np.float32(width + 0.999))
    top, left = y.astype(np.int32), x.astype(np.int32)
    place = top * np.int32(width + 2) + left
    place += np.arange(count, dtype=np.int32)[:, None, None] * np.int32((height + 2) * (width + 2))
    y, x = y - top, x - left
    y, x = y.astype(np.float32), x.astype(np.float32)
    upper = padded[place] * (1 - x) + padded[place + 1] * x
    place += width + 2
    lower = padded[place] * (1 - x) + padded[place + 1] * x
    return np.rint(upper + y * (lower - upper)).astype(np.uint8)
