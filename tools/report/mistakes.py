"""Which of a model's mistakes it was surest of."""

import numpy as np
import pyarrow as pa

from digits.common import tables
from digits.common.tables import Vector


def surest_first(predictions: pa.Table) -> tuple[Vector, Vector]:
    """Order mistakes by how far the score of the answer stood above the next one's, or from the threshold.

    Args:
        predictions: `label`, `prediction`, and `score` for two classes, else a `score_<class>` for each.

    Returns:
        The positions of the mistakes, the surest first, and for each the share (0 to 1) of the right answers that the
        model was less sure of: scores of every kind can be told so.
    """
    labels, answers = tables.column(predictions, "label"), tables.column(predictions, "prediction")
    scores = tables.read_scores(predictions)
    if scores.ndim == 1:
        are_probabilities = scores.min() >= 0 and scores.max() <= 1 and np.array_equal(answers, scores > 0.5)
        sureness = np.abs(scores - (0.5 if are_probabilities else 0.0))
    else:
        second, first = np.partition(scores, (-2, -1), axis=1)[:, -2:].T
        sureness = first - second
    wrong = np.flatnonzero(labels != answers)
    mistakes = wrong[np.argsort(-sureness[wrong], kind="stable")]
    right = np.sort(sureness[labels == answers])
    return mistakes, np.searchsorted(right, sureness[mistakes]) / max(len(right), 1)
