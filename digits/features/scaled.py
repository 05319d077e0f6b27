"""The pixels scaled to 0 to 1, or their principal components."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from pydantic import PositiveInt
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from digits.core.pixels import Pixels
from digits.imaging.transforms.binary_grid import round_to_grid


def make_features(
    shape: Sequence[int], pixel_max: int, *, n_components: PositiveInt | None = None
) -> Pipeline:
    """Return the unfitted steps that compute the features.

    Args:
        shape: the height and width of the images and, if they are in colour, the number 3.
        pixel_max: the largest value that a pixel can have.
        n_components: the number of principal components of the scaled pixels, or None for the
            scaled pixels themselves.
    """
    scaling = FunctionTransformer(scale, kw_args={"pixel_max": pixel_max})
    if n_components is None:
        return Pipeline([("pixels", scaling)])
    components = PCA(n_components, svd_solver="covariance_eigh")
    rounding = FunctionTransformer(round_to_grid)
    return Pipeline([("pixels", scaling), ("components", components), ("rounded", rounding)])


def scale(X: Pixels, pixel_max: int) -> npt.NDArray[np.float32]:
    """Return the pixels scaled to 0 to 1.

    `pixel_max` is the largest value that a pixel can have, even if no image has it.
    """
    return np.divide(X, pixel_max, dtype=np.float32)
