"""Train a model on images that do not fit into memory, and cross-validate it.

Like stages/train.py, but the classifier is fitted with `partial_fit`, on one row group after
another. The hyperparameter `max_iter` says how often the task's `train.parquet` is read. The
steps before the classifier are fitted on the first row group only.
"""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from digits.core import params, paths, tables
from digits.core.errors import UserError
from digits.core.params import ModelParams
from digits.core.stage import StageCommand
from digits.core.tables import Scores, Vector
from digits.learning import model_file
from digits.learning.fitting import (
    MAX_TRAIN_SCORES,
    Fits,
    apply_stateless_steps,
    explain_to_user,
    make_crossval_table,
    separate_stateless_steps,
)
from digits.learning.folds import assign_folds
from digits.learning.parallel import parallel_backend
from digits.learning.pipelines import build_pipeline
from digits.learning.scores import compute_scores
from digits.learning.thresholds import choose_threshold, set_threshold
from digits.scale import row_groups

import click
import joblib
import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from tqdm import tqdm


class RowGroup(NamedTuple):
    """The images of a row group, after all steps that learn nothing."""

    X: Any
    rows: pd.Index  # their row numbers in the whole table


class Fit(NamedTuple):
    """A model while it is being fitted."""

    learning_steps: Pipeline  # from the first step that learns
    held_out_fold: int | None  # None if it is fitted on all images


@click.command(cls=StageCommand, depends_on=["seed", "models"])
@click.argument("name")
def main(name: str) -> None:
    """Train the model NAME."""
    settings = params.load()
    model_params = settings.models[name]
    train_path = paths.task(model_params.task, "train")
    model, cv_predictions = train(model_params, settings.seed, train_path)
    model_file.save(paths.model(name), model)
    tables.write(paths.crossval(name), cv_predictions)


def train(model_params: ModelParams, seed: int, path: Path) -> tuple[Pipeline, pd.DataFrame]:
    """Return a model, fitted on all images of a table, and its cross-validated predictions.

    Args:
        model_params: the model's entry of params.yaml.
        seed: the seed of the classifier's random numbers.
        path: the table of the training images.

    Raises:
        UserError: the model cannot be fitted.
    """
    # All columns but the pixels fit into memory.
    columns = ["row", "group", "origin", "label"]
    train_rows = pd.concat(row_groups.read(path, columns))
    y_train = train_rows["label"].to_numpy()
    # All copies of an image must be in the same fold. They have the same origin, and the same
    # group if there are groups.
    groups = train_rows["group"] if "group" in train_rows else train_rows["origin"]

    # Fit the model on all images, and once more without each fold.
    pipeline = build_pipeline(model_params, seed, train_rows.attrs["pixel_max"])
    check_incremental(model_params, pipeline[-1])
    test_fold = None
    if model_params.folds > 0:
        test_fold = assign_folds(y_train, model_params.folds, groups)
    fits = fit_and_cross_validate(pipeline, path, y_train, test_fold)

    model = fits.model
    threshold_rule = model_params.hyperparameters.threshold
    if threshold_rule is not None:
        is_positive = y_train == model.classes_[1]
        threshold = choose_threshold(threshold_rule, is_positive, fits.cv_scores)
        model = set_threshold(model, threshold)
    return model, make_crossval_table(train_rows, model, fits, test_fold, threshold_rule)


def check_incremental(model_params: ModelParams, classifier: Any) -> None:
    """Check that a classifier can be fitted incrementally, and that `max_iter` is given.

    Raises:
        UserError: it cannot, or `max_iter` is missing.
    """
    # For example, an MLPClassifier with `solver: lbfgs` has no partial_fit.
    if not hasattr(classifier, "partial_fit"):
        raise UserError(
            f"{model_params.classifier} has no partial_fit, or not with these hyperparameters"
        )
    hyperparameters = model_params.hyperparameters.model_extra or {}
    if "max_iter" not in hyperparameters:
        raise UserError(
            "hyperparameters: max_iter is missing. It says how often "
            f"{model_params.classifier} is fitted on each image"
        )


def fit_and_cross_validate(
    pipeline: Pipeline, path: Path, y: Vector, test_fold: Vector | None
) -> Fits:
    """Fit a pipeline on all images, and once more for each fold, on the images outside it.

    Args:
        pipeline: an unfitted pipeline.
        path: the table of images.
        y: the labels, shape (n_images,).
        test_fold: the fold in which each image is held out, shape (n_images,), or None for no
            cross-validation.

    Raises:
        UserError: the pipeline cannot be fitted.
    """
    if len(np.unique(y)) < 2:
        raise UserError(f"all training images have the label {y[0]}; a model needs two")
    with explain_to_user():
        model, fold_models = fit_incrementally(pipeline, path, y, test_fold)

    first_group = next(row_groups.read(path))
    with parallel_backend(model, *fold_models.values()):
        X_first = tables.pixels(first_group)[:MAX_TRAIN_SCORES]
        train_scores = compute_scores(model, X_first)
        if test_fold is None:
            return Fits(model, train_scores, cv_scores=None)
        cv_scores = np.empty((len(y), *train_scores.shape[1:]), dtype=train_scores.dtype)
        for images in row_groups.read(path):
            score_held_out(fold_models, images, test_fold, cv_scores)
    return Fits(model, train_scores, cv_scores)


