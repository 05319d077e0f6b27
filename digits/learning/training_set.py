"""The images that a model is fitted on, and which of them each fit takes."""

from dataclasses import dataclass, replace
from typing import Any, NamedTuple, Self

import joblib
from sklearn.pipeline import Pipeline

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


class Split(NamedTuple):
    """The rows to fit a copy of a pipeline on, and the rows to score with it."""

    train_rows: Vector
    test_rows: Vector


def apply_stateless_steps(stateless_steps: Pipeline, training_set: TrainingSet) -> TrainingSet:
    """Return the images after steps that learn nothing. There may be no such step."""
    X = training_set.X
    with joblib.parallel_config("threading", n_jobs=joblib.cpu_count()):
        for _, step in stateless_steps.steps:
            X = step.fit_transform(X)
    return replace(training_set, X=X)
