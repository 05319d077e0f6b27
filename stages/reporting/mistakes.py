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
        are_probabilities = scores.min() >= 0 and scores.max() <= 1 and np.array_equal(answers, scores > 0.5)
        threshold = 0.5 if are_probabilities else 0.0  # of decision values
        margins = np.abs(scores[wrong] - threshold)
    else:
        classes = np.array(tables.score_classes(predictions.column_names))  # a class that no row has is among them
        said, so = (np.searchsorted(classes, values[wrong]) for values in (answers, labels))
        margins = scores[wrong, said] - scores[wrong, so]
    order = np.argsort(-margins, kind="stable")
    return wrong[order], margins[order]
