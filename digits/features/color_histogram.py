"""Histogram of the colours: how much of the image has which hue, saturation and value."""

from typing import Any

from sklearn.preprocessing import FunctionTransformer

from digits.features.transforms.color import color_histogram

COLOR = "required"


def make_steps(pixel_max: int) -> list[tuple[str, Any]]:
    """Return the unfitted steps of a Pipeline, for pixels from 0 to `pixel_max`."""
    return [
        ("colors", FunctionTransformer(color_histogram, kw_args={"pixel_max": pixel_max})),
    ]
