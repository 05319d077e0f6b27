"""ROC and precision-recall curves as tables, small enough for Git."""

from collections.abc import Callable

from digits.core.tables import Scores, Vector
from digits.evaluation.metrics import ALL
from digits.evaluation.part import Part

import numpy as np
import pandas as pd
from sklearn import metrics

# Plots draw how far a share is from perfect, on an axis that is linear up to this, and logarithmic above (.dvc/plots).
LINEAR_UP_TO = 0.001
CELLS = 60  # along such an axis

Points = tuple[Vector, Vector, Vector]  # x, y, thresholds


def roc(part: Part) -> pd.DataFrame:
    """Return `class`, `false_positive_rate`, `true_positive_rate` and `threshold` along each class's ROC curve.

    With two classes it is the second's; with more, each class has a curve against the rest, and `all` is their mean. A
    class of all rows, or of none, has no curve. The first point, (0, 0), and the mean have no thresholds.
    """
    return _table(part, metrics.roc_curve, ["false_positive_rate", "true_positive_rate"], perfect=0)


def precision_recall(part: Part) -> pd.DataFrame:
    """Return `class`, `recall`, `precision` and `threshold` along each class's curve, as `roc` does."""

    def by_rising_recall(is_class: Vector, scores: Scores) -> Points:
        precision, recall, thresholds = metrics.precision_recall_curve(is_class, scores, drop_intermediate=True)
        return recall[-2::-1], precision[-2::-1], thresholds[::-1]  # the last point, recall 0, belongs to no threshold

    return _table(part, by_rising_recall, ["recall", "precision"], perfect=1)


def _table(part: Part, curve: Callable[..., Points], axes: list[str], perfect: int) -> pd.DataFrame:
    """Return the points to draw of each class's curve, and of the mean of several; `perfect` is the x of no mistake."""
    by_class = part.scores[:, np.newaxis] if part.is_detector else part.scores
    curves = {}
    for i, scores in enumerate(by_class.T, len(part.classes) - by_class.shape[1]):
        if 0 < (part.columns == i).mean() < 1:
            curves[part.names[i]] = _thin(curve(part.columns == i, scores), perfect)
    if len(curves) > 1:
        begin = max(x[0] for x, _, _ in curves.values())
        x = np.unique(np.concatenate([x[x >= begin] for x, _, _ in curves.values()]))
        y = np.mean([np.interp(x, own_x, own_y) for own_x, own_y, _ in curves.values()], axis=0)
        curves[ALL] = _thin((x, y, np.full(len(x), np.nan)), perfect)
    columns = ["class", *axes, "threshold"]
    frames = [pd.DataFrame(dict(zip(columns, (name, *points), strict=True))) for name, points in curves.items()]
    return pd.concat(frames) if frames else pd.DataFrame(columns=columns)


def _thin(points: Points, perfect: int) -> Points:
    """Return a curve with the points that are needed to draw it, the first and the last in each cell."""
    x, y, thresholds = points
    error = np.abs([perfect - x, 1 - y])
    cell = np.floor(CELLS * np.log1p(error / LINEAR_UP_TO) / np.log1p(1 / LINEAR_UP_TO))
    is_new = (np.diff(cell) != 0).any(axis=0)
    is_kept = np.append(True, is_new) | np.append(is_new, True)
    return x[is_kept], y[is_kept], np.where(np.isfinite(thresholds), thresholds, np.nan)[is_kept]
