"""Measure the border of images, where the background is."""

from typing import Any

import numpy as np
from numpy.typing import NDArray


def median_of_border(images: NDArray[Any]) -> NDArray[np.float64]:
    """Return the median of the four edges of each image. A corner counts for both its edges.

    Args:
        images: shape (n_images, height, width), or (n_images, height, width, 3) in colour.

    Returns:
        Shape (n_images,), or (n_images, 3) in colour.
    """
    edges = [images[:, 0], images[:, -1], images[:, :, 0], images[:, :, -1]]
    border = np.concatenate(edges, axis=1)
    return np.asarray(np.median(border, axis=1))
