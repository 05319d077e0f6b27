"""ROC and precision-recall curves as tables, small enough for Git."""

from collections.abc import Iterator

import numpy as np
from sklearn import metrics

from digits.common.tables import Scores, Vector

ROWS = 200  # of the curves of one file and part: enough for a smooth line, small enough for Git

Point = tuple[int, float, float, float]


def roc(y_true: Vector, scores: Scores, classes: Vector) -> Iterator[Point]:
    """Yield (class, false positive rate, true positive rate, threshold) along each class's ROC curve.

    With two classes there is one curve, of the second; with more, each class has its own against the rest. A class
    that all or none of the rows have, has no curve. No more than about `ROWS` rows in all. Arguments as in
    `metrics.measure`.
    """
    for label, is_class, class_scores, most in _one_vs_rest(y_true, scores, classes):
        false_positive, true_positive, thresholds = metrics.roc_curve(is_class, class_scores)
        # The curve begins above every score, at an infinite threshold, which a table cannot hold.
        thresholds[0] = class_scores.max()
        for i in _thin(false_positive, true_positive, most):
            yield label, float(false_positive[i]), float(true_positive[i]), float(thresholds[i])


def precision_recall(y_true: Vector, scores: Scores, classes: Vector) -> Iterator[Point]:
    """Yield (class, recall, precision, threshold) along each class's precision-recall curve, as `roc` does."""
    for label, is_class, class_scores, most in _one_vs_rest(y_true, scores, classes):
        precision, recall, thresholds = metrics.precision_recall_curve(is_class, class_scores)
        # The last point, recall 0, belongs to no threshold. The others come by rising recall, as on the ROC curve.
        for i in reversed(_thin(recall[:-1], precision[:-1], most)):
            yield label, float(recall[i]), float(precision[i]), float(thresholds[i])


def _one_vs_rest(y_true: Vector, scores: Scores, classes: Vector) -> Iterator[tuple[int, Vector, Vector, int]]:
    columns = {classes[1]: scores} if scores.ndim == 1 else dict(zip(classes, scores.T, strict=True))
    for label, column in columns.items():
        is_class = y_true == label
        if is_class.any() and not is_class.all():
            yield int(label), is_class, column, ROWS // len(columns)


def _thin(x: Vector, y: Vector, most: int) -> Vector:
    """Return the indices of at most `most` points, evenly spaced along the curve, its ends among them."""
    length = np.concatenate([[0.0], np.cumsum(np.abs(np.diff(x)) + np.abs(np.diff(y)))])
    return np.unique(np.searchsorted(length, np.linspace(0, length[-1], most)).clip(max=len(x) - 1))
