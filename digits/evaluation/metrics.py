"""What a model's predictions and scores amount to, in numbers and in tables for plots."""

from collections.abc import Iterator
from typing import Any

import numpy as np
from sklearn import metrics

from digits.common.tables import Scores, Vector
from digits.evaluation.rounding import rounded

CURVE_ROWS = 200  # of one curve file and part: enough for a smooth line, small enough for Git

ConfusionRow = tuple[int, int, int, float]
CurveRow = tuple[int, float, float, float]


def accuracy(labels: Vector, predictions: Vector) -> float:
    """Return the share of predictions that are right, 0 to 1; both arguments have the shape (rows,)."""
    return rounded((labels == predictions).mean())


def baseline_accuracy(train_labels: Vector, labels: Vector) -> float:
    """Return the accuracy on `labels` of always saying the commonest class of `train_labels`, 0 to 1."""
    classes, counts = np.unique(train_labels, return_counts=True)
    return accuracy(labels, np.full(len(labels), classes[counts.argmax()]))


def measure(labels: Vector, predictions: Vector, scores: Scores, classes: Vector) -> dict[str, Any]:
    """Measure predictions.

    Args:
        labels: shape (rows,), what is so.
        predictions: shape (rows,), what the model says.
        scores: shape (rows,) for two classes, else (rows, classes); higher means more likely.
        classes: shape (classes,), in the order of the scores' columns.

    Returns:
        Shares from 0 to 1, and counts. For two classes, of the second one: precision, recall, F1, the areas under
        the ROC and the precision-recall curve, and the four counts. For more, the means over the classes of
        precision, recall and F1, and each class's recall. A measure that these rows do not define is left out, such
        as the area under the ROC curve where all labels are the same.
    """
    # Not `error`: DVC takes a metric of that name for a failure to read the file.
    right = {"accuracy": accuracy(labels, predictions), "error_rate": rounded((labels != predictions).mean())}
    if len(classes) > 2:
        precision, recall, f1, _ = metrics.precision_recall_fscore_support(
            labels, predictions, labels=classes, zero_division=0
        )
        return right | {
            "precision_macro": rounded(precision.mean()),
            "recall_macro": rounded(recall.mean()),
            "f1_macro": rounded(f1.mean()),
            "recall": {str(label): rounded(value) for label, value in zip(classes, recall, strict=True)},
        }
    negatives, positives = metrics.confusion_matrix(labels, predictions, labels=classes)
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        labels, predictions, labels=classes, pos_label=classes[1], average="binary", zero_division=0
    )
    areas = {}
    if len(np.unique(labels)) == 2:
        areas = {
            "roc_auc": rounded(metrics.roc_auc_score(labels == classes[1], scores)),
            "average_precision": rounded(metrics.average_precision_score(labels == classes[1], scores)),
        }
    return (
        right
        | areas
        | {"precision": rounded(precision), "recall": rounded(recall), "f1": rounded(f1)}
        | {"true_negatives": int(negatives[0]), "false_positives": int(negatives[1])}
        | {"false_negatives": int(positives[0]), "true_positives": int(positives[1])}
    )


def by_fold(labels: Vector, predictions: Vector, folds: Vector) -> dict[str, float]:
    """Return each fold's accuracy as `fold_1`, …, their mean and their standard deviation, all 0 to 1."""
    values = [(labels == predictions)[folds == fold].mean() for fold in np.unique(folds)]
    return {f"fold_{i}": rounded(value) for i, value in enumerate(values, 1)} | {
        "accuracy_mean": rounded(np.mean(values)),
        "accuracy_std": rounded(np.std(values)),
    }


def confusion_rows(labels: Vector, predictions: Vector, classes: Vector) -> Iterator[ConfusionRow]:
    """Yield (actual, predicted, count, share of the actual class from 0 to 1) for every pair of classes."""
    for actual, counts in zip(classes, metrics.confusion_matrix(labels, predictions, labels=classes), strict=True):
        for predicted, count in zip(classes, counts, strict=True):
            yield int(actual), int(predicted), int(count), rounded(count / max(counts.sum(), 1))


def roc_rows(labels: Vector, scores: Scores, classes: Vector) -> Iterator[CurveRow]:
    """Yield (class, false positive rate, true positive rate, threshold) along each class's ROC curve.

    With two classes there is one curve, of the second; with more, each class has its own against the rest. A class
    that all or none of the rows have, has no curve. No more than about `CURVE_ROWS` rows in all.
    """
    for label, is_class, class_scores, most in _one_against_rest(labels, scores, classes):
        false_positive, true_positive, thresholds = metrics.roc_curve(is_class, class_scores)
        # The curve begins above every score, at an infinite threshold, which a table cannot hold.
        thresholds[0] = class_scores.max()
        for i in _thin(false_positive, true_positive, most):
            yield label, rounded(false_positive[i]), rounded(true_positive[i]), rounded(thresholds[i])


def precision_recall_rows(labels: Vector, scores: Scores, classes: Vector) -> Iterator[CurveRow]:
    """Yield (class, recall, precision, threshold) along each class's precision-recall curve, as `roc_rows` does."""
    for label, is_class, class_scores, most in _one_against_rest(labels, scores, classes):
        precision, recall, thresholds = metrics.precision_recall_curve(is_class, class_scores)
        # The last point, recall 0, belongs to no threshold. The others come by rising recall, as on the ROC curve.
        for i in reversed(_thin(recall[:-1], precision[:-1], most)):
            yield label, rounded(recall[i]), rounded(precision[i]), rounded(thresholds[i])


def _one_against_rest(labels: Vector, scores: Scores, classes: Vector) -> Iterator[tuple[int, Vector, Vector, int]]:
    columns = {classes[1]: scores} if scores.ndim == 1 else dict(zip(classes, scores.T, strict=True))
    for label, column in columns.items():
        is_class = labels == label
        if is_class.any() and not is_class.all():
            yield int(label), is_class, column, CURVE_ROWS // len(columns)


def _thin(x: Vector, y: Vector, most: int) -> Vector:
    """Return the indices of at most `most` points, evenly spaced along the curve, its ends among them."""
    length = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y)))])
    return np.unique(np.searchsorted(length, np.linspace(0, length[-1], most)).clip(max=len(x) - 1))
