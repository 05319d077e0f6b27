"""Train a model on images that do not fit into memory, and cross-validate it.

It writes what stages/train.py writes, but fits the classifier with `partial_fit`, on one row
group after the other. It reads the task's `train.parquet` as often as the hyperparameter
`max_iter` says. The steps before the classifier are fitted on the first row group only.
"""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from digits.core import params, paths, tables
from digits.core.command import StageCommand
from digits.core.errors import PipelineError
from digits.core.params import ModelParams
from digits.core.tables import Scores, Vector
from digits.learning import model_file
from digits.learning.fitting import (
    MAX_TRAIN_SCORES,
    FittedModel,
    apply_stateless_steps,
    separate_stateless_steps,
)
from digits.learning.folds import assign_folds
from digits.learning.parallel import parallel_backend
from digits.learning.pipelines import build_pipeline
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
from digits.scale import row_groups

import click
import joblib
import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.metrics import accuracy_score
from sklearn.pipeline import Pipeline
from tqdm import tqdm


class RowGroup(NamedTuple):
    """The images of a row group, after all steps that learn nothing."""

    X: Any
    rows: pd.Index  # their row numbers in the whole table


class Fit(NamedTuple):
    """A model while it is being fitted: its steps from the first one that learns."""

    steps: Pipeline
    held_out_fold: int | None  # it is fitted without this fold; None: on all images


@click.command(cls=StageCommand)
@click.argument("name")
def main(name: str) -> None:
    """Train the model NAME."""
    settings = params.load()
    model_params = settings.model(name)
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
        PipelineError: the model cannot be fitted.
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
    model, train_scores, cv_scores = fit_and_cross_validate(pipeline, path, y_train, test_fold)

    # Set the decision threshold, if params.yaml has one.
    threshold_rule = model_params.hyperparameters.threshold
    if threshold_rule is not None:
        is_positive = y_train == model.classes_[1]
        threshold = choose_threshold(threshold_rule, is_positive, cv_scores)
        model = set_threshold(model, threshold)

    # Predict the labels that follow from the scores.
    cv_predictions = train_rows[["row", "label"]].copy()
    if test_fold is not None:
        y_pred = predict_cross_validated(threshold_rule, model, y_train, cv_scores, test_fold)
        cv_predictions = make_predictions_table(train_rows, model, cv_scores, y_pred, test_fold)
    train_pred = predict_from_scores(model, train_scores)
    train_accuracy = accuracy_score(y_train[: len(train_pred)], train_pred)
    cv_predictions.attrs["train_accuracy"] = train_accuracy
    return model, cv_predictions


def check_incremental(model_params: ModelParams, classifier: Any) -> None:
    """Check that a classifier can be fitted incrementally, and how often is known.

    Raises:
        PipelineError: it can't, or `max_iter` is missing.
    """
    # An MLPClassifier with `solver: lbfgs`, for example, has none.
    if not hasattr(classifier, "partial_fit"):
        raise PipelineError(
            f"{model_params.classifier} has no partial_fit, or not with these hyperparameters"
        )
    hyperparameters = model_params.hyperparameters.model_extra or {}
    if "max_iter" not in hyperparameters:
        raise PipelineError(
            "hyperparameters: max_iter is missing. It says how often "
            f"{model_params.classifier} is fitted on each image"
        )


def fit_and_cross_validate(
    pipeline: Pipeline, path: Path, y: Vector, test_fold: Vector | None
) -> FittedModel:
    """Fit a pipeline on all images, and once more for each fold, on the images outside it.

    Args:
        pipeline: an unfitted pipeline.
        path: the table of images.
        y: the labels, shape (n_images,).
        test_fold: the fold in which each image is held out, shape (n_images,), or None for no
            cross-validation.

    Raises:
        PipelineError: the pipeline cannot be fitted.
    """
    if len(np.unique(y)) < 2:
        raise PipelineError(f"all training images have the label {y[0]}; a model needs two")
    try:
        model, fold_models = fit_incrementally(pipeline, path, y, test_fold)
    except (ValueError, TypeError, ArithmeticError, NotImplementedError) as error:
        # Hyperparameters may contradict each other, or the data.
        raise PipelineError(f"the model cannot be fitted: {error}") from error

    first_group = next(row_groups.read(path))
    with parallel_backend(model, *fold_models.values()):
        X_first = tables.pixels(first_group)[:MAX_TRAIN_SCORES]
        train_scores = compute_scores(model, X_first)
        if test_fold is None:
            return FittedModel(model, train_scores, cv_scores=None)
        cv_scores = np.empty((len(y), *train_scores.shape[1:]), dtype=train_scores.dtype)
        for images in row_groups.read(path):
            cv_scores[images.index] = score_held_out(fold_models, images, test_fold)
    return FittedModel(model, train_scores, cv_scores)


