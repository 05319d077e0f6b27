"""The pixels, each image scaled to the same norm, in a sparse matrix."""

from typing import Any

from sklearn.preprocessing import FunctionTransformer

from digits.features.transforms.pixels import normalize

COLOR = "channels"


def make_steps(pixel_max: int) -> list[tuple[str, Any]]:
    """Return the unfitted steps of a Pipeline, for pixels from 0 to `pixel_max`."""
    return [
        ("pixels", FunctionTransformer(normalize)),
    ]
