"""Predictions of one part of the data, and the tables that count them."""

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

from digits.core.tables import Scores, Vector
from digits.evaluation import calibration
from digits.learning.scoring import scores_of

import numpy as np
import pandas as pd
from sklearn.metrics import confusion_matrix

EDGES = [0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999, 1]  # of the bins; narrow where a good model's answers are


@dataclass
class Part:
    """The predictions of the test part, or the out-of-fold predictions; vectors have the shape (rows,)."""

    predictions: pd.DataFrame  # as of `scoring.table`
    classes: Vector  # all labels, sorted
    y_train: Vector  # the labels of the training part, shape (training rows,)
    attrs: dict[Any, Any] = field(default_factory=dict)  # of the images: `names` of labels, `group_names`
    temperature: float = 1.0  # that calibrates the probabilities

    def __post_init__(self) -> None:
        names = self.attrs.get("names") or [*map(str, range(256))]
        self.names = [names[label] for label in self.classes]
        self.y_true, self.y_pred = self.predictions["label"].to_numpy(), self.predictions["prediction"].to_numpy()
        self.is_right = self.y_true == self.y_pred
        self.columns = np.searchsorted(self.classes, self.y_true)  # the index of each row's true class
        self.group = self.predictions.get("group")  # or None
        # Scores have the shape (rows,) for two classes, else (rows, classes); higher means more likely.
        self.scores, method, _ = scores_of(self.predictions)
        self.is_detector = len(self.classes) == 2  # the second class is what is to be found
        self.logits = calibration.logits(self.scores, method)  # of each class, shape (rows, classes)

    @cached_property
    def probabilities(self) -> Scores:
        """The probability of each class, shape (rows, classes), 0 to 1."""
        return calibration.probabilities(self.logits, self.temperature)


def confusion(part: Part) -> pd.DataFrame:
    """Return `actual`, `predicted`, `count` and `share` of the actual class, 0 to 1, for every pair of classes."""
    counts = confusion_matrix(part.y_true, part.y_pred, labels=part.classes)
    pairs = pd.MultiIndex.from_product([part.names, part.names], names=["actual", "predicted"])
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    return pd.DataFrame({"count": counts.ravel(), "share": shares.ravel()}, pairs).reset_index()


def reliability(part: Part) -> pd.DataFrame:
    """Return `from`, `to`, `count`, mean `confidence` and `accuracy` of each bin of confidence that has rows.

    The confidence is the probability of the class that is predicted; of an honest model it is the accuracy, on average.
    """
    predicted = np.searchsorted(part.classes, part.y_pred)
    confidence = part.probabilities[np.arange(len(predicted)), predicted]
    place = np.digitize(confidence, EDGES[1:-1])
    rows = pd.DataFrame({"from": np.take(EDGES, place), "to": np.take(EDGES, place + 1), "confidence": confidence})
    bins = rows.assign(accuracy=part.is_right).groupby(["from", "to"])
    found = bins.mean()
    found.insert(0, "count", bins.size())
    return found.reset_index()
