"""The pixels as they are, in float32.

float32 takes half the memory of float64. With float64, accuracies can differ slightly.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from scipy.sparse import csr_array
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from digits.core.pixels import Pixels


def make_features(shape: Sequence[int], pixel_max: int, *, sparse: bool = False) -> Pipeline:
    """Return the unfitted steps that compute the features.

    Args:
        shape: the height and width of the images and, if they are in colour, the number 3.
        pixel_max: the largest value that a pixel can have.
        sparse: whether the pixels are in a sparse matrix. Stochastic gradient descent skips
            its zeros.
    """
    if sparse:
        conversion = FunctionTransformer(csr_array, kw_args={"dtype": np.float32})
    else:
        conversion = FunctionTransformer(to_float32)
    return Pipeline([("pixels", conversion)])


def to_float32(X: Pixels) -> npt.NDArray[np.float32]:
    """Return the pixels as float32."""
    return X.astype(np.float32)
