"""Fit a model on all training images, and cross-validate it."""

import math
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, NamedTuple

from digits.core.errors import UserError
from digits.core.tables import Pixels, Scores, Vector
from digits.learning.parallel import parallel_backend
from digits.learning.scores import compute_scores

import joblib
import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags
from threadpoolctl import threadpool_limits
from tqdm import tqdm

# What scikit-learn raises when hyperparameters contradict each other, or the data.
FITTING_ERRORS = (
    ArithmeticError,
    AttributeError,
    LookupError,
    NotImplementedError,
    TypeError,
    ValueError,
)

# The model is scored on at most this many of the images that it was fitted on. Some models take
# longer to score all of them than to be fitted.
MAX_TRAIN_SCORES = 10_000


class FittedModel(NamedTuple):
    """A fitted model, and the scores of its training images."""

    model: Pipeline  # fitted on all training images
    train_scores: Scores  # of the first MAX_TRAIN_SCORES images, by this model
    cv_scores: Any  # of each image, by a model fitted without its fold; None without folds


def fit_and_cross_validate(
    pipeline: Pipeline, X: Pixels, y: Vector, test_fold: Vector | None
) -> FittedModel:
    """Fit a pipeline on all images, and once more for each fold, on the images outside it.

    Args:
        pipeline: an unfitted pipeline.
        X: the pixels, shape (n_images, height * width).
        y: the labels, shape (n_images,).
        test_fold: the fold in which each image is held out, shape (n_images,), or None for no
            cross-validation.

    Raises:
        UserError: the pipeline cannot be fitted.
    """
    # A split has the rows to fit a copy of the pipeline on, and the rows to score with it.
    all_rows = np.arange(len(y))
    splits = [(all_rows, all_rows[:MAX_TRAIN_SCORES])]
    if test_fold is not None:
        for fold in np.unique(test_fold):
            is_test = test_fold == fold
            splits.append((np.flatnonzero(~is_test), np.flatnonzero(is_test)))

    # Steps that learn nothing give the same result in all fits, so they are applied once.
    preprocessing, learning_steps = separate_stateless_steps(pipeline)
    with report_unfit_pipelines():
        X_transformed = apply_stateless_steps(preprocessing, X)
        fits = fit_and_score_splits(learning_steps, X_transformed, y, splits)

    fitted_steps, train_scores = fits[0]
    model = Pipeline([*preprocessing.steps, *fitted_steps.steps])
    if test_fold is None:
        return FittedModel(model, train_scores, cv_scores=None)

    shape = (len(y), *train_scores.shape[1:])
    cv_scores = np.empty(shape, dtype=train_scores.dtype)
    for fold in range(1, len(splits)):
        _, test_rows = splits[fold]
        _, test_scores = fits[fold]
        cv_scores[test_rows] = test_scores
    return FittedModel(model, train_scores, cv_scores)


def separate_stateless_steps(pipeline: Pipeline) -> tuple[Pipeline, Pipeline]:
    """Cut a pipeline before its first step that learns from data.

    scikit-learn's tag `requires_fit` tells whether a step does.
    """
    unfitted = clone(pipeline)
    for index, (_, step) in enumerate(unfitted.steps):
        if get_tags(step).requires_fit:
            return unfitted[:index], unfitted[index:]
    raise ValueError("the pipeline has no step that learns")


def apply_stateless_steps(preprocessing: Pipeline, X: Any) -> Any:
    """Return the images after all steps of a pipeline that learn nothing."""
    with joblib.parallel_config("threading", n_jobs=joblib.cpu_count()):
        for _, step in preprocessing.steps:
            X = step.fit_transform(X)
    return X


def fit_and_score_splits(
    pipeline: Pipeline, X: Any, y: Vector, splits: list[tuple[Vector, Vector]]
) -> list[tuple[Pipeline, Scores]]:
    """Fit a copy of a pipeline for each split, several at a time.

    Args:
        pipeline: an unfitted pipeline.
        X: what the pipeline takes, one row per image.
        y: the labels, shape (n_images,).
        splits: the rows to fit a copy on, and the rows to score with it.

    Returns:
        The fitted copy and the scores for each split.

    Raises:
        UserError: all images have the same label.
    """
    if len(np.unique(y)) < 2:
        raise UserError(f"all training images have the label {y[0]}; a model needs two")

    # The fits share the cores. Each has two threads at least, so that no core waits while the
    # last fit ends.
    n_cores = joblib.cpu_count()
    n_jobs_per_fit = max(math.ceil(n_cores / len(splits)), min(n_cores, 2))
    fit = joblib.delayed(fit_and_score)
    tasks = [fit(pipeline, X, y, split, n_jobs_per_fit) for split in splits]
    with parallel_backend(X, y):
        fits = joblib.Parallel(return_as="generator")(tasks)
        return list(tqdm(fits, "fits", total=len(tasks), leave=False, disable=None))


@contextmanager
def report_unfit_pipelines() -> Iterator[None]:
    """Turn an error of scikit-learn into a UserError."""
    try:
        yield
    except FITTING_ERRORS as error:
        raise UserError(f"the model cannot be fitted: {error}") from error


def fit_and_score(
    pipeline: Pipeline, X: Any, y: Vector, split: tuple[Vector, Vector], n_jobs: int
) -> tuple[Pipeline, Scores]:
    """Fit a copy of a pipeline on the training rows of a split, and score its test rows.

    It uses `n_jobs` threads.
    """
    train_rows, test_rows = split
    # Gradient boosting adds up numbers in another order if OpenMP has more than one thread, and
    # stores the number of threads in the model.
    with (
        joblib.parallel_config("threading", n_jobs=n_jobs),
        threadpool_limits(1, user_api="openmp"),
    ):
        model = clone(pipeline).fit(X[train_rows], y[train_rows])
        return model, compute_scores(model, X[test_rows])
