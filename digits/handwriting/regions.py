"""Types and functions for pictures whose connected pixels have been labelled."""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Mask = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.int32]  # the number of each pixel's component or run; 0 is none
Integers = npt.NDArray[np.signedinteger[Any]]
Box = tuple[int, int, int, int]  # x, y, width and height

# The structuring element with which a pixel is connected to all eight pixels around it.
EIGHT_NEIGHBOURS = np.ones((3, 3))


def bounds(labels: Labels) -> Integers:
    """Return the bounding box of each label, shape (n_labels, 4).

    Unlike a `Box`, it consists of the first row, the first column, the row after the last one,
    and the column after the last one. That is scikit-image's order.

    Args:
        labels: the label of each pixel: 0 for none, and each number from 1 to n_labels.
    """
    boxes = []
    for rows, columns in ndimage.find_objects(labels):
        boxes.append([rows.start, columns.start, rows.stop, columns.stop])
    return np.array(boxes, int).reshape(-1, 4)


def border(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the values of the first and last rows and columns. The corners are there twice."""
    rows = values[[0, -1]]
    columns = values[:, [0, -1]]
    return np.concatenate([rows.ravel(), columns.ravel()])
