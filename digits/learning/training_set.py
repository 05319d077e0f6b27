"""The images that a model is fitted on."""

from dataclasses import dataclass
from typing import Any, Self

from digits.core.pixels import Vector


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """The training images.

    Attributes:
        X: the input of the pipeline: pixels or features, shape (n_images, n_values).
        y: the labels, shape (n_images,).
    """

    X: Any
    y: Vector

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.y)

    def select(self, rows: Any) -> Self:
        """Return some of the images. `rows` is an array of row numbers, a mask or a slice."""
        return type(self)(self.X[rows], self.y[rows])
