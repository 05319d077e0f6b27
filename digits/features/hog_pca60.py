"""Histograms of oriented gradients, reduced to sixty principal components."""

from typing import Any

from sklearn.decomposition import PCA
from sklearn.preprocessing import FunctionTransformer

from digits.features.transforms.hog import hog

COLOR = "brightness"
SQUARE = True


def make_steps(pixel_max: int) -> list[tuple[str, Any]]:
    """Return the unfitted steps of a Pipeline, for pixels from 0 to `pixel_max`."""
    return [
        ("gradients", FunctionTransformer(hog, kw_args={"pixel_max": pixel_max})),
        ("components", PCA(60, svd_solver="covariance_eigh")),
    ]
