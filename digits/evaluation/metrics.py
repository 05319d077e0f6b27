"""Metrics: what a model's predictions and scores amount to, as numbers."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn import metrics

from digits.common.tables import Scores, Vector

ConfusionRow = tuple[int, int, int, float]


def accuracy(y_true: Vector, y_pred: Vector) -> float:
    """Return the share of predictions that are right, 0 to 1; both arguments have the shape (rows,)."""
    return float((y_true == y_pred).mean())


def baseline_accuracy(y_train: Vector, y_true: Vector) -> float:
    """Return the accuracy on `y_true` of always predicting the majority class of `y_train`, 0 to 1."""
    classes, counts = np.unique(y_train, return_counts=True)
    return accuracy(y_true, np.full(len(y_true), classes[counts.argmax()]))


def measure(y_true: Vector, y_pred: Vector, scores: Scores, classes: Vector) -> dict[str, Any]:
    """Measure predictions.

    Args:
        y_true: shape (rows,), true labels.
        y_pred: shape (rows,), predicted labels.
        scores: shape (rows,) for two classes, else (rows, classes); higher means more likely.
        classes: shape (classes,), in the order of the scores' columns.

    Returns:
        Shares from 0 to 1, and counts. For two classes, of the second one: precision, recall, F1, the areas under
        the ROC and the precision-recall curve, and the four counts. For more, the means of precision, recall and F1
        over the classes that `y_true` has, and the recall of each of these. A metric that these rows do not define
        is left out, such as the area under the ROC curve where all labels are the same.
    """
    # Not `error`: DVC takes a metric of that name for a failure to read the file.
    shares = {"accuracy": accuracy(y_true, y_pred), "error_rate": float((y_true != y_pred).mean())}
    if len(classes) > 2:
        present = np.unique(y_true)
        precision, recall, f1, _ = metrics.precision_recall_fscore_support(
            y_true, y_pred, labels=present, zero_division=0
        )
        return shares | {
            "precision_macro": float(precision.mean()),
            "recall_macro": float(recall.mean()),
            "f1_macro": float(f1.mean()),
            "recall": {str(label): float(value) for label, value in zip(present, recall, strict=True)},
        }
    (true_negatives, false_positives), (false_negatives, true_positives) = metrics.confusion_matrix(
        y_true, y_pred, labels=classes
    ).tolist()
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        y_true, y_pred, labels=classes, pos_label=classes[1], average="binary", zero_division=0
    )
    areas = {}
    if len(np.unique(y_true)) == 2:
        areas["roc_auc"] = float(metrics.roc_auc_score(y_true == classes[1], scores))
        areas["average_precision"] = float(metrics.average_precision_score(y_true == classes[1], scores))
    return (
        shares
        | areas
        | {"precision": float(precision), "recall": float(recall), "f1": float(f1)}
        | {"true_negatives": true_negatives, "false_positives": false_positives}
        | {"false_negatives": false_negatives, "true_positives": true_positives}
    )


def by_fold(y_true: Vector, y_pred: Vector, fold: Vector) -> dict[str, float]:
    """Return each fold's accuracy as `fold_1`, …, their mean and their standard deviation, all 0 to 1."""
    values = [accuracy(y_true[fold == i], y_pred[fold == i]) for i in np.unique(fold)]
    return {f"fold_{i}": value for i, value in enumerate(values, 1)} | {
        "accuracy_mean": float(np.mean(values)),
        "accuracy_std": float(np.std(values)),
    }


def confusion(y_true: Vector, y_pred: Vector, classes: Vector) -> Iterator[ConfusionRow]:
    """Yield (actual, predicted, count, share of the actual class from 0 to 1) for every pair of classes."""
    for actual, counts in zip(classes, metrics.confusion_matrix(y_true, y_pred, labels=classes), strict=True):
        for predicted, count in zip(classes, counts, strict=True):
            yield int(actual), int(predicted), int(count), float(count / max(counts.sum(), 1))
