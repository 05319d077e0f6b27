"""ROC curves, precision-recall curves and reliability diagrams as tables.

The curves are reduced to the points that a plot needs, so that they are small enough for Git.
"""

import numpy as np
import pandas as pd
from sklearn import metrics

from digits.evaluation.predictions import Predictions

# Curves are thinned to about one point per cell of a symlog grid: up to this distance from the
# perfect point, the cells are linear, and then logarithmic.
LINEAR_UP_TO = 0.001
CELLS_PER_AXIS = 60

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
        curves[name] = thin_curve(curve, perfect_point=[0, 1])
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
        curves[name] = thin_curve(curve, perfect_point=[1, 1])
    return concat_curves(curves, ["recall", "precision", "threshold"])


def thin_curve(curve: pd.DataFrame, perfect_point: list[int]) -> pd.DataFrame:
    """Return the first and the last point of a curve in each cell of the grid.

    Args:
        curve: its first two columns are x and y, from 0 to 1.
        perfect_point: the x and the y of a perfect classifier.
    """
    distances = (curve.iloc[:, :2] - perfect_point).abs()
    positions = np.log1p(distances / LINEAR_UP_TO) / np.log1p(1 / LINEAR_UP_TO)  # 0 to 1
    cells = np.floor(CELLS_PER_AXIS * positions)
    is_first = (cells != cells.shift()).any(axis=1)
    is_last = (cells != cells.shift(-1)).any(axis=1)
    return curve[is_first | is_last]


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
