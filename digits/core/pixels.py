"""The types of arrays, whose shapes the docstrings give, and the largest value of a pixel."""

from typing import Any

import numpy as np
import numpy.typing as npt

Pixels = npt.NDArray[np.uint8]
Vector = npt.NDArray[Any]  # nearly always one-dimensional, such as one label per image

# Scores are what `decision_function` returns or, if a model has none, `predict_proba`: an array
# of the shape (n_images, n_classes) or, with two classes, (n_images,), for the second class.
Scores = npt.NDArray[np.floating[Any]]

PIXEL_MAX = 255  # the largest value that a pixel can have, unless params.yaml says otherwise