def score_held_out(
    fold_models: dict[int, Pipeline], images: pd.DataFrame, test_fold: Vector
) -> Scores:
    """Return the scores of a row group, each image by the model that its fold was held out of.

    Args:
        fold_models: the model of each fold.
        images: the row group.
        test_fold: the fold in which each image of the whole table is held out.
    """
    X = tables.pixels(images)
    fold_of_image = test_fold[images.index]
    scores = {}
    for fold in np.unique(fold_of_image):
        scores[fold] = compute_scores(fold_models[fold], X[fold_of_image == fold])

    any_scores = next(iter(scores.values()))
    result = np.empty((len(X), *any_scores.shape[1:]), dtype=any_scores.dtype)
    for fold, fold_scores in scores.items():
        result[fold_of_image == fold] = fold_scores
    return result


def fit_incrementally(
    pipeline: Pipeline, path: Path, y: Vector, test_fold: Vector | None
) -> tuple[Pipeline, dict[int, Pipeline]]:
    """Fit a pipeline on all images, and once more for each fold, all in the same passes.

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
    for fold in folds:
        fits.append(Fit(clone(learning_steps), held_out_fold=fold))

    first_group = next(read_transformed(preprocessing, path))
    for fit in fits:
        fit_first_steps(fit, first_group, y, test_fold)

    classes = np.unique(y)
    n_passes = pipeline[-1].max_iter
    n_groups = n_passes * math.ceil(len(y) / row_groups.ROWS_PER_GROUP)
    groups = row_groups.prefetch(read_transformed(preprocessing, path, n_passes))
    n_cores = joblib.cpu_count()
    n_jobs = min(len(fits), n_cores)
    fit_further = joblib.delayed(fit_classifier_further)
    with joblib.parallel_config("threading", n_jobs=n_cores), joblib.Parallel(n_jobs) as run:
        for group in tqdm(groups, "row groups", total=n_groups, disable=None, leave=False):
            run(fit_further(fit, group, y, test_fold, classes) for fit in fits)

    models = [Pipeline([*preprocessing.steps, *fit.steps.steps]) for fit in fits]
    fold_models = dict(zip(folds, models[1:], strict=True))
    return models[0], fold_models


def read_transformed(
    preprocessing: Pipeline, path: Path, n_passes: int = 1
) -> Iterator[RowGroup]:
    """Yield the row groups of a table of images, after some steps, as often as asked.

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
    if len(fit.steps) > 1:
        is_used = select_rows(group.rows, test_fold, fit.held_out_fold)
        y_group = y[group.rows]
        fit.steps[:-1].fit(group.X[is_used], y_group[is_used])


def fit_classifier_further(
    fit: Fit, group: RowGroup, y: Vector, test_fold: Vector | None, classes: Vector
) -> None:
    """Fit the classifier, which is the last step, on one more row group."""
    is_used = select_rows(group.rows, test_fold, fit.held_out_fold)
    if not is_used.any():
        return  # all images of the row group are in the held-out fold
    X = group.X[is_used]
    if len(fit.steps) > 1:
        X = fit.steps[:-1].transform(X)
    y_group = y[group.rows]
    fit.steps[-1].partial_fit(X, y_group[is_used], classes=classes)


def select_rows(rows: pd.Index, test_fold: Vector | None, held_out_fold: int | None) -> Vector:
    """Return a mask of those of some rows that are not in the held-out fold."""
    if test_fold is None or held_out_fold is None:
        return np.ones(len(rows), dtype=bool)
    return test_fold[rows] != held_out_fold


if __name__ == "__main__":
    main()
