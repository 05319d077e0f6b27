"""Types for pictures whose connected pixels have been labelled."""

from typing import Any

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.floating[Any]]  # a number for each pixel
Mask = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.signedinteger[Any]]  # the number of each pixel's component; 0 is none
Box = tuple[int, int, int, int]  # x, y, width and height

# The structuring element with which a pixel is connected to all eight pixels around it.
EIGHT_NEIGHBOURS = np.ones((3, 3))
