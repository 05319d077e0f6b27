"""The types of arrays, and the largest value of a pixel."""

from typing import Any

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Vector = npt.NDArray[Any]  # one-dimensional, such as one label per image
Scores = npt.NDArray[np.floating[Any]]

PIXEL_MAX = 255  # the largest value that a pixel can have, unless params.yaml says otherwise
