"""The pixels as they are, in a sparse matrix.

Stochastic gradient descent skips the zeros of a sparse matrix.
"""

from typing import Any

import numpy as np
from scipy.sparse import csr_array
from sklearn.preprocessing import FunctionTransformer

COLOR = "channels"


def make_steps(pixel_max: int) -> list[tuple[str, Any]]:
    """Return the unfitted steps of a Pipeline, for pixels from 0 to `pixel_max`."""
    return [
        ("pixels", FunctionTransformer(csr_array, kw_args={"dtype": np.float32})),
    ]
