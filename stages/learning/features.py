"""The feature registry: from whole-number pixels to what a classifier is fitted on.

A new entry is one line in `FEATURES`: a name for params.yaml, and what makes the steps of a scikit-learn `Pipeline`.
"""

from common.parameters import choose

from collections.abc import Callable
from typing import Any, Self

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array, vstack
from sklearn.base import BaseEstimator, TransformerMixin

from learning.gradients import OrientedGradients

BATCH = 1_000  # rows


class Pixels(TransformerMixin, BaseEstimator):  # type: ignore[misc]
    """Pixels as float32, which halves the memory and the time of float64 and loses nothing here.

    Args:
        scale: divide by the largest pixel seen in `fit`, so that the values lie between 0 and 1.
        sparse: give a CSR matrix; four pixels in five of MNIST are zero.
    """

    def __init__(self, scale: bool = False, sparse: bool = False) -> None:
        self.scale = scale
        self.sparse = sparse

    def fit(self, X: npt.NDArray[np.uint8], y: object = None) -> Self:  # noqa: N803
        """Find the largest pixel of X, of shape (images, pixels)."""
        self.maximum_ = max(int(X.max()), 1)
        self.n_features_in_ = X.shape[1]
        return self

    def transform(self, X: npt.NDArray[np.uint8]) -> Any:  # noqa: N803
        """Return X as float32 of the same shape, dense or CSR."""
        values: Any = _sparse(X) if self.sparse else X.astype(np.float32)
        if self.scale:
            (values.data if self.sparse else values)[:] /= np.float32(self.maximum_)
        return values


def _sparse(pixels: npt.NDArray[np.uint8]) -> csr_array:
    """Return pixels as float32 CSR; some rows at a time, because finding what is not zero takes much memory."""
    parts = (pixels[start : start + BATCH] for start in range(0, len(pixels), BATCH))
    return vstack([csr_array(part).astype(np.float32) for part in parts], format="csr")


FEATURES: dict[str, Callable[[], list[tuple[str, Any]]]] = {
    "raw": lambda: [("pixels", Pixels())],
    "scaled": lambda: [("pixels", Pixels(scale=True))],
    "scaled-sparse": lambda: [("pixels", Pixels(scale=True, sparse=True))],
    "principal-components": lambda: [("pixels", Pixels(scale=True)), _components(50)],
    "gradients-40": lambda: [("gradients", OrientedGradients()), _components(40)],
    "gradients-60": lambda: [("gradients", OrientedGradients()), _components(60)],
}


def _components(count: int) -> tuple[str, Any]:
    from sklearn.decomposition import PCA  # which takes long to import

    return "components", PCA(n_components=count, svd_solver="covariance_eigh")


def steps(name: str) -> list[tuple[str, Any]]:
    """Return new, unfitted pipeline steps.

    Raises:
        ParameterError: there are no features of that name.
    """
    choose("features", name, FEATURES)
    return FEATURES[name]()
