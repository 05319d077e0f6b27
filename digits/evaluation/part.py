"""Predictions of one part of the data, and the tables that count them."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property

from digits.evaluation import calibration
from digits.io.tables import Scores, Vector

import numpy as np

EDGES = [0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999, 1]  # of the bins; narrower where good models' answers are


@dataclass
class Part:
    """The predictions of the test part, or the out-of-fold predictions; vectors have the shape (rows,)."""

    y_true: Vector
    y_pred: Vector
    scores: Scores  # shape (rows,) for two classes, else (rows, classes); higher means more likely
    method: str  # the model's, which gave the scores
    classes: Vector  # all labels, sorted
    names: Sequence[str]  # of the classes, for the tables
    y_train: Vector  # the labels of the training part, shape (training rows,)
    fold: Vector | None = None  # from 1; None for the test part
    group: Vector | None = None  # None where the source knows none
    group_names: Sequence[str] = ()  # in the order of their numbers, where the source names them
    is_ordered: bool = False  # the rows are in the dataset's order
    temperature: float = 1.0  # that calibrates the probabilities

    @property
    def is_detector(self) -> bool:
        """There are two classes; the second is what is to be found."""
        return len(self.classes) == 2

    @cached_property
    def probabilities(self) -> Scores:
        """The probability of each class, shape (rows, classes), 0 to 1."""
        return calibration.probabilities(calibration.logits(self.scores, self.method), self.temperature)

    @cached_property
    def is_right(self) -> Vector:
        """Whether each row's prediction is its label, shape (rows,)."""
        return self.y_true == self.y_pred

    @cached_property
    def columns(self) -> Vector:
        """The index of each row's true class, shape (rows,)."""
        return np.searchsorted(self.classes, self.y_true)

    @cached_property
    def confusion(self) -> Vector:
        """How many rows of each class are predicted as each class, shape (classes, classes)."""
        size = len(self.classes)
        pairs = self.columns * size + np.searchsorted(self.classes, self.y_pred)
        return np.bincount(pairs, minlength=size * size).reshape(size, size)


def confusion(part: Part) -> Iterator[tuple[str, str, int, float]]:
    """Yield (actual, predicted, count, share of the actual class from 0 to 1) for every pair of classes."""
    for actual, counts in zip(part.names, part.confusion.tolist(), strict=True):
        for predicted, rows in zip(part.names, counts, strict=True):
            yield actual, predicted, rows, rows / max(sum(counts), 1)


def reliability(part: Part) -> Iterator[tuple[float, float, int, float, float]]:
    """Yield (from, to, count, mean confidence, accuracy) for each bin of confidence that occurs.

    The confidence is the probability of the class that is predicted, below 0.5 where a threshold says yes sooner. Of an
    honest model it is, on average, the accuracy.
    """
    predicted = np.searchsorted(part.classes, part.y_pred)
    confidence = part.probabilities[np.arange(len(predicted)), predicted]
    right = predicted == part.columns
    place = np.digitize(confidence, EDGES[1:-1])
    for i in np.unique(place):
        rows = place == i
        yield EDGES[i], EDGES[i + 1], int(rows.sum()), float(confidence[rows].mean()), float(right[rows].mean())
