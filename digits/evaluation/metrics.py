"""Metrics: what a model's predictions and scores amount to, as numbers.

`METRICS` is the one list of them: a new metric is a function and an entry here (docs/extending.md).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from functools import partial
from typing import Any, NamedTuple

from digits.evaluation.part import Part, reliability
from digits.io.tables import Vector

import numpy as np

ALL = "all"  # what a figure is of, if not of one class or one fold


class Metric(NamedTuple):
    """A metric, and where it is shown."""

    name: str  # in plots/<experiment>/figures.csv
    function: Callable[[Part], float | Mapping[str, float] | None]  # one value, several by what each is of, or none
    key: str | None = None  # in metrics/<experiment>.json; few have one, so that DVC's tables of them fit a screen
    heading: str | None = None  # of its column in the leaderboards; it needs a key
    caption: str | None = None  # in the report's table of measures
    needs_folds: bool = False  # it has its key only where there are folds, which calibrate the probabilities


def accuracy(part: Part) -> float:
    """Return the share of predictions that are right, 0 to 1."""
    return float((part.y_true == part.y_pred).mean())


def fold_accuracy(part: Part) -> dict[str, float]:
    """Return the accuracy of each fold, 0 to 1; of the test part, which has no folds, nothing."""
    right = part.y_true == part.y_pred
    return {} if part.fold is None else {f"fold {i}": float(right[part.fold == i].mean()) for i in np.unique(part.fold)}


def of_folds(function: Callable[[list[float]], np.floating[Any]], part: Part) -> float | None:
    """Return a function of the folds' accuracies, such as their mean."""
    return None if part.fold is None else float(function([*fold_accuracy(part).values()]))


def baseline(part: Part) -> float:
    """Return the accuracy of always predicting the majority class of the training part, 0 to 1."""
    classes, counts = np.unique(part.y_train, return_counts=True)
    return float((part.y_true == classes[counts.argmax()]).mean())


def precision(part: Part) -> Vector:
    """Return of each class the share of its predictions that are right, 0 to 1; 0 where there are none."""
    return part.confusion.diagonal() / np.maximum(part.confusion.sum(axis=0), 1)


def recall(part: Part) -> Vector:
    """Return of each class the share of its rows that are found, 0 to 1; 0 where there are none."""
    return part.confusion.diagonal() / np.maximum(part.confusion.sum(axis=1), 1)


def f1(part: Part) -> Vector:
    """Return of each class the harmonic mean of precision and recall, 0 to 1."""
    return 2 * part.confusion.diagonal() / np.maximum(part.confusion.sum(axis=0) + part.confusion.sum(axis=1), 1)


def count(part: Part) -> Vector:
    """Return the number of rows of each class."""
    return part.confusion.sum(axis=1)


def by_class(function: Callable[[Part], Vector], part: Part) -> dict[str, float]:
    """Return a value for each class that there are rows of."""
    values = zip(part.names, function(part).tolist(), count(part), strict=True)
    return {name: value for name, value, rows in values if rows}


def overall(function: Callable[[Part], Vector], part: Part) -> float:
    """Return the value of the second of two classes, else the mean over the classes that there are rows of."""
    values = function(part)
    return float(values[1] if part.is_detector else values[count(part) > 0].mean())


def of_detector(name: str, part: Part) -> float | None:
    """Return scikit-learn's metric of this name, for two classes of which there are rows."""
    if not part.is_detector or not count(part).all():
        return None
    from sklearn import metrics  # here: whoever wants the list alone does not wait a second for it

    return float(getattr(metrics, name)(part.y_true == part.classes[1], part.scores))


def log_loss(part: Part) -> float:
    """Return the mean negative logarithm (natural) of the true class's probability; 0 is perfect."""
    return float(-np.log(part.probabilities[np.arange(len(part.columns)), part.columns]).mean())


def calibration_error(part: Part) -> float:
    """Return how far confidence and accuracy lie apart, 0 to 1: the mean over the rows of their bins."""
    gaps = [rows * abs(confidence - right) for _, _, rows, confidence, right in reliability(part)]
    return sum(gaps) / len(part.y_true)


def rejection_threshold(part: Part) -> float | None:
    """Return the largest score that 99 % of the out-of-fold rows reach, each by its best class of more than two.

    An image below it is unlike nearly all that the model was trained on.
    """
    if part.fold is None or part.is_detector:
        return None
    return float(np.quantile(part.scores.max(axis=1), 0.01, method="lower"))


METRICS = [
    Metric("accuracy", accuracy, key="accuracy", heading="test accuracy", caption="accuracy"),
    Metric("accuracy", fold_accuracy),
    Metric("accuracy_mean", partial(of_folds, np.mean), key="cv_accuracy", heading="out-of-fold"),
    Metric("accuracy_std", partial(of_folds, np.std), key="cv_std"),
    Metric("baseline", baseline, key="baseline", heading="baseline"),
    Metric("precision", partial(overall, precision), caption="precision"),
    Metric("recall", partial(overall, recall), caption="recall"),
    Metric("f1", partial(overall, f1), key="f1", caption="F1"),
    Metric("roc_auc", partial(of_detector, "roc_auc_score"), caption="area under the ROC curve"),
    Metric("average_precision", partial(of_detector, "average_precision_score"), caption="average precision"),
    Metric("log_loss", log_loss, key="log_loss", caption="log loss", needs_folds=True),
    Metric("calibration_error", calibration_error, caption="calibration error"),
    Metric("rejection_threshold", rejection_threshold),
    Metric("precision", partial(by_class, precision)),
    Metric("recall", partial(by_class, recall)),
    Metric("f1", partial(by_class, f1)),
    Metric("count", partial(by_class, count)),
]


def measure(part: Part) -> Iterator[tuple[str, str, float]]:
    """Yield (name, what it is of, value) for each metric that these rows define."""
    for metric in METRICS:
        value = metric.function(part)
        if isinstance(value, Mapping):
            yield from ((metric.name, of, each) for of, each in value.items())
        elif value is not None:
            yield metric.name, ALL, value


def summarize(figures: Iterable[tuple[str, str, str, float]], has_folds: bool) -> dict[str, float]:
    """Return the figures (part, name, what it is of, value) that branches are compared by, under their keys."""
    by_part = sorted(figures, key=lambda figure: figure[0] == "test")  # the test part's, where both have it
    found = {name: value for part, name, of, value in by_part if of == ALL and part != "train"}
    shown = [metric for metric in METRICS if metric.key and (has_folds or not metric.needs_folds)]
    return {str(metric.key): found[metric.name] for metric in shown if metric.name in found}
