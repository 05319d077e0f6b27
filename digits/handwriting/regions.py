"""What all modules need that label the connected pixels of a picture."""

from typing import Any

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Mask = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.int32]  # the number of each pixel's component or run; 0 is none
Integers = npt.NDArray[np.signedinteger[Any]]
Box = tuple[int, int, int, int]  # x, y, width and height

# Pixels are connected to all eight neighbours.
EIGHT_NEIGHBOURS = np.ones((3, 3))


def bounds(labels: Labels) -> Integers:
    """Return where each label begins and ends, shape (n_labels, 4).

    The columns are the first row, the first column, the row after the last one, and the column
    after the last one.
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
