"""Rank the mistakes of a model."""

from digits.core.tables import Vector
from digits.learning.scores import read_scores, score_labels

import numpy as np
import pandas as pd


def rank_mistakes(predictions: pd.DataFrame) -> Vector:
    """Return the positions of the wrong predictions, the most confident ones first.

    Args:
        predictions: a table of predictions, as digits/core/tables.py describes it.
    """
    is_wrong = predictions["label"] != predictions["prediction"]
    positions = np.flatnonzero(is_wrong)
    confidence = compute_confidence(predictions)[positions]
    return positions[np.argsort(-confidence, kind="stable")]


def compute_confidence(predictions: pd.DataFrame) -> Vector:
    """Return how far each score is above the next lower one, shape (n_images,).

    If there are two classes, it is how far each score is from the decision threshold.
    """
    scores, _ = read_scores(predictions)
    if scores.ndim == 2:
        sorted_scores = np.sort(scores, axis=1)
        return sorted_scores[:, -1] - sorted_scores[:, -2]

    # The scores of one prediction are all below the threshold, those of the other above it.
    # Take the middle between the nearest scores on both sides.
    [positive_label] = score_labels(predictions)
    is_positive = (predictions["prediction"] == positive_label).to_numpy()
    nearest_scores = []
    if not is_positive.all():
        nearest_scores.append(scores[~is_positive].max())
    if is_positive.any():
        nearest_scores.append(scores[is_positive].min())
    return np.abs(scores - np.mean(nearest_scores))
