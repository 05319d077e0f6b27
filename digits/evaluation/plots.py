"""The tables that `dvc plots` draws: the confusion matrix and curves.

The curves are reduced to the points that a plot needs, so that they are small enough for Git.
"""

import numpy as np
import numpy.typing as npt
import pandas as pd
from sklearn import metrics

from digits.evaluation.predictions import Predictions

# The largest distance between a curve and its reduced form. The axes go from 0 to 1 and are at
# most 560 pixels long, so the distance is at most one pixel.
TOLERANCE = 1 / 560

Points = npt.NDArray[np.float64]  # x and y, shape (n_points, 2)

# The edges of the bins of confidence. They are narrow near 1, where a good model's predictions
# lie.
CONFIDENCE_EDGES = np.array([0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999, 1])


def confusion_table(predictions: Predictions) -> pd.DataFrame:
    """Count the images of each actual class by their predicted class.

    Returns:
        A table with the columns `actual`, `predicted`, `count`, and `share`, the fraction of
        the images of the actual class, 0 to 1.
    """
    y_true, y_pred, classes = predictions.y_true, predictions.y_pred, predictions.classes
    counts = metrics.confusion_matrix(y_true, y_pred, labels=classes)
    shares = metrics.confusion_matrix(y_true, y_pred, labels=classes, normalize="true")
    names = predictions.class_names
    pairs = pd.MultiIndex.from_product([names, names], names=["actual", "predicted"])
    columns = {"count": counts.ravel(), "share": shares.ravel()}
    return pd.DataFrame(columns, index=pairs).reset_index()


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
        # The last point, with a recall of 0, has no threshold.
        curve = pd.DataFrame(
            {"recall": recall[:-1], "precision": precision[:-1], "threshold": thresholds}
        )
        curves[name] = thin_curve(curve[::-1])  # the recall increases
    return concat_curves(curves, ["recall", "precision", "threshold"])


def thin_curve(curve: pd.DataFrame) -> pd.DataFrame:
    """Return the points of a curve that are needed to draw it.

    A plot connects the points by straight lines. Each point that is left out lies within
    TOLERANCE of the line between its neighbours that are kept. This is a polygonal
    approximation as H. Imai and M. Iri define it (Polygonal Approximations of a Curve, 1988).
    It is greedy: from each point that is kept, a binary search finds the next one.

    Args:
        curve: its first two columns are x and y, from 0 to 1.

    Returns:
        Some rows of `curve`, among them the first and the last.
    """
    points = curve.iloc[:, :2].to_numpy()
    kept = [0]
    while kept[-1] < len(points) - 1:
        start = kept[-1]
        kept.append(start + find_end_of_line(points[start:]))
    return curve.iloc[kept]


def find_end_of_line(points: Points) -> int:
    """Return the index of the farthest point that a line can reach, by binary search."""
    reached = 0
    too_far = len(points)
    while too_far - reached > 1:
        end = (reached + too_far + 1) // 2
        if max_distance(points[: end + 1]) > TOLERANCE:
            too_far = end
        else:
            reached = end
    return reached


def max_distance(points: Points) -> float:
    """Return the largest distance of points from the line between the first and the last."""
    from_first = points - points[0]
    line = from_first[-1]
    squared_length = max((line**2).sum(), np.finfo(float).tiny)  # two points may be equal
    positions = np.clip((from_first * line).sum(axis=1) / squared_length, 0, 1)
    from_line = from_first - positions[:, np.newaxis] * line
    return float(np.linalg.norm(from_line, axis=1).max())


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
    bins = images.groupby(["from", "to"], as_index=False)
    return bins.agg(
        count=("confidence", "size"),
        confidence=("confidence", "mean"),
        accuracy=("is_correct", "mean"),
    )
