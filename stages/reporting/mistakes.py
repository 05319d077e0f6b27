"""Which of a model's mistakes it was surest of."""

from common import tables
from common.tables import Vector

import numpy as np
import pyarrow as pa


def worst_first(predictions: pa.Table) -> tuple[Vector, Vector]:
    """Order mistakes by how far the score of what the model said stood above the score of what is so.

    Args:
        predictions: `label`, `prediction`, and `score` for two classes, where the distance from the threshold counts,
            else a `score_<class>` for each.

    Returns:
        The positions of the mistakes, the worst first, and their margins in the same order.
    """
    labels, answers = tables.column(predictions, "label"), tables.column(predictions, "prediction")
    wrong = np.flatnonzero(labels != answers)
    scores = tables.read_scores(predictions)
    if scores.ndim == 1:
        threshold = 0.5 if scores.min() >= 0 else 0.0  # probabilities are never below 0, decision values are
        margins = np.abs(scores[wrong] - threshold)
    else:
        # From the names of the columns: a class that no test row has, has a score all the same.
        names = [name for name in predictions.column_names if name.startswith("score_")]
        classes = np.array([int(name.removeprefix("score_")) for name in names])
        said, so = (np.searchsorted(classes, values[wrong]) for values in (answers, labels))
        margins = scores[wrong, said] - scores[wrong, so]
    order = np.argsort(-margins, kind="stable")
    return wrong[order], margins[order]
