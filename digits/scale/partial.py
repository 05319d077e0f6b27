"""Incremental fitting, by `partial_fit`, on more rows than fit into memory.

The rows are read in the order of the training part, which is random, `max_iter` times over. The steps before the
classifier are fitted to the first row group alone, less the fold that is held out.
"""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from digits.io import parquet
from digits.io.parquet import Labelled
from digits.io.tables import Scores, Vector
from digits.learning import deformation, models
from digits.learning.training import SEEN, Trained, fit_errors, fit_shared_steps
from digits.scale import batches
from digits.support import cli, parallel
from digits.support.errors import ParameterError
from digits.support.parameters import Experiment

import joblib
import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline

Group = tuple[Any, Vector, Vector]  # pixels or features, labels and folds of a row group


def require_incremental(experiment: Experiment, classifier: Any) -> None:
    """Require that a classifier can be fitted incrementally, and is told how often; else raise a ParameterError."""
    name = f"hyperparameters of {experiment.classifier}"
    if "max_iter" not in experiment.hyperparameters:
        raise ParameterError(f"{name}: max_iter is missing; how often to go through all rows")
    if deformation.require_copies(experiment):
        raise ParameterError(f"{name}: {deformation.NAME} are not made batch by batch; use the dataset's `enlarged`")
    if not hasattr(classifier, "partial_fit"):
        fault = f"with solver: {classifier.solver} it cannot be fitted incrementally"
        raise ParameterError(f"{name}: {fault}; use adam or sgd")


def train(pipeline: Pipeline, images: Path, rows: Labelled, fold: Vector | None) -> Trained:
    """Fit on all rows of a training part, and on all but each fold, in the same passes.

    Args:
        pipeline: unfitted; it stays so. Its last step has `partial_fit` and `max_iter`.
        images: the training part's file.
        rows: those of its images to fit on, and their labels.
        fold: of each row, as `training.fold_of_rows` returns it; of each a model is in memory. None for none.
    """
    folds, y = 0 if fold is None else int(fold.max()), rows.y
    # The first fit holds out fold 0, which no row is in.
    folded = np.ones(len(y), np.uint8) if fold is None else fold
    classes = np.unique(y)
    with fit_errors():
        shared, inputs = fit_shared_steps(pipeline, next(parquet.pixels(images, rows.at)))
        fits = [clone(pipeline[len(shared) :]) for _ in range(1 + folds)]
        for held_out, fit in enumerate(fits):
            fitted = np.flatnonzero(folded[: inputs.shape[0]] != held_out)
            if len(fit) > 1:
                fit[:-1].fit(inputs[fitted], y[fitted])
        passes = pipeline[-1].max_iter
        groups = (group for _ in range(passes) for group in _read(images, rows, folded))
        count = passes * math.ceil(len(y) / parquet.ROW_GROUP)
        fitting = joblib.Parallel(min(1 + folds, joblib.cpu_count()), "threading")
        with parallel.parallel_backend(shared), fitting:
            transformed = batches.imap(joblib.delayed(_transform)(shared, group) for group in groups)
            for group in cli.progress(transformed, count, "row groups"):
                fitting(joblib.delayed(_fit_further)(fit, group, classes, i) for i, fit in enumerate(fits))
    model, *others = [Pipeline([*shared.steps, *fit.steps]) for fit in fits]
    seen = models.score(model, next(parquet.pixels(images, rows.at))[:SEEN])
    scores = None if fold is None else _held_out_scores(others, _read(images, rows, fold))
    return Trained(model, seen, scores)


def _read(images: Path, rows: Labelled, fold: Vector) -> Iterator[Group]:
    start = 0
    for pixels in parquet.pixels(images, rows.at):
        here = slice(start, start := start + len(pixels))
        yield pixels, rows.y[here], fold[here]


def _apply(steps: list[tuple[str, Any]], inputs: Any) -> Any:
    for _, step in steps:
        inputs = step.transform(inputs)
    return inputs


def _transform(shared: Pipeline, group: Group) -> Group:
    with joblib.parallel_config("threading", n_jobs=1):  # the groups have the cores
        return _apply(shared.steps, group[0]), *group[1:]


def _fit_further(fit: Pipeline, group: Group, classes: Vector, held_out: int) -> None:
    inputs, y, fold = group
    fitted = fold != held_out
    if fitted.any():  # a fold may be a whole row group
        fit[-1].partial_fit(_apply(fit.steps[:-1], inputs[fitted]), y[fitted], classes=classes)


def _held_out_scores(fits: list[Pipeline], groups: Iterator[Group]) -> Scores:
    scores = []
    with parallel.parallel_backend(*fits):
        for pixels, _, fold in groups:
            by_fit = np.stack([models.score(fit, pixels) for fit in fits])
            scores.append(by_fit[fold - 1, np.arange(len(fold))])
    return np.concatenate(scores)
