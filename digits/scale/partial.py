"""Incremental fitting, by `partial_fit`, on more rows than fit into memory.

The rows are read in the order of the training part, which is random, `max_iter` times over. What comes before the
classifier is fitted to the first row group alone, and for a fold to what of it is not held out: 10 000 rows tell the
principal components as well as all rows do.
"""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from digits.io import parquet
from digits.io.tables import Scores, Vector
from digits.learning import models
from digits.learning.training import SEEN, Trained, fit_errors, fit_shared_steps, fold_of_rows
from digits.scale import batches
from digits.support import cli, parallel
from digits.support.errors import ParameterError
from digits.support.parameters import Experiment

import joblib
import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline

Group = tuple[Any, Vector, Vector | None]  # pixels or features, labels and folds of a row group


def require_incremental(experiment: Experiment, classifier: Any) -> None:
    """Require that a classifier can be fitted incrementally, and is told how often; else raise a ParameterError."""
    name = f"hyperparameters of {experiment.classifier}"
    if "max_iter" not in experiment.hyperparameters:
        raise ParameterError(f"{name}: max_iter is missing; how often to go through all rows")
    if not hasattr(classifier, "partial_fit"):
        fault = f"with solver: {classifier.solver} it cannot be fitted incrementally"
        raise ParameterError(f"{name}: {fault}; use adam or sgd")


def train(pipeline: Pipeline, images: Path, y: Vector, folds: int) -> Trained:
    """Fit on all rows of a training part, and on all but each fold, in the same passes.

    Args:
        pipeline: unfitted; it stays so. Its last step has `partial_fit` and `max_iter`.
        images: the training part's file.
        y: labels, shape (rows,).
        folds: stratified, each with a model in memory; 0 for no cross-validation.
    """
    fold = fold_of_rows(y, folds, parquet.read_origin(images))
    classes = np.unique(y)
    passes = pipeline[-1].max_iter
    with fit_errors():
        shared, inputs = fit_shared_steps(pipeline, next(parquet.pixels(images)))
        fits = [clone(pipeline[len(shared) :]) for _ in range(1 + folds)]
        for held_out_fold, fit in enumerate(fits):
            if len(fit) > 1:
                rows = _fitted(None if fold is None else fold[: inputs.shape[0]], held_out_fold)
                fit[:-1].fit(inputs[rows], y[: inputs.shape[0]][rows])
        groups = (group for _ in range(passes) for group in _read(images, y, fold))
        count = passes * math.ceil(len(y) / parquet.ROW_GROUP)
        fitting = joblib.Parallel(min(1 + folds, joblib.cpu_count()), "threading")
        with parallel.parallel_backend(shared), fitting:
            transformed = batches.imap(joblib.delayed(_transform)(shared, group) for group in groups)
            for group in cli.progress(transformed, count, "row groups"):
                fitting(joblib.delayed(_fit_further)(fit, group, classes, i) for i, fit in enumerate(fits))
    model, *others = [Pipeline([*shared.steps, *fit.steps]) for fit in fits]
    seen = models.score(model, next(parquet.pixels(images))[:SEEN])
    scores = None if fold is None else _held_out_scores(others, _read(images, y, fold))
    return Trained(model, seen, fold, scores)


def _read(images: Path, y: Vector, fold: Vector | None) -> Iterator[Group]:
    start = 0
    for pixels in parquet.pixels(images):
        rows = slice(start, start + len(pixels))
        yield pixels, y[rows], None if fold is None else fold[rows]
        start += len(pixels)


def _transform(shared: Pipeline, group: Group) -> Group:
    with joblib.parallel_config("threading", n_jobs=1):  # the groups have the cores
        return shared.transform(group[0]) if len(shared) else group[0], *group[1:]


def _fitted(fold: Vector | None, held_out_fold: int) -> Any:
    return slice(None) if fold is None else fold != held_out_fold  # no row is in fold 0


def _fit_further(fit: Pipeline, group: Group, classes: Vector, held_out_fold: int) -> None:
    inputs, y, fold = group
    fitted = _fitted(fold, held_out_fold)
    if len(y[fitted]):  # a fold may be a whole row group
        inputs = inputs[fitted]
        if len(fit) > 1:
            inputs = fit[:-1].transform(inputs)
        fit[-1].partial_fit(inputs, y[fitted], classes=classes)


def _held_out_scores(fits: list[Pipeline], groups: Iterator[Group]) -> Scores:
    with parallel.parallel_backend(*fits):
        by_group = []
        for pixels, _, fold in groups:
            assert fold is not None
            by_fit = np.stack([models.score(fit, pixels) for fit in fits])
            by_group.append(by_fit[fold - 1, np.arange(len(fold))])
    return np.concatenate(by_group)
