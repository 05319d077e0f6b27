"""ROC and precision-recall curves as tables, small enough for Git."""

from collections.abc import Iterator

import numpy as np
from sklearn import metrics

from digits.common.tables import Scores, Vector

# How far beside the drawn line, in units of the axes, a point may lie to be left out. On every curve that was tried the
# area under the line is then off by less than half of this.
TOLERANCE = 0.001

Point = tuple[int, float, float, float | None]


def roc(y_true: Vector, scores: Scores, classes: Vector) -> Iterator[Point]:
    """Yield (class, false positive rate, true positive rate, threshold) along each class's ROC curve.

    With two classes there is one curve, of the second; with more, each class has its own against the rest. A class
    that all or none of the rows have, has no curve. Arguments as in `metrics.measure`.

    A curve keeps every corner that can be seen: what `simplify` leaves out lies within `TOLERANCE` of the line. Its
    first point, (0, 0), is above every score, and has None for its threshold.
    """
    for label, is_class, class_scores in _one_vs_rest(y_true, scores, classes):
        false_positive, true_positive, thresholds = metrics.roc_curve(is_class, class_scores)
        for i in simplify(false_positive, true_positive):
            threshold = float(thresholds[i]) if np.isfinite(thresholds[i]) else None
            yield label, float(false_positive[i]), float(true_positive[i]), threshold


def precision_recall(y_true: Vector, scores: Scores, classes: Vector) -> Iterator[Point]:
    """Yield (class, recall, precision, threshold) along each class's precision-recall curve, as `roc` does."""
    for label, is_class, class_scores in _one_vs_rest(y_true, scores, classes):
        precision, recall, thresholds = metrics.precision_recall_curve(is_class, class_scores, drop_intermediate=True)
        # The last point, recall 0, belongs to no threshold. The others come by rising recall, as on the ROC curve.
        precision, recall, thresholds = precision[-2::-1], recall[-2::-1], thresholds[::-1]
        for i in simplify(recall, precision):
            yield label, float(recall[i]), float(precision[i]), float(thresholds[i])


def simplify(x: Vector, y: Vector) -> Vector:
    """Return the indices of the points that a line needs: its ends, and so many that no other is off by `TOLERANCE`.

    The point farthest from the line between two that are kept is kept too, again and again (U. Ramer, An iterative
    procedure for the polygonal approximation of plane curves, 1972; D. Douglas and T. Peucker, 1973).
    """
    kept = {0, len(x) - 1}
    segments = [(0, len(x) - 1)]
    while segments:
        first, last = segments.pop()
        along_x, along_y = x[last] - x[first], y[last] - y[first]
        between = slice(first + 1, last)
        across = np.abs(along_x * (y[between] - y[first]) - along_y * (x[between] - x[first]))
        length = np.hypot(along_x, along_y)
        if len(across) and across.max() > TOLERANCE * length:
            middle = first + 1 + int(across.argmax())
            kept.add(middle)
            segments += [(first, middle), (middle, last)]
    return np.array(sorted(kept))


def _one_vs_rest(y_true: Vector, scores: Scores, classes: Vector) -> Iterator[tuple[int, Vector, Vector]]:
    columns = {classes[1]: scores} if scores.ndim == 1 else dict(zip(classes, scores.T, strict=True))
    for label, column in columns.items():
        is_class = y_true == label
        if is_class.any() and not is_class.all():
            yield int(label), is_class, column
