"""The pixels, each image scaled to the same Euclidean norm, in a sparse matrix.

A bold digit then counts as much as a thin one, and stochastic gradient descent converges in
half as many epochs. `SGDClassifier` skips the zeros of a sparse matrix. It also makes the steps
of the intercept 100 times smaller, so that the intercept does not oscillate.
"""

from collections.abc import Sequence

import numpy as np
from pydantic import PositiveFloat
from scipy.sparse import csr_array, vstack
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from digits.core.pixels import Pixels

# Images are made sparse 1,000 at a time, because finding their nonzero pixels takes memory.
BATCH_SIZE = 1_000


def make_features(shape: Sequence[int], pixel_max: int, *, norm: PositiveFloat = 4) -> Pipeline:
    """Return the unfitted steps that compute the features.

    Args:
        shape: the height and width of the images and, if they are in colour, the number 3.
        pixel_max: the largest value that a pixel can have.
        norm: the norm of each image. The default suits the learning rate of `SGDClassifier` on
            MNIST: with 1 or 8, it is less accurate in cross-validation.
    """
    return Pipeline([("pixels", FunctionTransformer(normalize, kw_args={"norm": norm}))])


def normalize(X: Pixels, norm: float) -> csr_array:
    """Return each image scaled to the same Euclidean norm, in a sparse matrix."""
    starts = range(0, len(X), BATCH_SIZE)
    batches = [csr_array(X[start : start + BATCH_SIZE]) for start in starts]
    images = vstack(batches, format="csr").astype(np.float32)
    norms = np.sqrt(images.power(2).sum(axis=1))
    factors = np.float32(norm) / np.maximum(norms, 1)  # an image without ink stays 0
    return images.multiply(factors[:, np.newaxis]).tocsr()
