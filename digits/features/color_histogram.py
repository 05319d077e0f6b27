"""The share of the pixels in each bin of hue, saturation and value.

Source: M. Swain, D. Ballard, "Color indexing", 1991.
"""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from PIL import Image
from pydantic import PositiveInt
from sklearn.decomposition import PCA
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer

from digits.core.pixels import Pixels
from digits.imaging.transforms.binary_grid import round_to_grid
from digits.messages.errors import UserError


def make_features(
    shape: Sequence[int],
    pixel_max: int,
    *,
    hues: PositiveInt = 16,
    saturations: PositiveInt = 4,
    values: PositiveInt = 8,
    n_components: PositiveInt | None = None,
) -> Pipeline:
    """Return the unfitted steps that compute the features.

    Args:
        shape: the height and width of the images, and the number 3.
        pixel_max: the largest value that a pixel can have.
        hues: the number of bins of the hue.
        saturations: the number of bins of the saturation.
        values: the number of bins of the value.
        n_components: the number of principal components of the histograms, or None for the
            histograms themselves.

    Raises:
        UserError: the images are grey.
    """
    if len(shape) == 2:
        raise UserError(
            "features: color_histogram needs images in colour; add the number 3 to the "
            "dataset's shape"
        )
    arguments = {"pixel_max": pixel_max, "bins": [hues, saturations, values]}
    histograms = FunctionTransformer(color_histogram, kw_args=arguments)
    if n_components is None:
        return Pipeline([("colors", histograms)])
    components = PCA(n_components, svd_solver="covariance_eigh")
    rounding = FunctionTransformer(round_to_grid)
    return Pipeline([("colors", histograms), ("components", components), ("rounded", rounding)])


def color_histogram(X: Pixels, pixel_max: int, bins: Sequence[int]) -> npt.NDArray[np.float32]:
    """Return the square roots of normalized histograms of the colours.

    The square root lets a rare colour count nearly as much as a frequent one.

    Args:
        X: the pixels, which are red, green and blue in turn, shape (n_images,
            height * width * 3).
        pixel_max: the largest value that a pixel can have.
        bins: the numbers of bins of hue, saturation and value.

    Returns:
        Shape (n_images, hues * saturations * values), 0 to 1.
    """
    histograms = np.empty((len(X), np.prod(bins)), dtype=np.float32)
    for image, histogram in zip(X, histograms, strict=True):
        # Pillow converts images, so the pixels become one column. Values are rounded down.
        rgb = (image.reshape(-1, 1, 3) * (255 / pixel_max)).astype(np.uint8)
        hsv = np.asarray(Image.fromarray(rgb).convert("HSV")).reshape(-1, 3)
        # The bin of each pixel along each axis.
        hue, saturation, value = (hsv * np.array(bins) // 256).T
        bin_of_pixel = np.ravel_multi_index((hue, saturation, value), bins)
        histogram[:] = np.bincount(bin_of_pixel, minlength=len(histogram)) / len(hsv)
    return np.sqrt(histograms)
