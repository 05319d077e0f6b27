"""ROC and precision-recall curves as tables, small enough for Git."""

import math
from collections.abc import Callable, Iterable, Iterator, Sequence

from digits.evaluation.metrics import ALL
from digits.io.tables import Scores, Vector

import numpy as np
from sklearn import metrics

# DVC's plots draw a share by what it lacks to perfect, on a symmetric-log axis: linear up to this, logarithmic above.
# Good models are told apart there, and poor ones too. The templates in .dvc/plots have the same number.
LINEAR_UP_TO = 0.001
TOLERANCE = 0.01  # how far beside the drawn line, in lengths of such an axis, a point may lie to be left out
AREA = 5e-5  # how much of the area under the curve a piece of the line may cost; no whole curve here is off by 5e-4
DIGITS = 4  # of a threshold, significant ones

Point = tuple[int | str, float, float, float | None]
Curve = tuple[int | str, Vector, Vector, Vector]  # the class, x, y, thresholds


def roc(y_true: Vector, scores: Scores, classes: Vector) -> Iterator[Point]:
    """Yield (class, false positive rate, true positive rate, threshold) along each class's ROC curve.

    With two classes there is one curve, of the second; with more, each class has its own against the rest, and the
    class `all` is their mean, which has no thresholds. A class that all or none of the rows have, has no curve.
    Arguments as in `metrics.measure`.

    A curve keeps every corner that can be seen, and its area: see `simplify`. Its first point, (0, 0), is above every
    score, and has None for its threshold.
    """
    curves = [
        (label, *metrics.roc_curve(is_class, class_scores))
        for label, is_class, class_scores in _one_vs_rest(y_true, scores, classes)
    ]
    return _points(curves, lambda rate: rate)


def precision_recall(y_true: Vector, scores: Scores, classes: Vector) -> Iterator[Point]:
    """Yield (class, recall, precision, threshold) along each class's precision-recall curve, as `roc` does."""
    curves = []
    for label, is_class, class_scores in _one_vs_rest(y_true, scores, classes):
        precision, recall, thresholds = metrics.precision_recall_curve(is_class, class_scores, drop_intermediate=True)
        # The last point, recall 0, belongs to no threshold. The others come by rising recall, as on the ROC curve.
        curves.append((label, recall[-2::-1], precision[-2::-1], thresholds[::-1]))
    return _points(curves, lambda rate: 1 - rate)


def _points(curves: Sequence[Curve], x_error: Callable[[Vector], Vector]) -> Iterator[Point]:
    """Yield the points to draw of each curve and, where there are several, of their mean; `x_error` is 0 at best."""
    simplified = []
    for label, x, y, thresholds in curves:
        kept = simplify(x, y, x_error(x), 1 - y)
        simplified.append((label, x[kept], y[kept], thresholds[kept]))
    if len(curves) > 1:
        x, y = mean([(x, y) for _, x, y, _ in simplified])
        kept = simplify(x, y, x_error(x), 1 - y)
        simplified.append((ALL, x[kept], y[kept], np.full(len(kept), np.nan)))
    for label, *columns in simplified:
        for x, y, threshold in zip(*(column.tolist() for column in columns), strict=True):
            yield label, x, y, round_threshold(threshold)


def mean(curves: Iterable[tuple[Vector, Vector]]) -> tuple[Vector, Vector]:
    """Return the mean height of lines (x, y) with rising x, as a line from where the last of them begins.

    A line may have several points at the same x, that is, a step; so has their mean.
    """
    curves = list(curves)
    begin = max(x[0] for x, _ in curves)
    x = np.unique(np.concatenate([x[x >= begin] for x, _ in curves]))
    below = np.mean([np.interp(-x, -line_x[::-1], line_y[::-1]) for line_x, line_y in curves], axis=0)
    above = np.mean([np.interp(x, line_x, line_y) for line_x, line_y in curves], axis=0)
    return np.repeat(x, 2), np.stack([below, above], axis=1).ravel()


def scale(error: Vector) -> Vector:
    """Return where errors, 0 to 1, lie on a symmetric-log axis, from 0 to 1."""
    return np.log1p(error / LINEAR_UP_TO) / np.log1p(1 / LINEAR_UP_TO)


def simplify(x: Vector, y: Vector, x_error: Vector, y_error: Vector) -> Vector:
    """Return the indices of the points that a line needs, to look the same and to have the same area below it.

    Between two points that are kept, no other is farther than `TOLERANCE` from the line on the scaled axes, and the
    area is right to `AREA`. Otherwise the farthest point is kept too, again and again (U. Ramer, An iterative procedure
    for the polygonal approximation of plane curves, 1972; D. Douglas and T. Peucker, 1973).

    Args:
        x: shape (points,), rising.
        y: shape (points,).
        x_error: shape (points,), what each x lacks to perfect, 0 to 1.
        y_error: the same of y.
    """
    across, up = scale(x_error), scale(y_error)
    area = np.concatenate([[0], np.cumsum(np.diff(x) * (y[1:] + y[:-1]) / 2)])
    kept = {0, len(x) - 1}
    segments = [(0, len(x) - 1)]
    while segments:
        first, last = segments.pop()
        if last - first < 2:
            continue
        between = slice(first + 1, last)
        along, rise = across[last] - across[first], up[last] - up[first]
        distance = np.abs(along * (up[between] - up[first]) - rise * (across[between] - across[first]))
        lost = area[last] - area[first] - (x[last] - x[first]) * (y[last] + y[first]) / 2
        if distance.max() > TOLERANCE * np.hypot(along, rise) or abs(lost) > AREA:
            middle = first + 1 + int(distance.argmax())
            kept.add(middle)
            segments += [(first, middle), (middle, last)]
    return np.array(sorted(kept))


def round_threshold(threshold: float) -> float | None:
    """Round to `DIGITS` digits; of a probability above 0.5 it is what it lacks to 1 that keeps so many.

    What is not finite, such as the threshold above every score, becomes None.
    """
    if not math.isfinite(threshold):
        return None
    size = 1 - threshold if 0.5 < threshold < 1 else abs(threshold)
    return round(threshold, DIGITS - 1 - math.floor(math.log10(size))) if size else 0.0


def _one_vs_rest(y_true: Vector, scores: Scores, classes: Vector) -> Iterator[tuple[int, Vector, Vector]]:
    columns = {classes[1]: scores} if scores.ndim == 1 else dict(zip(classes, scores.T, strict=True))
    for label, column in columns.items():
        is_class = y_true == label
        if is_class.any() and not is_class.all():
            yield int(label), is_class, column
