"""The pixels as they are, in float32.

The accuracy of a model can differ a little from that of the same code in float64.
"""

from typing import Any

from sklearn.preprocessing import FunctionTransformer

from digits.features.transforms.pixels import to_float32

COLOR = "channels"


def make_steps(pixel_max: int) -> list[tuple[str, Any]]:
    """Return the unfitted steps of a Pipeline, for pixels from 0 to `pixel_max`."""
    return [
        ("pixels", FunctionTransformer(to_float32)),
    ]
