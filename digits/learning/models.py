"""Fitted models: their files, and the scores that they give."""

from digits.io.tables import Pixels, Scores, Vector

import joblib
import numpy as np
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import Pipeline

BATCH = 1_000  # images scored at a time: fixed, because a matrix product's last bits depend on its shape


def score(model: Pipeline, pixels: Pixels) -> Scores:
    """Score images of shape (images, height * width), 0 to 255, in batches that share the cores.

    Returns:
        Shape (images,) for two classes, of the second; (images, classes) for more. Decision values where the classifier
        has them (above 0 means yes), else probabilities from 0 to 1.
    """
    # In a tuple: an array by itself joblib would send to one worker of a cluster, and it would be lost with it.
    batches = [(pixels[start : start + BATCH],) for start in range(0, pixels.shape[0], BATCH)]
    return np.concatenate(joblib.Parallel(prefer="threads")(joblib.delayed(_score)(model, batch) for batch in batches))


def method(model: Pipeline) -> str:
    """Return the method that gives the scores: `decision_function` where there is one, else `predict_proba`."""
    return "decision_function" if hasattr(model, "decision_function") else "predict_proba"


def predict(model: Pipeline, scores: Scores) -> Vector:
    """Return the classes, of shape (images,), that the scores of `score` stand for."""
    if scores.ndim == 2:
        return model.classes_[scores.argmax(axis=1)]
    # A fixed threshold is a yes itself, as in scikit-learn; at a tie of probabilities the first class wins.
    is_above = np.greater_equal if isinstance(model[-1], FixedThresholdClassifier) else np.greater
    return model.classes_[is_above(scores, threshold(model)).astype(int)]


def threshold(model: Pipeline) -> float:
    """Return the score above which a model of two classes says yes."""
    if isinstance(model[-1], FixedThresholdClassifier):
        return float(model[-1].threshold)
    return 0.0 if method(model) == "decision_function" else 0.5


def _score(model: Pipeline, batch: tuple[Pixels]) -> Scores:
    (pixels,) = batch
    with joblib.parallel_config("threading", n_jobs=1):  # the batches have the cores
        scores = getattr(model, method(model))(pixels)
    return scores[:, 1] if scores.ndim == 2 and scores.shape[1] == 2 else scores
