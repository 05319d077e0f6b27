"""Rank the mistakes of a model."""

import numpy as np
import pandas as pd

from digits.core.pixels import Vector
from digits.core.predictions import read_scores, score_labels


def rank_mistakes(predictions: pd.DataFrame) -> Vector:
    """Return the positions of the wrong predictions, the most confident ones first.

    Args:
        predictions: a table of predictions, as docs/pipeline.md describes it.
    """
    is_wrong = (predictions["label"] != predictions["prediction"]).to_numpy()
    ranking = np.argsort(-compute_margins(predictions), kind="stable")
    return ranking[is_wrong[ranking]]


def compute_margins(predictions: pd.DataFrame) -> Vector:
    """Return the highest score minus the second highest of each image, shape (n_images,).

    With two classes, it is how far the score is on the side of the predicted class. It is
    negative if the model has a decision threshold by which it predicts the less probable class.
    """
    scores, response_method = read_scores(predictions)
    if scores.ndim == 2:
        sorted_scores = np.sort(scores, axis=1)
        return sorted_scores[:, -1] - sorted_scores[:, -2]
    middle = 0.5 if response_method == "predict_proba" else 0
    [positive_label] = score_labels(predictions)
    is_positive = predictions["prediction"] == positive_label
    return np.where(is_positive, scores - middle, middle - scores)
