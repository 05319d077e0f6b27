"""Where strokes run and in which direction: features in which two ways of writing a digit lie near each other.

Its sums, roots and small products of fixed shapes give an image the same features in any batch, on any machine.
"""

from math import isqrt

from digits.core.tables import Pixels
from digits.features.transformers.interpolation import Images, upright
from digits.features.transformers.pixels import StatelessTransformer

import joblib
import numpy as np

BATCH = 250  # images at a time: their gradients fit a core's cache better than all of them


class OrientedGradients(StatelessTransformer):
    """Histograms of gradient directions over overlapping windows of an upright, centred digit.

    After N. Dalal and B. Triggs, Histograms of oriented gradients for human detection (2005), without normalization
    of blocks; the root is of R. Arandjelović and A. Zisserman, Three things everyone should know to improve object
    retrieval (2012).

    Args:
        directions: of the full circle, so that the two edges of a stroke differ.
        step: pixels from one window's middle to the next.
        reach: pixels from a window's middle, where a gradient counts fully, to where it counts nothing.
        maximum: the largest value that a pixel can have.
    """

    def __init__(self, directions: int = 12, step: int = 3, reach: int = 5, maximum: int = 255) -> None:
        self.directions = directions
        self.step = step
        self.reach = reach
        self.maximum = maximum

    def transform(self, X: Pixels) -> Images:  # noqa: N803
        """Return features of shape (images, directions * windows), 0 or more."""
        batches = (X[start : start + BATCH] for start in range(0, len(X), BATCH))
        return np.concatenate(joblib.Parallel(prefer="threads")(map(joblib.delayed(self._histograms), batches)))

    def _histograms(self, pixels: Pixels) -> Images:
        side = isqrt(pixels.shape[1])
        if side**2 != pixels.shape[1]:
            raise ValueError(f"gradients are taken of square images, not of {pixels.shape[1]} pixels")
        images = pixels.reshape(-1, side, side).astype(np.float32) / np.float32(self.maximum)
        edges = edges_by_direction(upright(images), self.directions)
        middles = np.arange((side - 1) % self.step / 2 + self.step / 2, side - 1, self.step)
        window = np.maximum(0, 1 - np.abs(np.arange(side)[:, None] - middles) / self.reach).astype(np.float32)
        # The root lets a faint stroke count nearly as much as a strong one.
        return np.sqrt(window.T @ edges @ window).reshape(len(images), -1)


def edges_by_direction(images: Images, directions: int) -> Images:
    """Return how much of each pixel's gradient runs along each direction, shape (images, directions, side, side).

    The directions go from the right over the bottom around the circle. A gradient counts with its full length along its
    own direction, and not at all at the next.
    """
    down, right = np.zeros_like(images), np.zeros_like(images)
    down[:, 1:-1] = images[:, 2:] - images[:, :-2]
    right[:, :, 1:-1] = images[:, :, 2:] - images[:, :, :-2]
    length = np.sqrt(down * down + right * right)
    angles = 2 * np.pi * np.arange(directions) / directions
    apart = np.cos(angles[1])
    edges = np.empty((len(images), directions, *images.shape[1:]), np.float32)
    for i, (cosine, sine) in enumerate(zip(np.cos(angles), np.sin(angles), strict=True)):
        along = np.float32(cosine) * right + np.float32(sine) * down
        edges[:, i] = np.maximum(0, along - np.float32(apart) * length) / np.float32(1 - apart)
    return edges
