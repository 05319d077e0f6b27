"""Fit a model on all training images, and cross-validate it.

`fit` and `cross_val_predict` of scikit-learn would repeat all steps in every fit. Here, steps
that learn nothing are applied only once, and all fits share the cores. For an SVM on histograms
of gradients, that saves a third of the processor time.
"""

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import NamedTuple

import joblib
import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import accuracy_score
from sklearn.model_selection import PredefinedSplit
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits
from tqdm import tqdm

from digits.core.tables import Pixels, Scores, Vector, rows_per_block
from digits.learning.folds import assign_folds
from digits.learning.inputs import N_FEATURES, select_input
from digits.learning.parallel import parallel_backend
from digits.learning.pipelines import build_pipeline, separate_stateless_steps
from digits.learning.scores import (
    compute_scores,
    make_predictions_table,
    predict_from_scores,
)
from digits.learning.thresholds import (
    choose_threshold,
    predict_cross_validated,
    set_threshold,
)
from digits.learning.training_set import TrainingSet
from digits.settings.columns import COLUMNS
from digits.settings.errors import UserError
from digits.settings.extensions import is_in_extension
from digits.settings.params import ModelParams, Threshold

# What classifiers raise for images or labels that they cannot learn from. Some raise a
# TypeError for sparse features, and `CategoricalNB` raises an IndexError.
FITTING_ERRORS = (ValueError, TypeError, IndexError)

# The training accuracy is computed on at most this many images, because some models take longer
# to score all images than to be fitted on them.
MAX_TRAIN_SCORES = 10_000

# The bytes of pixels in a batch of a model with `passes`: 10,000 images of MNIST.
BATCH_BYTES = 10_000 * 28 * 28


class FitResult(NamedTuple):
    """A model, and the scores of the training images."""

    model: Pipeline  # fitted on all training images
    train_scores: Scores  # of the first MAX_TRAIN_SCORES images, by this model
    cv_scores: Scores | None  # of each image, by a model fitted without its fold


def fit_and_cross_validate(
    model_params: ModelParams, seed: int, X: Pixels, images: pd.DataFrame
) -> tuple[Pipeline, pd.DataFrame]:
    """Fit a model on all training images, and cross-validate it.

    Args:
        model_params: the model's entry of params.yaml.
        seed: the seed of the classifier's random numbers.
        X: the pixels of the training images, shape (n_images, n_values).
        images: the table of the training images, with their labels. Row i belongs to X[i]. It
            has the features of the dataset's network, too, if there is one.

    Returns:
        The model, with its decision threshold, and the table of its cross-validated
        predictions, which `make_crossval_table` describes.

    Raises:
        UserError: the model cannot be fitted on these images.
    """
    y = images["label"].to_numpy()
    if len(np.unique(y)) < 2:
        raise UserError(f"all training images have the label {y[0]}; a model needs two")
    pixel_max, shape = images.attrs["pixel_max"], images.attrs["shape"]
    n_network_features = images.attrs.get(N_FEATURES, [])
    pipeline = build_pipeline(model_params, seed, pixel_max, shape, n_network_features)
    test_fold = None
    if model_params.folds > 0:
        groups = images.get("group")  # such as the writer of each image; None if unknown
        test_fold = assign_folds(y, model_params.folds, groups)
    columns = [name for name in ("label", *COLUMNS) if name in images]
    training_set = TrainingSet(select_input(model_params, X, images), images[columns])
    result = fit_all(pipeline, training_set, test_fold, model_params.hyperparameters.passes)

    model = result.model
    rule = model_params.hyperparameters.threshold
    if rule is not None:
        is_positive = y == model.classes_[1]
        threshold = choose_threshold(rule, is_positive, result.cv_scores)
        model = set_threshold(model, threshold)
    return model, make_crossval_table(images, model, result, test_fold, rule)


