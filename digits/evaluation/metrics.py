"""Metrics: what a model's predictions and scores amount to, as numbers."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from digits.io.tables import Scores, Vector

import numpy as np
from sklearn import metrics

REJECTED = 0.01  # of the out-of-fold rows
OF_CLASSES = {"actual", "predicted", "class", "of"}  # columns of plot tables
ALL = "all"  # what a figure is of, if not of one class or one fold

SUMMARY = {  # the figures that branches are compared by: few, so that DVC's tables of them fit a screen
    "accuracy": ("test", "accuracy"),
    "baseline": ("test", "baseline"),
    "f1": ("test", "f1"),
    "log_loss": ("test", "log_loss"),
    "cv_accuracy": ("cross_validation", "accuracy_mean"),
    "cv_std": ("cross_validation", "accuracy_std"),
}

Figure = tuple[str, str, float]  # its name, what it is of, its value
ConfusionRow = tuple[int, int, int, float]


def accuracy(y_true: Vector, y_pred: Vector) -> float:
    """Return the share of predictions that are right, 0 to 1; both arguments have the shape (rows,)."""
    return float((y_true == y_pred).mean())


def baseline(y_train: Vector, y_true: Vector) -> float:
    """Return the accuracy on `y_true` of always predicting the majority class of `y_train`, 0 to 1."""
    classes, counts = np.unique(y_train, return_counts=True)
    return accuracy(y_true, np.full(len(y_true), classes[counts.argmax()]))


def measure(y_true: Vector, y_pred: Vector, scores: Scores, classes: Vector) -> Iterator[Figure]:
    """Yield the figures of predictions.

    Args:
        y_true: shape (rows,), true labels.
        y_pred: shape (rows,), predicted labels.
        scores: shape (rows,) for two classes, else (rows, classes); higher means more likely.
        classes: shape (classes,), in the order of the scores' columns.

    Yields:
        Shares from 0 to 1: accuracy; for two classes precision, recall and F1 of the second one, and the areas under
        the ROC and the precision-recall curve; for more the means of precision, recall and F1 over the classes that
        `y_true` has. Then precision, recall, F1 and `count` of each of these classes. A metric that these rows do not
        define is left out, such as the area under the ROC curve where all labels are the same.
    """
    names = ("precision", "recall", "f1")
    yield "accuracy", ALL, accuracy(y_true, y_pred)
    present = np.unique(y_true)
    *by_class, counts = metrics.precision_recall_fscore_support(y_true, y_pred, labels=present, zero_division=0)
    if len(classes) > 2:
        overall = [values.mean() for values in by_class]
    else:
        *overall, _ = metrics.precision_recall_fscore_support(
            y_true, y_pred, labels=classes, pos_label=classes[1], average="binary", zero_division=0
        )
        if len(present) == 2:
            yield "roc_auc", ALL, float(metrics.roc_auc_score(y_true == classes[1], scores))
            yield "average_precision", ALL, float(metrics.average_precision_score(y_true == classes[1], scores))
    for name, value in zip(names, overall, strict=True):
        yield name, ALL, float(value)
    for name, values in zip((*names, "count"), (*by_class, counts), strict=True):
        for label, value in zip(present.tolist(), values.tolist(), strict=True):
            yield name, str(label), value


def by_fold(y_true: Vector, y_pred: Vector, fold: Vector) -> Iterator[Figure]:
    """Yield each fold's accuracy, their mean and their standard deviation, all 0 to 1."""
    values = [accuracy(y_true[fold == i], y_pred[fold == i]) for i in np.unique(fold)]
    for i, value in enumerate(values, 1):
        yield "accuracy", f"fold {i}", value
    yield "accuracy_mean", ALL, float(np.mean(values))
    yield "accuracy_std", ALL, float(np.std(values))


def rejection(scores: Scores) -> Iterator[Figure]:
    """Yield `rejection_threshold`, the largest score that 99 % of the rows reach, each by its best class.

    Below it, an image is unlike nearly all that the model was trained on. Two classes have no such score.

    Args:
        scores: out of fold, shape (rows,) for two classes, else (rows, classes).
    """
    if scores.ndim == 2:
        yield "rejection_threshold", ALL, float(np.quantile(scores.max(axis=1), REJECTED, method="lower"))


def confusion(y_true: Vector, y_pred: Vector, classes: Vector) -> Iterator[ConfusionRow]:
    """Yield (actual, predicted, count, share of the actual class from 0 to 1) for every pair of classes."""
    for actual, counts in zip(classes, metrics.confusion_matrix(y_true, y_pred, labels=classes), strict=True):
        for predicted, count in zip(classes, counts, strict=True):
            yield int(actual), int(predicted), int(count), float(count / max(counts.sum(), 1))


def name_classes(header: Sequence[str], rows: Iterable[Sequence[Any]], names: Sequence[str] | None) -> list[list[Any]]:
    """Put the names of classes in the place of their labels, in the rows of a plot table; None leaves the labels."""
    by_label = {str(label): name for label, name in enumerate(names or [])}
    return [
        [
            by_label.get(str(value), value) if column in OF_CLASSES else value
            for column, value in zip(header, row, strict=True)
        ]
        for row in rows
    ]


def summarize(figures: Iterable[tuple[str, str, str, float]]) -> dict[str, float]:
    """Return the figures that branches are compared by, under short names; the log loss only of calibrated scores.

    Args:
        figures: the part that each is of, its name, what it is of, its value.
    """
    overall = {(part, figure): value for part, figure, of, value in figures if of == ALL}
    if ("cross_validation", "temperature") not in overall:
        overall.pop(("test", "log_loss"))
    return {name: overall[place] for name, place in SUMMARY.items() if place in overall}
