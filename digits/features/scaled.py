"""The pixels scaled to 0 to 1."""

from typing import Any

from sklearn.preprocessing import FunctionTransformer

from digits.features.transforms.pixels import scale

COLOR = "channels"


def make_steps(pixel_max: int) -> list[tuple[str, Any]]:
    """Return the unfitted steps of a Pipeline, for pixels from 0 to `pixel_max`."""
    return [
        ("pixels", FunctionTransformer(scale, kw_args={"pixel_max": pixel_max})),
    ]
