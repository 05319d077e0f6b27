"""What the fits of a model take."""

from dataclasses import dataclass
from typing import Any, Self

from digits.core.tables import Vector


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """The training images, with one row or one value per image in each attribute.

    Attributes:
        X: what the pipeline takes: pixels, or features. Shape (n_images, n_values).
        y: the labels, shape (n_images,).
    """

    X: Any
    y: Vector

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.y)

    def select(self, rows: Any) -> Self:
        """Return the images in some rows: their numbers, a mask or a slice."""
        return type(self)(self.X[rows], self.y[rows])
