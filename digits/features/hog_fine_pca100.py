"""Histograms of oriented gradients in small windows, reduced to a hundred principal components.

The windows are smaller and nearer to each other than those of `hog_pca60`, and there are
fewer directions. There are 1,352 values per image of MNIST before the reduction.
"""

from typing import Any

from sklearn.decomposition import PCA
from sklearn.preprocessing import FunctionTransformer

from digits.features.transforms.hog import hog

COLOR = "brightness"
SQUARE = True


def make_steps(pixel_max: int) -> list[tuple[str, Any]]:
    """Return the unfitted steps of a Pipeline, for pixels from 0 to `pixel_max`."""
    arguments = {"pixel_max": pixel_max, "orientations": 8, "step": 2, "radius": 4}
    return [
        ("gradients", FunctionTransformer(hog, kw_args=arguments)),
        ("components", PCA(100, svd_solver="covariance_eigh")),
    ]
