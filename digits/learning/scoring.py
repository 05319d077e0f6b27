"""The scores of a fitted model, the predictions that they stand for, and the tables of both."""

import os
from contextlib import AbstractContextManager
from typing import Any

from digits.core.errors import room
from digits.core.tables import Pixels, Scores, Vector

import joblib
import numpy as np
import pandas as pd
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import Pipeline

METHODS = {"decision_function": "decision", "predict_proba": "probability"}  # of scores: what their columns are called
BATCH = 1_000  # images scored at a time: fixed, because a matrix product's last bits depend on its shape
CLUSTER = "DASK_SCHEDULER_ADDRESS"  # Dask's own variable (docs/scale/cluster.md)


def parallel_backend(*arguments: Any) -> AbstractContextManager[Any]:
    """Let joblib's tasks run on all cores, or on a cluster, which gets the large arguments that they share once."""
    if address := os.environ.get(CLUSTER):
        return room("scale.cluster", CLUSTER).backend(address, arguments)
    return joblib.parallel_config("threading", n_jobs=joblib.cpu_count())


def score(model: Pipeline, pixels: Pixels) -> Scores:
    """Return decision values, or else probabilities from 0 to 1, of images of shape (images, height * width), 0 to 255.

    They have the shape (images, classes), of two classes (images,), those of the second. The batches share the cores.
    """
    # In a tuple: joblib would send an array by itself to one worker of a cluster, and lose it with the worker.
    batches = [(pixels[start : start + BATCH],) for start in range(0, pixels.shape[0], BATCH)]
    return np.concatenate(joblib.Parallel(prefer="threads")(joblib.delayed(_score)(model, batch) for batch in batches))


def _score(model: Pipeline, batch: tuple[Pixels]) -> Scores:
    with joblib.parallel_config("threading", n_jobs=1):  # the batches have the cores
        scores = getattr(model, method(model))(batch[0])
    return scores[:, 1] if scores.ndim == 2 and scores.shape[1] == 2 else scores


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


def table(images: pd.DataFrame, model: Pipeline, scores: Scores, y_pred: Vector, **columns: Vector) -> pd.DataFrame:
    """Return the table of predictions of labelled images, with other columns of shape (images,)."""
    rows = images[[name for name in ("row", "group", "label") if name in images]]
    by_class = zip(model.classes_[-1 if scores.ndim == 1 else 0 :], np.atleast_2d(scores.T), strict=True)
    named = {f"{METHODS[method(model)]}_{label}": of_class.astype(float) for label, of_class in by_class}
    return rows.assign(**columns, prediction=y_pred, **named)


def scores_of(predictions: pd.DataFrame) -> tuple[Scores, str, list[int]]:
    """Return the scores in a table, as of `score`, the method that gave them, and the label of each column."""
    are_decisions = any(str(name).startswith("decision_") for name in predictions)
    given_by = "decision_function" if are_decisions else "predict_proba"
    found = predictions.filter(regex=rf"^{METHODS[given_by]}_\d+$")
    labels = [int(str(name).rpartition("_")[2]) for name in found]
    return found.to_numpy()[:, 0] if len(labels) == 1 else found.to_numpy(), given_by, labels
