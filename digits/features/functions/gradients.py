"""Where strokes run, and in which direction: features in which two ways of writing a digit are close together."""

from math import isqrt

from digits.core.tables import Pixels
from digits.features.functions.interpolation import Images, upright

import joblib
import numpy as np

BATCH = 250  # images at a time: their gradients fit a core's cache better than all of them


def histograms(X: Pixels, maximum: int = 255, directions: int = 12, step: int = 3, reach: int = 5) -> Images:  # noqa: N803
    """Return histograms of gradient directions over overlapping windows of upright digits, the same in any batch.

    After N. Dalal, B. Triggs, Histograms of oriented gradients for human detection (2005), without normalized blocks;
    the root is of R. Arandjelović, A. Zisserman, Three things everyone should know to improve object retrieval (2012).

    `X` has the shape (images, pixels), 0 to `maximum`; a ValueError if images are not square. `directions` are of the
    full circle, so that the two edges of a stroke differ. Windows are `step` pixels apart; a gradient counts fully in
    the middle of one, and nothing `reach` pixels from there.
    """
    side = isqrt(X.shape[1])
    if side**2 != X.shape[1]:
        raise ValueError(f"gradients are taken of square images, not of {X.shape[1]} pixels")
    middles = np.arange((side - 1) % step / 2 + step / 2, side - 1, step)
    window = np.maximum(0, 1 - np.abs(np.arange(side)[:, None] - middles) / reach).astype(np.float32)

    def of_batch(pixels: Pixels) -> Images:
        images = pixels.reshape(-1, side, side).astype(np.float32) / np.float32(maximum)
        edges = edges_by_direction(upright(images), directions)
        # The root lets a faint stroke count nearly as much as a strong one.
        return np.sqrt(window.T @ edges @ window).reshape(len(images), -1)

    batches = (X[start : start + BATCH] for start in range(0, len(X), BATCH))
    return np.concatenate(joblib.Parallel(prefer="threads")(map(joblib.delayed(of_batch), batches)))


def edges_by_direction(images: Images, directions: int) -> Images:
    """Return how much of each pixel's gradient runs along each direction, shape (images, directions, side, side)."""
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
