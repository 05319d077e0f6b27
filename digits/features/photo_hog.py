"""Histograms of oriented gradients of photos: in which directions edges run, and where.

The windows are larger than those of `hog`, and nothing is deskewed.
"""

from typing import Any

from sklearn.preprocessing import FunctionTransformer

from digits.features.transforms.hog import hog

COLOR = "brightness"
SQUARE = True


def make_steps(pixel_max: int) -> list[tuple[str, Any]]:
    """Return the unfitted steps of a Pipeline, for pixels from 0 to `pixel_max`."""
    arguments = {"pixel_max": pixel_max, "step": 8, "radius": 8, "deskewed": False}
    return [("gradients", FunctionTransformer(hog, kw_args=arguments))]