def fit_all(
    pipeline: Pipeline,
    training_set: TrainingSet,
    test_fold: Vector | None,
    n_passes: int | None = None,
) -> FitResult:
    """Fit a pipeline on all images, and once more for each fold, on the images outside it.

    Args:
        pipeline: an unfitted pipeline.
        training_set: the images.
        test_fold: the fold in which each image is held out, shape (n_images,), or None for no
            cross-validation.
        n_passes: the number of passes over the images, batch by batch. If None, the pipeline is
            fitted on all images at once, and their features must fit into memory.

    Raises:
        UserError: the pipeline cannot be fitted.
    """
    # A split is a pair: the rows to fit a copy of the pipeline on, and the rows to score.
    all_rows = np.arange(len(training_set))
    fold_splits = [] if test_fold is None else list(PredefinedSplit(test_fold).split())
    splits = [(all_rows, all_rows[:MAX_TRAIN_SCORES]), *fold_splits]

    stateless_steps, learning_steps = separate_stateless_steps(pipeline)
    with report_fitting_errors():
        if n_passes is None:
            features = apply_stateless_steps(stateless_steps, training_set)
            all_fits = fit_and_score_splits(learning_steps, features, splits)
        else:
            all_fits = fit_in_passes(
                stateless_steps, learning_steps, training_set, splits, n_passes
            )
    full_fit, *fold_fits = all_fits
    fitted_steps, train_scores = full_fit
    model = Pipeline([*stateless_steps.steps, *fitted_steps.steps])
    if test_fold is None:
        return FitResult(model, train_scores, cv_scores=None)

    cv_scores = np.empty((len(training_set), *train_scores.shape[1:]), train_scores.dtype)
    for (_, test_rows), (_, test_scores) in zip(fold_splits, fold_fits, strict=True):
        cv_scores[test_rows] = test_scores
    return FitResult(model, train_scores, cv_scores)


def apply_stateless_steps(stateless_steps: Pipeline, training_set: TrainingSet) -> TrainingSet:
    """Return the images after steps that learn nothing. There may be no such step."""
    X = training_set.X
    with joblib.parallel_config("threading", n_jobs=joblib.cpu_count()):
        for _, step in stateless_steps.steps:
            X = step.fit_transform(X)
    return replace(training_set, X=X)


