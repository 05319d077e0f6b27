"""Fit a model on all training images, and once more for each fold.

`fit` and `cross_val_predict` of scikit-learn would repeat all steps in every fit. Here, steps
that learn nothing are applied only once, and all fits share the cores. For an SVM on histograms
of gradients, that saves a third of the processor time.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

import joblib
import numpy as np
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import PredefinedSplit
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from digits.core.pixels import Scores, Vector
from digits.learning.parallel import parallel_backend
from digits.learning.passes import fit_in_passes
from digits.learning.pipelines import separate_stateless_steps
from digits.learning.scores import compute_scores
from digits.learning.training_set import Split, TrainingSet, apply_stateless_steps
from digits.messages.errors import UserError

# What classifiers raise for images or labels that they cannot learn from. Some raise a
# TypeError for sparse features, and `CategoricalNB` raises an IndexError.
FITTING_ERRORS = (ValueError, TypeError, IndexError)

# The training accuracy is computed on at most this many images, because some models take longer
# to score all images than to be fitted on them.
MAX_TRAIN_SCORES = 10_000


class Fitted(NamedTuple):
    """A model, and the scores of the training images.

    Attributes:
        model: the pipeline, fitted on all training images.
        train_scores: the scores of the first MAX_TRAIN_SCORES images by this model.
        cv_scores: the score of each image by a model that was fitted without its fold, or None
            without cross-validation.
    """

    model: Pipeline
    train_scores: Scores
    cv_scores: Scores | None


def fit(
    pipeline: Pipeline, X: Any, y: Vector, folds: Vector | None, n_passes: int | None = None
) -> Fitted:
    """Fit a pipeline on all images, and once more for each fold, on the images outside it.

    Args:
        pipeline: an unfitted pipeline.
        X: its input, such as pixels, shape (n_images, n_values).
        y: the labels, shape (n_images,).
        folds: the fold in which each image is held out, shape (n_images,), or None for no
            cross-validation.
        n_passes: the number of passes over the images, batch by batch, if the features of all
            images do not fit into memory. If None, the pipeline is fitted on all at once.

    Raises:
        UserError: the pipeline cannot be fitted.
    """
    if len(np.unique(y)) < 2:
        raise UserError(f"all training images have the label {y[0]}; a model needs two")
    rows = np.arange(len(y))
    all_images = Split(rows, rows[:MAX_TRAIN_SCORES])
    fold_splits = []
    if folds is not None:
        fold_splits = [Split(*split) for split in PredefinedSplit(folds).split()]

    training_set = TrainingSet(X, y)
    with report_fitting_errors():
        if n_passes is None:
            fits = fit_splits(pipeline, training_set, [all_images, *fold_splits])
        else:
            fits = fit_in_passes(pipeline, training_set, [all_images, *fold_splits], n_passes)
    (model, train_scores), *fold_fits = fits
    if folds is None:
        return Fitted(model, train_scores, cv_scores=None)

    cv_scores = np.empty((len(y), *train_scores.shape[1:]), train_scores.dtype)
    for split, (_, test_scores) in zip(fold_splits, fold_fits, strict=True):
        cv_scores[split.test_rows] = test_scores
    return Fitted(model, train_scores, cv_scores)


def fit_splits(
    pipeline: Pipeline, training_set: TrainingSet, splits: list[Split]
) -> list[tuple[Pipeline, Scores]]:
    """Fit a copy of a pipeline for each split, several at a time.

    Args:
        pipeline: an unfitted pipeline.
        training_set: the images. Their features must fit into memory.
        splits: the rows of each fit.

    Returns:
        The fitted copy and the scores for each split.
    """
    stateless_steps, learning_steps = separate_stateless_steps(pipeline)
    features = apply_stateless_steps(stateless_steps, training_set)
    # The fits share the cores. Each has at least two threads, so that the last fit to end does
    # not leave the other cores without work.
    n_jobs = max(2, joblib.cpu_count() // len(splits))
    tasks = [
        joblib.delayed(fit_and_score)(learning_steps, features, split, n_jobs)
        for split in splits
    ]
    with parallel_backend(features):
        fits = joblib.Parallel(return_as="generator")(tasks)
        fits = list(tqdm(fits, "fits", total=len(tasks), leave=False, disable=None))
    return [
        (Pipeline([*stateless_steps.steps, *fitted.steps]), scores) for fitted, scores in fits
    ]


def fit_and_score(
    pipeline: Pipeline, training_set: TrainingSet, split: Split, n_jobs: int
) -> tuple[Pipeline, Scores]:
    """Fit a copy of a pipeline on the training rows of a split, and score its test rows.

    It uses `n_jobs` threads.
    """
    train = training_set.select(split.train_rows)
    # Gradient boosting adds up numbers in another order if OpenMP has more than one thread, and
    # stores the number of threads in the model.
    with (
        joblib.parallel_config("threading", n_jobs=n_jobs),
        threadpool_limits(1, user_api="openmp"),
    ):
        model = clone(pipeline).fit(train.X, train.y)
        del train  # before the scores take memory
        return model, compute_scores(model, training_set.X, split.test_rows)


@contextmanager
def report_fitting_errors() -> Iterator[None]:
    """Turn an error of scikit-learn into a UserError, and explain a ConvergenceWarning."""
    try:
        with warnings.catch_warnings(record=True) as caught:
            yield
    except FITTING_ERRORS as error:
        raise UserError(f"the model cannot be fitted: {error}") from error
    finally:
        for warning in caught:
            message = warning.message
            if isinstance(message, ConvergenceWarning):
                message = ConvergenceWarning(
                    f"{message} The model is used as it is. Its hyperparameters are in "
                    "params.yaml."
                )
            warnings.warn(message, stacklevel=2)
