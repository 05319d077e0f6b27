"""Fifty principal components of the pixels."""

from typing import Any

from sklearn.decomposition import PCA
from sklearn.preprocessing import FunctionTransformer

from digits.features.transforms.pixels import scale

COLOR = "channels"


def make_steps(pixel_max: int) -> list[tuple[str, Any]]:
    """Return the unfitted steps of a Pipeline, for pixels from 0 to `pixel_max`."""
    return [
        ("pixels", FunctionTransformer(scale, kw_args={"pixel_max": pixel_max})),
        ("components", PCA(50, svd_solver="covariance_eigh")),
    ]
