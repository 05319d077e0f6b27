"""ROC and precision-recall curves as tables, small enough for Git."""

import math
from collections.abc import Callable, Iterator

from digits.evaluation.metrics import ALL
from digits.evaluation.part import Part
from digits.io.tables import Scores, Vector

import numpy as np
from sklearn import metrics

# DVC's plots draw a share by what it lacks to perfect, on a symmetric-log axis: linear up to this, logarithmic above.
# Good models are told apart there, and poor ones too. The templates in .dvc/plots have the same number.
LINEAR_UP_TO = 0.001
CELLS = 60  # along such an axis
ALL_UP_TO = 100  # points; a shorter curve keeps them all

Point = tuple[str, float, float, float | None]
Curve = tuple[str, Vector, Vector, Vector]  # the class, x, y, thresholds


def roc(part: Part) -> Iterator[Point]:
    """Yield (class, false positive rate, true positive rate, threshold) along each class's ROC curve.

    With two classes there is one curve, of the second; with more, each class has its own against the rest, and the
    class `all` is their mean, which has no thresholds. A class that all or none of the rows have, has no curve. The
    first point, (0, 0), is above every score, and has None for its threshold.
    """
    return _points(part, metrics.roc_curve, perfect=0)


def precision_recall(part: Part) -> Iterator[Point]:
    """Yield (class, recall, precision, threshold) along each class's precision-recall curve, as `roc` does."""

    def by_rising_recall(is_class: Vector, scores: Scores) -> tuple[Vector, Vector, Vector]:
        precision, recall, thresholds = metrics.precision_recall_curve(is_class, scores, drop_intermediate=True)
        return recall[-2::-1], precision[-2::-1], thresholds[::-1]  # the last point, recall 0, belongs to no threshold

    return _points(part, by_rising_recall, perfect=1)


def _points(part: Part, curve: Callable[..., tuple[Vector, Vector, Vector]], perfect: int) -> Iterator[Point]:
    """Yield the points to draw of each class's curve, and of the mean of several; `perfect` is the x of no mistake."""
    columns = [part.scores] if part.is_detector else part.scores.T
    curves = []
    for i, scores in enumerate(columns, len(part.classes) - len(columns)):
        is_class = part.columns == i
        if is_class.any() and not is_class.all():
            curves.append(_thin((part.names[i], *curve(is_class, scores)), perfect))
    if len(curves) > 1:
        begin = max(x[0] for _, x, _, _ in curves)
        x = np.unique(np.concatenate([x[x >= begin] for _, x, _, _ in curves]))
        y = np.mean([np.interp(x, own_x, own_y) for _, own_x, own_y, _ in curves], axis=0)
        curves.append(_thin((ALL, x, y, np.full(len(x), np.nan)), perfect))
    for of, *values in curves:
        for x, y, threshold in zip(*(each.tolist() for each in values), strict=True):
            yield of, x, y, threshold if math.isfinite(threshold) else None


def _thin(curve: Curve, perfect: int) -> Curve:
    """Return a curve with the points that are needed to draw it, the first and the last in each cell."""
    of, x, y, thresholds = curve
    error = np.abs([perfect - x, 1 - y])
    cell = np.floor(CELLS * np.log1p(error / LINEAR_UP_TO) / math.log1p(1 / LINEAR_UP_TO))
    is_new = (np.diff(cell) != 0).any(axis=0)
    is_kept = np.append(True, is_new) | np.append(is_new, True) | (len(x) <= ALL_UP_TO)
    return of, x[is_kept], y[is_kept], thresholds[is_kept]
