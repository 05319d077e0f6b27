"""Compute the scores of a fitted model, and the predictions that follow from them."""

from typing import Any

import joblib
import numpy as np
import pandas as pd
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import Pipeline

from digits.core.images import Images
from digits.core.pixels import Pixels, Scores, Vector
from digits.core.predictions import make_predictions_table

# The last bits of a matrix product depend on its shape. Batches start at fixed rows, so scores
# do not depend on the number of cores.
BATCH_SIZE = 1_000

# The last digits of a score depend on the processor. Thresholds, predictions and metrics follow
# from scores that are rounded to this many decimals.
DECIMALS = 6


def response_method(model: Pipeline) -> str:
    """Return the name of the method that gives the scores of a model."""
    return "decision_function" if hasattr(model, "decision_function") else "predict_proba"


def compute_scores(model: Pipeline, X: Any, rows: Vector | None = None) -> Scores:
    """Return the scores of images, rounded. The batches share the cores.

    Args:
        model: a fitted model.
        X: the input of the model, such as pixels of shape (n_images, n_values).
        rows: the rows of X to score, or None for all. They are selected batch by batch, because
            X[rows] would be a copy.
    """
    if rows is None:
        rows = np.arange(X.shape[0])
    starts = range(0, len(rows), BATCH_SIZE)
    # A generator, so that only a few batches are in memory at a time.
    jobs = (
        joblib.delayed(compute_batch_scores)(model, X[rows[start : start + BATCH_SIZE]])
        for start in starts
    )
    scores = np.concatenate(joblib.Parallel(prefer="threads")(jobs))
    return scores.astype(np.float64).round(DECIMALS)


def compute_batch_scores(model: Pipeline, batch: Any) -> Scores:
    """Return the scores of the images of a batch."""
    compute = getattr(model, response_method(model))
    with joblib.parallel_config("threading", n_jobs=1):  # the batches already use all cores
        scores = compute(batch)
    if scores.ndim == 2 and scores.shape[1] == 2:  # `predict_proba` with two classes
        return scores[:, 1]
    return scores


def predict_from_scores(model: Pipeline, scores: Scores) -> Vector:
    """Return what `model.predict` would return, from scores that are already known."""
    if scores.ndim == 2:
        return model.classes_[scores.argmax(axis=1)]
    threshold = decision_threshold(model)
    # If the score equals the threshold, FixedThresholdClassifier predicts the second class. All
    # other classifiers predict the first.
    if has_fixed_threshold(model):
        is_second_class = scores >= threshold
    else:
        is_second_class = scores > threshold
    return model.classes_[is_second_class.astype(int)]


def decision_threshold(model: Pipeline) -> float:
    """Return the score that separates the first of two classes from the second."""
    if has_fixed_threshold(model):
        return float(model[-1].threshold)
    return 0.0 if response_method(model) == "decision_function" else 0.5


def has_fixed_threshold(model: Pipeline) -> bool:
    """Return whether a model has a decision threshold from params.yaml."""
    return isinstance(model[-1], FixedThresholdClassifier)


def predict_labelled_images(model: Pipeline, X: Pixels, images: Images) -> pd.DataFrame:
    """Return the table of a model's predictions of labelled images. X[i] belongs to image i."""
    with joblib.parallel_config("threading", n_jobs=joblib.cpu_count()):
        scores = compute_scores(model, X)
    y_pred = predict_from_scores(model, scores)
    method = response_method(model)
    return make_predictions_table(images, model.classes_, method, scores, y_pred)
