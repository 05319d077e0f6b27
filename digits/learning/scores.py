"""Compute the scores of a fitted model, and the predictions that follow from them.

As in scikit-learn, scores are the values of `decision_function`, or of `predict_proba` for a
model that has no `decision_function`. Their shape is (n_images, n_classes). With two classes it
is (n_images,): the scores of the second class.
"""

from typing import Any

import joblib
import numpy as np
import pandas as pd
from sklearn.model_selection import FixedThresholdClassifier
from sklearn.pipeline import Pipeline

from digits.core.tables import Pixels, Scores, Vector
from digits.learning.parallel import parallel_backend
from digits.settings.columns import COLUMNS

# The prefix of the columns of scores in a table of predictions, by response method.
COLUMN_PREFIXES = {"decision_function": "decision", "predict_proba": "probability"}
SCORE_COLUMN = r"^(decision|probability)_\d+$"

# All scores are computed in batches of this size, because the last bits of a matrix product
# depend on its shape.
BATCH_SIZE = 1_000


def response_method(model: Pipeline) -> str:
    """Return the name of the method that gives the scores of a model."""
    return "decision_function" if hasattr(model, "decision_function") else "predict_proba"


def compute_scores(model: Pipeline, X: Any, rows: Vector | None = None) -> Scores:
    """Return the scores of images. The batches share the cores.

    Args:
        model: a fitted model.
        X: the input of the model, such as pixels of shape (n_images, n_values).
        rows: the rows of X to score, or None for all.
    """
    if rows is None:
        rows = np.arange(X.shape[0])
    # A generator keeps few batches in memory at a time. Each batch is in a list: joblib would
    # send an array to one worker of a Dask cluster ahead of its task, and lose it together with
    # that worker.
    starts = range(0, len(rows), BATCH_SIZE)
    batches = (X[rows[start : start + BATCH_SIZE]] for start in starts)
    score = joblib.delayed(_compute_scores_of_batch)
    tasks = (score(model, [batch]) for batch in batches)
    return np.concatenate(joblib.Parallel(prefer="threads")(tasks))


def _compute_scores_of_batch(model: Pipeline, batch_in_list: list[Any]) -> Scores:
    [batch] = batch_in_list
    compute = getattr(model, response_method(model))
    with joblib.parallel_config("threading", n_jobs=1):  # the batches already use all cores
        scores = compute(batch)
    if scores.ndim == 2 and scores.shape[1] == 2:
        return scores[:, 1]
    return scores


def predict_from_scores(model: Pipeline, scores: Scores) -> Vector:
    """Return the predicted labels, shape (n_images,)."""
    if scores.ndim == 2:
        return model.classes_[scores.argmax(axis=1)]
    threshold = decision_threshold(model)
    if has_fixed_threshold(model):
        is_second_class = scores >= threshold
    else:
        # All classifiers but FixedThresholdClassifier predict the first class at a tie.
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


def predict_labelled_images(model: Pipeline, X: Pixels, images: pd.DataFrame) -> pd.DataFrame:
    """Return the table of a model's predictions of labelled images."""
    with parallel_backend(model):  # a Dask cluster, if there is one, receives the model once
        scores = compute_scores(model, X)
    y_pred = predict_from_scores(model, scores)
    return make_predictions_table(images, model, scores, y_pred)


def make_predictions_table(
    images: pd.DataFrame,
    model: Pipeline,
    scores: Scores,
    y_pred: Vector,
    test_fold: Vector | None = None,
) -> pd.DataFrame:
    """Return a table of predictions, with the columns that docs/reference/files.md describes.

    Args:
        images: the table of the labelled images, whose `row`, `file`, `group` and other
            COLUMNS, and `label` are copied.
        model: the model, for the names of the columns.
        scores: the scores of the images.
        y_pred: the predicted labels, shape (n_images,).
        test_fold: the fold in which each image was held out, or None for test images.
    """
    copied_columns = ["row", "file", *COLUMNS, "label"]
    table = images[[name for name in copied_columns if name in images]].copy()
    if test_fold is not None:
        table["fold"] = test_fold
    table["prediction"] = y_pred

    prefix = COLUMN_PREFIXES[response_method(model)]
    labels = model.classes_[1:] if scores.ndim == 1 else model.classes_
    score_table = pd.DataFrame(
        scores.reshape(len(scores), len(labels)).astype(float),
        columns=[f"{prefix}_{label}" for label in labels],
        index=table.index,
    )
    predictions = table.join(score_table)
    predictions.attrs = table.attrs  # `join` drops them
    return predictions


def read_scores(predictions: pd.DataFrame) -> tuple[Scores, str]:
    """Return the scores in a table of predictions, and their response method."""
    columns = predictions.filter(regex=SCORE_COLUMN)
    scores = columns.to_numpy()
    if scores.shape[1] == 1:
        scores = scores[:, 0]
    if columns.columns[0].startswith("decision_"):
        return scores, "decision_function"
    return scores, "predict_proba"


def score_labels(predictions: pd.DataFrame) -> list[int]:
    """Return the label that each column of scores in a table of predictions belongs to."""
    columns = predictions.filter(regex=SCORE_COLUMN)
    return [int(str(name).split("_")[1]) for name in columns]
