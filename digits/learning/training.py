"""Fitting a pipeline on all training rows, and on all but each fold, side by side on all cores."""

import gc
import math
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any, NamedTuple

from digits.io.parquet import ROW_GROUP
from digits.io.tables import Pixels, Scores, Vector
from digits.learning import models
from digits.support import cli, parallel
from digits.support.errors import ParameterError, PipelineError

import joblib
import numpy as np
from sklearn.base import clone
from sklearn.model_selection import StratifiedGroupKFold, StratifiedKFold
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags
from threadpoolctl import threadpool_limits

SEEN = ROW_GROUP  # training images that the fitted model is scored on: all would cost some models more than their fit


class Trained(NamedTuple):
    """What training gives; scores have the shape (rows,) or (rows, classes)."""

    model: Pipeline  # fitted on all rows
    seen: Scores  # the model's, of the first `SEEN` rows
    scores: Scores | None  # each row's by the model fitted without its fold; None without folds


@contextmanager
def fit_errors() -> Iterator[None]:
    """Report what a pipeline cannot be fitted on in one line, such as two hyperparameters that exclude each other."""
    try:
        yield
    except (ValueError, TypeError, ArithmeticError, NotImplementedError) as error:
        raise PipelineError(f"the model cannot be fitted: {error}") from None


@fit_errors()
def train(pipeline: Pipeline, X: Pixels, y: Vector, fold: Vector | None = None) -> Trained:  # noqa: N803
    """Fit on all rows, and on all but each fold; a PipelineError if that cannot be done.

    Args:
        pipeline: unfitted; it stays so.
        X: pixels, shape (rows, pixels), 0 to 255, in random order; further copies of these rows, as often as you like,
            are fitted on where their row is, and never predicted.
        y: labels, shape (rows,).
        fold: of each row, as `fold_of_rows` returns it; None for no cross-validation.
    """
    folds = 0 if fold is None else int(fold.max())
    cores = joblib.cpu_count()
    # At least two threads a fit, so that no core waits while the last fit ends: 5 to 20 % faster on two cores than one.
    inner = max(math.ceil(cores / (1 + folds)), min(cores, 2))
    shared, inputs = fit_shared_steps(pipeline, X)
    rest = pipeline[len(shared) :]
    with parallel.parallel_backend(inputs, y, fold):
        tasks = [joblib.delayed(_fit)(rest, inputs, y, fold, held_out, inner) for held_out in range(1 + folds)]
        fits = parallel.map_all(tasks, min(cores, 1 + folds))
        (fitted, seen), *others = cli.progress(fits, 1 + folds, "fits")
    scores = np.empty((len(y), *seen.shape[1:]), seen.dtype)
    for i, (_, held_out) in enumerate(others, 1):
        scores[fold == i] = held_out
    return Trained(Pipeline([*shared.steps, *fitted.steps]), seen, None if fold is None else scores)


def accuracy(model: Pipeline, scores: Scores, y: Vector) -> float:
    """Return the model's accuracy, 0 to 1, on the first rows, as many as there are scores."""
    return float((models.predict(model, scores) == y[: len(scores)]).mean())


def fit_shared_steps(pipeline: Pipeline, X: Pixels) -> tuple[Pipeline, Any]:  # noqa: N803
    """Fit and apply the first steps, those without scikit-learn's tag `requires_fit`, whose work all fits can share.

    Return these steps, which may be none, and what they make of the pixels, shape (rows, features).
    """
    learning = [i for i, (_, step) in enumerate(pipeline.steps) if get_tags(step).requires_fit]
    shared = clone(pipeline[: learning[0]])
    with joblib.parallel_config("threading", n_jobs=joblib.cpu_count()):
        return shared, shared.fit_transform(X) if len(shared) else X


def fold_of_rows(
    y: Vector, folds: int, origin: Vector | None = None, group: Vector | None = None, names: Sequence[str] | None = None
) -> Vector | None:
    """Return the stratified fold of each row, from 1, of shape (rows,); None for no folds.

    Rows of one group share a fold, and so do rows with the same `origin`, which are copies of one image: no model is
    tested on what it was trained on. Raises a PipelineError or a ParameterError if a class or a group is too rare;
    `names` are those of the labels, where they have any.
    """
    classes, counts = np.unique(y, return_counts=True)
    if len(classes) < 2:
        raise PipelineError(f"the model cannot be fitted: all training rows have the label {y[0]}; two are needed")
    if not folds:
        return None

    def named(i: Any) -> object:
        return names[classes[i]] if names else classes[i]

    if group is None and origin is not None:
        _, first, image = np.unique(origin, return_index=True, return_inverse=True)
        order = np.argsort(first)  # of the images, by their first copies among the rows
        fold_of_image = fold_of_rows(y[first[order]], folds, names=names)
        return None if fold_of_image is None else fold_of_image[np.argsort(order)][image]
    if counts.min() < folds:
        rarest = f"only {counts.min()} training rows have the label {named(counts.argmin())}"
        raise ParameterError(f"folds: {folds}, but {rarest}; use fewer")
    if group is not None and (count := len(np.unique(group))) < folds:
        raise ParameterError(f"folds: {folds}, but the training part has {count} groups; use fewer")
    fold = np.empty(len(y), np.uint8)
    folded = StratifiedKFold(folds) if group is None else StratifiedGroupKFold(folds)
    for i, (fitted, held_out) in enumerate(folded.split(y, y, group), 1):
        fold[held_out] = i
        if len(lacking := np.setdiff1d(classes, y[fitted])):
            rare = f"all groups with the label {named(np.searchsorted(classes, lacking[0]))} are in one"
            raise ParameterError(f"folds: {folds}, but {rare}; use others, or 0")
    return fold


def _fit(pipeline: Pipeline, inputs: Any, y: Vector, fold: Any, held_out: int, jobs: int) -> tuple[Pipeline, Scores]:
    """Fit on all but one fold and score that; for fold 0, which no row is in, fit on all and score the first `SEEN`."""
    times = inputs.shape[0] // len(y)  # more than once, if there are copies: these follow, in the order of the rows
    fitted: Any = slice(None) if fold is None else np.tile(fold != held_out, times)
    scored: Any = np.flatnonzero(fold == held_out) if held_out else slice(min(SEEN, len(y)))
    # Gradient boosting sums in another order with more threads of OpenMP, and their number is in the model's file.
    with joblib.parallel_config("threading", n_jobs=jobs), threadpool_limits(1, user_api="openmp"):
        model = clone(pipeline).fit(inputs[fitted], np.tile(y, times)[fitted])
        if fold is not None:
            gc.collect()  # the rows, which SciPy leaves in a reference cycle: other fits need the memory
        return model, models.score(model, inputs[scored])
