"""Fit a model on all training images, and once per fold, on the other folds.

All these fits share the cores, the features in memory and, if there is one, a Dask cluster.
Steps at the beginning of a pipeline that learn nothing are applied once for all fits.
scikit-learn's `cross_val_predict` shares nothing with the fit on all images.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import joblib
import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.metrics import accuracy_score
from sklearn.model_selection import PredefinedSplit, StratifiedGroupKFold, StratifiedKFold
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from digits.core.pixels import Scores, Vector
from digits.learning.rounding import fit_rounded
from digits.learning.scores import compute_scores, predict_from_scores
from digits.learning.stateless import apply_stateless_steps, separate_stateless_steps
from digits.messages.errors import UserError
from digits.running.cluster import threads_or_cluster

# What classifiers raise for images or labels that they cannot learn from. Some raise a
# TypeError for sparse features, and `CategoricalNB` raises an IndexError.
FITTING_ERRORS = (ValueError, TypeError, IndexError)

# The training accuracy is computed on at most this many images, because some models take longer
# to score all images than to be fitted on them.
MAX_TRAIN_SCORES = 10_000


def assign_folds(y: Vector, groups: pd.Series | None, n_folds: int) -> Vector | None:
    """Return the fold in which each image is held out, from 1 to `n_folds`, shape (n_images,).

    The folds are stratified by label. No group is in two folds.

    Args:
        y: the labels, shape (n_images,).
        groups: the group of each image, or None.
        n_folds: the number of folds. With 0, None is returned: there is no cross-validation.

    Raises:
        UserError: there are too few images or groups, or one fold has all of a label.
    """
    if n_folds == 0:
        return None
    check_counts(y, n_folds, groups)
    # The splitters do not shuffle, because the training images are already shuffled.
    splitter_class = StratifiedKFold if groups is None else StratifiedGroupKFold
    splits = splitter_class(n_folds).split(y, y, groups)  # an X is required, but not used

    # `test_fold` is the only form of the folds that is kept: the table of predictions has it as
    # the column `fold`, and `fit` makes the splits from it again.
    test_fold = np.zeros(len(y), dtype=np.uint8)
    for fold, (train_rows, test_rows) in enumerate(splits, start=1):
        test_fold[test_rows] = fold
        missing = np.setdiff1d(y, y[train_rows])  # may happen only with groups
        if len(missing):
            raise UserError(
                f"folds: {n_folds}, but all groups with the label {missing[0]} are in one "
                "fold; use another number"
            )
    return test_fold


def check_counts(y: Vector, n_folds: int, groups: pd.Series | None) -> None:
    """Check that there are enough images of each label, and enough groups."""
    _, label_counts = np.unique(y, return_counts=True)
    max_folds = label_counts.min()
    if groups is not None:
        max_folds = min(max_folds, groups.nunique())
    if n_folds > max_folds:
        raise UserError(
            f"folds: {n_folds}; at most {max_folds}, the number of images of the rarest label, "
            "or of groups; 0 for no cross-validation"
        )


# The rows on which a pipeline is fitted, and the rows that it scores.
TrainTestRows = tuple[Vector, Vector]


class CrossValidatedScores(NamedTuple):
    """The scores of the training images in cross-validation.

    Attributes:
        test_fold: the fold in which each image is held out, shape (n_images,).
        scores: the score of each image by a pipeline that was fitted without its fold.
    """

    test_fold: Vector
    scores: Scores


class Fitted(NamedTuple):
    """A fitted model, and how it scores the training images.

    Attributes:
        model: the pipeline, fitted on all training images.
        train_scores: the scores of the first MAX_TRAIN_SCORES images by this model.
        train_labels: the labels of these images.
        cross_validation: None if there are no folds.
    """

    model: Pipeline
    train_scores: Scores
    train_labels: Vector
    cross_validation: CrossValidatedScores | None

    @property
    def train_accuracy(self) -> float:
        """The accuracy of the model on images that it was fitted on."""
        # It is computed on demand, because `tune_threshold` replaces the model.
        y_pred = predict_from_scores(self.model, self.train_scores)
        return accuracy_score(self.train_labels, y_pred)


def fit(pipeline: Pipeline, X: Any, y: Vector, test_fold: Vector | None) -> Fitted:
    """Fit a pipeline on all images, and once per fold, on the other folds.

    Args:
        pipeline: an unfitted pipeline.
        X: its input, such as pixels, shape (n_images, n_values).
        y: the labels, shape (n_images,).
        test_fold: the fold in which each image is held out, shape (n_images,), or None for no
            cross-validation.

    Raises:
        UserError: the pipeline cannot be fitted.
    """
    if len(np.unique(y)) < 2:
        raise UserError(f"all training images have the label {y[0]}; a model needs two")
    # The fit on all images runs as one more split, which scores its own first rows for the
    # training accuracy.
    all_rows = np.arange(len(y))
    model_split = (all_rows, all_rows[:MAX_TRAIN_SCORES])
    cv_splits = [] if test_fold is None else list(PredefinedSplit(test_fold).split())
    try:
        fits = fit_splits(pipeline, X, y, [model_split, *cv_splits])
    except FITTING_ERRORS as error:
        raise UserError(f"the model cannot be fitted: {error}") from error

    (model, train_scores), *cv_fits = fits
    cross_validation = None
    if test_fold is not None:
        # Each image is in the test rows of one split. Sort the scores by these rows.
        test_rows = np.concatenate([rows for _, rows in cv_splits])
        cv_scores = np.concatenate([scores for _, scores in cv_fits])[np.argsort(test_rows)]
        cross_validation = CrossValidatedScores(test_fold, cv_scores)
    return Fitted(model, train_scores, y[:MAX_TRAIN_SCORES], cross_validation)


def fit_splits(
    pipeline: Pipeline, X: Any, y: Vector, splits: Sequence[TrainTestRows]
) -> list[tuple[Pipeline, Scores]]:
    """Fit a copy of a pipeline for each split, several at a time.

    The features of all images must fit into memory.

    Args:
        pipeline: an unfitted pipeline.
        X: its input.
        y: the labels.
        splits: the rows to fit each copy on, and the rows to score with it.

    Returns:
        The fitted copy and the scores for each split.
    """
    stateless_steps, learning_steps = separate_stateless_steps(pipeline)
    features = apply_stateless_steps(stateless_steps, X)
    # At least two threads per fit, so that the last fits can use the cores of those that have
    # ended.
    n_threads = max(2, joblib.cpu_count() // len(splits))
    jobs = [
        joblib.delayed(fit_and_score)(learning_steps, features, y, split, n_threads)
        for split in splits
    ]
    with threads_or_cluster(shared_arrays=[features, y]):
        results = joblib.Parallel(return_as="generator")(jobs)
        fits = list(tqdm(results, "fits", total=len(jobs), leave=False, disable=None))
    return [
        (Pipeline([*stateless_steps.steps, *learned.steps]), scores) for learned, scores in fits
    ]


def fit_and_score(
    pipeline: Pipeline, X: Any, y: Vector, split: TrainTestRows, n_threads: int
) -> tuple[Pipeline, Scores]:
    """Fit a copy of a pipeline on some rows, and score other rows with it."""
    train_rows, test_rows = split
    # With more than one thread of OpenMP, HistGradientBoostingClassifier sums in another order,
    # and the model stores the number of threads.
    with (
        joblib.parallel_config("threading", n_jobs=n_threads),
        threadpool_limits(1, user_api="openmp"),
    ):
        model = clone(pipeline)
        fit_rounded(model, X[train_rows], y[train_rows])
        return model, compute_scores(model, X, test_rows)
