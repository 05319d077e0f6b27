"""Convert images in colour to brightness."""

import numpy as np

from digits.core.pixels import Pixels

# The weights of red, green and blue in the brightness, as in ITU-R BT.601.
WEIGHTS = np.array([0.299, 0.587, 0.114], dtype=np.float32)


def to_brightness(X: Pixels) -> Pixels:
    """Return the brightness of pixels, in the same range, shape (…, n_pixels).

    Args:
        X: red, green and blue in turn, shape (…, 3 * n_pixels).
    """
    colors = X.reshape(*X.shape[:-1], -1, 3)
    brightness = colors @ WEIGHTS
    return np.round(brightness).astype(np.uint8)
