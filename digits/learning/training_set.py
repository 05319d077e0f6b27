"""The images that a model is fitted on."""

from dataclasses import dataclass
from typing import Any, Self

import pandas as pd

from digits.core.tables import Vector


@dataclass(frozen=True, eq=False)
class TrainingSet:
    """The training images.

    Attributes:
        X: the input of the pipeline: pixels or features, shape (n_images, n_values).
        images: a table with the column `label` and any other that a fit needs. Row i belongs to
            X[i].
    """

    X: Any
    images: pd.DataFrame

    @property
    def y(self) -> Vector:
        """The labels, shape (n_images,)."""
        return self.images["label"].to_numpy()

    def __len__(self) -> int:
        """Return the number of images."""
        return len(self.images)

    def select(self, rows: Any) -> Self:
        """Return some of the images. `rows` is an array of row numbers, a mask or a slice."""
        return type(self)(self.X[rows], self.images.iloc[rows])
