"""Pixels of shape (images, pixels) as `float32`: functions for `FunctionTransformer`, whose work all folds share."""

from digits.core.tables import Pixels

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array, vstack

BATCH = 1_000  # rows: finding the nonzero pixels takes much memory


def as_floats(X: Pixels) -> npt.NDArray[np.float32]:  # noqa: N803
    """Return pixels as they are; float32 takes half the memory and time of float64, and loses nothing here."""
    return X.astype(np.float32)


def scale(X: Pixels, maximum: int = 255) -> npt.NDArray[np.float32]:  # noqa: N803
    """Return pixels from 0 to 1; `maximum` is the largest that one can have, whatever has been seen."""
    return np.divide(X, np.float32(maximum), dtype=np.float32)


def normalize(X: Pixels, length: float = 4) -> csr_array:  # noqa: N803
    """Return a CSR matrix, each image but empty ones scaled to the same Euclidean norm: bold digits count alike.

    Stochastic gradient descent converges in half as many epochs then, and skips the zeros; scikit-learn's also learns
    the intercept of sparse data a hundred times more slowly.
    """
    parts = [csr_array(X[start : start + BATCH]).astype(np.float32) for start in range(0, len(X), BATCH)]
    values = vstack(parts, format="csr")
    norms = np.sqrt(values.power(2).sum(axis=1))
    values.data *= np.repeat(np.float32(length) / np.maximum(norms, 1), np.diff(values.indptr))
    return values