def fit_and_score_splits(
    pipeline: Pipeline, training_set: TrainingSet, splits: list[tuple[Vector, Vector]]
) -> list[tuple[Pipeline, Scores]]:
    """Fit a copy of a pipeline for each split, several at a time.

    Args:
        pipeline: an unfitted pipeline.
        training_set: the images.
        splits: the rows to fit a copy on, and the rows to score with it.

    Returns:
        The fitted copy and the scores for each split.
    """
    # The fits share the cores. Each has at least two threads, so that the last fit to end does
    # not leave the other cores without work.
    n_jobs = max(2, joblib.cpu_count() // len(splits))
    tasks = [
        joblib.delayed(fit_and_score)(pipeline, training_set, split, n_jobs) for split in splits
    ]
    with parallel_backend(training_set):
        fits = joblib.Parallel(return_as="generator")(tasks)
        return list(tqdm(fits, "fits", total=len(tasks), leave=False, disable=None))


def fit_and_score(
    pipeline: Pipeline, training_set: TrainingSet, split: tuple[Vector, Vector], n_jobs: int
) -> tuple[Pipeline, Scores]:
    """Fit a copy of a pipeline on the training rows of a split, and score its test rows.

    It uses `n_jobs` threads.
    """
    train_rows, test_rows = split
    train = training_set.select(train_rows)
    # Gradient boosting adds up numbers in another order if OpenMP has more than one thread, and
    # stores the number of threads in the model.
    with (
        joblib.parallel_config("threading", n_jobs=n_jobs),
        threadpool_limits(1, user_api="openmp"),
    ):
        model = clone(pipeline).fit(train.X, train.y)
        del train  # before the scores take memory
        return model, compute_scores(model, training_set.X, test_rows)


def fit_in_passes(
    stateless_steps: Pipeline,
    learning_steps: Pipeline,
    training_set: TrainingSet,
    splits: list[tuple[Vector, Vector]],
    n_passes: int,
) -> list[tuple[Pipeline, Scores]]:
    """Fit a copy of a pipeline for each split, on one batch of images after another.

    The features of only one batch are in memory. They are computed once for all copies.

    Args:
        stateless_steps: the steps that learn nothing.
        learning_steps: the other steps, unfitted. The classifier has `partial_fit`. The steps
            before it are fitted on the first batch of each split only.
        training_set: the images.
        splits: the rows to fit a copy on, and the rows to score with it.
        n_passes: the number of passes over the images.

    Returns:
        The fitted copy and the scores for each split.
    """
    batch_size = rows_per_block(BATCH_BYTES, training_set.X.shape[1])
    copies = []
    for train_rows, _ in splits:
        batch = training_set.select(train_rows[:batch_size])
        features = apply_stateless_steps(stateless_steps, batch)
        copies.append(fit_transformers(clone(learning_steps), features))
        del features  # before those of the next batch take memory

    classes = np.unique(training_set.y)
    is_train = np.zeros((len(splits), len(training_set)), dtype=bool)
    for number, (train_rows, _) in enumerate(splits):
        is_train[number, train_rows] = True

    starts = list(range(0, len(training_set), batch_size)) * n_passes
    with joblib.Parallel(joblib.cpu_count(), prefer="threads") as parallel:
        for start in tqdm(starts, "batches", leave=False, disable=None):
            rows = slice(start, start + batch_size)
            features = apply_stateless_steps(stateless_steps, training_set.select(rows))
            parallel(
                joblib.delayed(fit_on_batch)(copy, features.select(in_split), classes)
                for copy, in_split in zip(copies, is_train[:, rows], strict=True)
            )
            del features

    fits = []
    with joblib.parallel_config("threading", n_jobs=joblib.cpu_count()):
        for copy, (_, test_rows) in zip(copies, splits, strict=True):
            model = Pipeline([*stateless_steps.steps, *copy.steps])
            fits.append((copy, compute_scores(model, training_set.X, test_rows)))
    return fits


def fit_transformers(pipeline: Pipeline, training_set: TrainingSet) -> Pipeline:
    """Fit all steps of a pipeline but its classifier, and return the pipeline."""
    X = training_set.X
    for _, step in pipeline.steps[:-1]:
        X = step.fit_transform(X, training_set.y)
    return pipeline


def fit_on_batch(pipeline: Pipeline, batch: TrainingSet, classes: Vector) -> None:
    """Continue to fit the classifier of a pipeline. The steps before it are fitted."""
    if len(batch) == 0:  # all images of the batch are in the fold that is held out
        return
    X = batch.X
    for _, step in pipeline.steps[:-1]:
        X = step.transform(X)
    pipeline[-1].partial_fit(X, batch.y, classes=classes)


@contextmanager
def report_fitting_errors() -> Iterator[None]:
    """Turn an error of scikit-learn into a UserError, and explain a ConvergenceWarning.

    An error in the features or the classifier of somebody who extends this project keeps its
    traceback.
    """
    try:
        with warnings.catch_warnings(record=True) as caught:
            yield
    except FITTING_ERRORS as error:
        if is_in_extension(error):
            raise
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


def make_crossval_table(
    images: pd.DataFrame,
    model: Pipeline,
    result: FitResult,
    test_fold: Vector | None,
    rule: Threshold | None,
) -> pd.DataFrame:
    """Return the table of the cross-validated predictions of the training images.

    Its attrs, which are stored in the parquet file, have the `train_accuracy`.

    Args:
        images: the table of the training images, with their labels.
        model: the model, fitted on all images, with its decision threshold.
        result: the scores.
        test_fold: the fold in which each image was held out, shape (n_images,). If None, the
            table has no predictions, only the labels.
        rule: the `threshold` of the model in params.yaml, or None. If it is not a number, a
            threshold is chosen for each fold.
    """
    y = images["label"].to_numpy()
    if test_fold is None or result.cv_scores is None:
        table = images[["row", "label"]].copy()
    else:
        y_pred = predict_cross_validated(rule, model, y, result.cv_scores, test_fold)
        table = make_predictions_table(images, model, result.cv_scores, y_pred, test_fold)

    y_train_pred = predict_from_scores(model, result.train_scores)
    table.attrs["train_accuracy"] = accuracy_score(y[: len(y_train_pred)], y_train_pred)
    return table
