"""Which of a model's mistakes it was surest of."""

from common.tables import Scores, Vector

import numpy as np


def worst_first(labels: Vector, predictions: Vector, scores: Scores, classes: Vector) -> tuple[Vector, Vector]:
    """Order mistakes by how far the score of what the model said stood above the score of what is so.

    Args:
        labels: shape (rows,), what is so.
        predictions: shape (rows,), what the model says.
        scores: shape (rows,) for two classes, where the distance from the threshold counts; else (rows, classes).
        classes: shape (classes,), in the order of the scores' columns.

    Returns:
        The positions of the mistakes, the worst first, and their margins in the same order.
    """
    wrong = np.flatnonzero(labels != predictions)
    if scores.ndim == 1:
        threshold = 0.5 if scores.min() >= 0 else 0.0  # probabilities are never below 0, decision values are
        margins = np.abs(scores[wrong] - threshold)
    else:
        said, so = (np.searchsorted(classes, values[wrong]) for values in (predictions, labels))
        margins = scores[wrong, said] - scores[wrong, so]
    order = np.argsort(-margins, kind="stable")
    return wrong[order], margins[order]
