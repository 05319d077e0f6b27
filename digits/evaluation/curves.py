"""ROC curves, precision-recall curves and reliability diagrams as tables.

The curves are reduced to the points that a plot needs, so that they are small enough for Git.
"""

import numpy as np
import pandas as pd
from sklearn import metrics

from digits.core.tables import Vector
from digits.evaluation.predictions import Predictions

# No point of a curve is further than this from the line through the points that are kept. It is
# one pixel of the plots in .dvc/plots, whose axes are 400 pixels long and go from 0 to 1.
MAX_DISTANCE = 1 / 400

# The edges of the bins of confidence. They are close together where the predictions of a good
# model are.
CONFIDENCE_EDGES = np.array([0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999, 1])


def roc_table(predictions: Predictions) -> pd.DataFrame:
    """Return points of the ROC curve of each class.

    If the task has positive classes, there is one curve, that of the label 1. Otherwise each
    class has a curve against all others. A class without images has no curve.

    Returns:
        A table with the columns `class`, `false_positive_rate`, `true_positive_rate` and
        `threshold`. The first point of a curve, (0, 0), has no threshold.
    """
    curves = {}
    for name, is_class, scores in predictions.one_vs_rest():
        fpr, tpr, thresholds = metrics.roc_curve(is_class, scores)
        thresholds[0] = np.nan  # scikit-learn has infinity there
        curve = pd.DataFrame(
            {"false_positive_rate": fpr, "true_positive_rate": tpr, "threshold": thresholds}
        )
        curves[name] = thin_curve(curve)
    return concat_curves(curves, ["false_positive_rate", "true_positive_rate", "threshold"])


def precision_recall_table(predictions: Predictions) -> pd.DataFrame:
    """Return points of the precision-recall curve of each class.

    The classes that have a curve are those of `roc_table`.

    Returns:
        A table with the columns `class`, `recall`, `precision` and `threshold`.
    """
    curves = {}
    for name, is_class, scores in predictions.one_vs_rest():
        precision, recall, thresholds = metrics.precision_recall_curve(
            is_class, scores, drop_intermediate=True
        )
        # The last point, with a recall of 0, has no threshold. The recall decreases.
        curve = pd.DataFrame(
            {"recall": recall[:-1], "precision": precision[:-1], "threshold": thresholds}
        )[::-1]
        curves[name] = thin_curve(curve)
    return concat_curves(curves, ["recall", "precision", "threshold"])


def thin_curve(curve: pd.DataFrame) -> pd.DataFrame:
    """Return the points of a curve without which its plot would look different.

    These are the first point, the last one, and between two of them the point that is furthest
    from the line segment between them, if it is further than MAX_DISTANCE.
    Source: the algorithm of Ramer, Douglas and Peucker. D. H. Douglas, T. K. Peucker,
    "Algorithms for the reduction of the number of points required to represent a digitized line
    or its caricature", Cartographica 10 (1973).

    Args:
        curve: its first two columns are x and y, 0 to 1.
    """
    points = curve.iloc[:, :2].to_numpy()
    kept = {0, len(points) - 1}
    segments = [(0, len(points) - 1)]
    while segments:
        first, last = segments.pop()
        distances = distances_to_segment(points[first : last + 1])
        furthest = first + int(distances.argmax())
        if distances.max() > MAX_DISTANCE:
            kept.add(furthest)
            segments += [(first, furthest), (furthest, last)]
    return curve.iloc[sorted(kept)]


def distances_to_segment(points: Vector) -> Vector:
    """Return the distance of each point from the line segment from the first to the last one.

    Args:
        points: x and y, shape (n_points, 2).

    Returns:
        The distances, shape (n_points,).
    """
    start, end = points[0], points[-1]
    direction = end - start
    squared_length = (direction**2).sum()
    # The position of the nearest point of the line, from 0 at the start to 1 at the end.
    positions = ((points - start) * direction).sum(axis=1) / (squared_length or 1)
    nearest = start + positions.clip(0, 1)[:, np.newaxis] * direction
    return np.sqrt(((points - nearest) ** 2).sum(axis=1))


def concat_curves(curves: dict[str, pd.DataFrame], columns: list[str]) -> pd.DataFrame:
    """Return the curves of all classes as one table, with a column `class`."""
    if not curves:
        return pd.DataFrame(columns=["class", *columns])
    return pd.concat(curves, names=["class"]).reset_index("class")


def reliability_table(predictions: Predictions) -> pd.DataFrame:
    """Compare the confidence of predictions with their accuracy.

    The confidence of a prediction is the probability of the predicted class. If a model is well
    calibrated, 90 % of its predictions with a confidence of 0.9 are correct.

    Returns:
        A table with one row per bin of confidence that has images, and the columns `from` and
        `to`, the edges of the bin, `count`, mean `confidence`, and `accuracy`.
    """
    predicted_index = np.searchsorted(predictions.classes, predictions.y_pred)
    rows = np.arange(len(predicted_index))
    confidence = predictions.probabilities[rows, predicted_index]
    bin_index = np.digitize(confidence, CONFIDENCE_EDGES[1:-1])
    images = pd.DataFrame(
        {
            "from": CONFIDENCE_EDGES[bin_index],
            "to": CONFIDENCE_EDGES[bin_index + 1],
            "confidence": confidence,
            "is_correct": predictions.is_correct,
        }
    )
    bins = images.groupby(["from", "to"])
    table = bins.agg(
        count=("confidence", "size"),
        confidence=("confidence", "mean"),
        accuracy=("is_correct", "mean"),
    )
    return table.reset_index()