def score_held_out(
    fold_models: dict[int, Pipeline], images: pd.DataFrame, test_fold: Vector, cv_scores: Scores
) -> None:
    """Score the images of a row group, each by the model that was fitted without its fold.

    Args:
        fold_models: the model of each fold.
        images: the row group.
        test_fold: the fold in which each image of the whole table is held out.
        cv_scores: the scores of the whole table, which receives those of the row group.
    """
    X = tables.pixels(images)
    fold_of_image = test_fold[images.index]
    for fold in np.unique(fold_of_image):
        is_held_out = fold_of_image == fold
        rows = images.index[is_held_out]
        cv_scores[rows] = compute_scores(fold_models[fold], X[is_held_out])


def fit_incrementally(
    pipeline: Pipeline, path: Path, y: Vector, test_fold: Vector | None
) -> tuple[Pipeline, dict[int, Pipeline]]:
    """Fit a pipeline on all images, and once more for each fold, in the same passes.

    Args:
        pipeline: an unfitted pipeline.
        path: the table of images.
        y: the labels, shape (n_images,).
        test_fold: the fold in which each image is held out, shape (n_images,), or None for no
            cross-validation.

    Returns:
        The model that was fitted on all images, and the model of each fold.
    """
    # Steps that learn nothing give the same result in all fits, so they are applied once.
    preprocessing, learning_steps = separate_stateless_steps(pipeline)
    folds: list[int] = [] if test_fold is None else np.unique(test_fold).tolist()
    fits = [Fit(clone(learning_steps), held_out_fold=None)]
    fits.extend(Fit(clone(learning_steps), held_out_fold=fold) for fold in folds)

    first_group = next(read_transformed(preprocessing, path))
    for fit in fits:
        fit_first_steps(fit, first_group, y, test_fold)

    classes = np.unique(y)
    n_passes = pipeline[-1].max_iter
    n_row_groups = n_passes * math.ceil(len(y) / row_groups.ROWS_PER_GROUP)
    groups = row_groups.prefetch(read_transformed(preprocessing, path, n_passes))
    n_cores = joblib.cpu_count()
    n_jobs = min(len(fits), n_cores)
    fit_further = joblib.delayed(fit_classifier_further)
    with joblib.parallel_config("threading", n_jobs=n_cores), joblib.Parallel(n_jobs) as run:
        for group in tqdm(groups, "row groups", total=n_row_groups, disable=None, leave=False):
            run(fit_further(fit, group, y, test_fold, classes) for fit in fits)

    models = [Pipeline([*preprocessing.steps, *fit.learning_steps.steps]) for fit in fits]
    fold_models = dict(zip(folds, models[1:], strict=True))
    return models[0], fold_models


def read_transformed(
    preprocessing: Pipeline, path: Path, n_passes: int = 1
) -> Iterator[RowGroup]:
    """Yield the row groups of a table of images, after some steps, once or more often.

    Args:
        preprocessing: steps that learn nothing.
        path: the table.
        n_passes: how often to yield the whole table.
    """
    for _ in range(n_passes):
        for images in row_groups.read(path):
            X = apply_stateless_steps(preprocessing, tables.pixels(images))
            yield RowGroup(X, images.index)


def fit_first_steps(fit: Fit, group: RowGroup, y: Vector, test_fold: Vector | None) -> None:
    """Fit the steps before the classifier, if any, on one row group."""
    if len(fit.learning_steps) > 1:
        X, y_used = select_images(fit, group, y, test_fold)
        fit.learning_steps[:-1].fit(X, y_used)


def fit_classifier_further(
    fit: Fit, group: RowGroup, y: Vector, test_fold: Vector | None, classes: Vector
) -> None:
    """Fit the classifier, which is the last step, on one more row group."""
    X, y_used = select_images(fit, group, y, test_fold)
    if len(y_used) == 0:
        return  # all images of the row group are in the held-out fold
    if len(fit.learning_steps) > 1:
        X = fit.learning_steps[:-1].transform(X)
    fit.learning_steps[-1].partial_fit(X, y_used, classes=classes)


def select_images(
    fit: Fit, group: RowGroup, y: Vector, test_fold: Vector | None
) -> tuple[Any, Vector]:
    """Return the images of a row group that a model is fitted on, and their labels."""
    y_group = y[group.rows]
    if test_fold is None or fit.held_out_fold is None:
        return group.X, y_group
    is_used = test_fold[group.rows] != fit.held_out_fold
    return group.X[is_used], y_group[is_used]


if __name__ == "__main__":
    main()
