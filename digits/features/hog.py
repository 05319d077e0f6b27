"""Histograms of oriented gradients of deskewed digits.

Use them for datasets that have too few images for the components of `hog_pca40`.
"""

from typing import Any

from sklearn.preprocessing import FunctionTransformer

from digits.features.transforms.hog import hog

COLOR = "brightness"
SQUARE = True


def make_steps(pixel_max: int) -> list[tuple[str, Any]]:
    """Return the unfitted steps of a Pipeline, for pixels from 0 to `pixel_max`."""
    return [
        ("gradients", FunctionTransformer(hog, kw_args={"pixel_max": pixel_max})),
    ]
