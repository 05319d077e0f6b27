"""Incremental fitting, by `partial_fit`, on more rows than fit into memory.

The rows are read in the order of the training part, which is random, `max_iter` times over. What comes before the
classifier is fitted to the first row group alone: 10 000 rows tell the largest pixel and the principal components as
well as all rows do.
"""

import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import joblib
import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from digits.common import cli, parallel, parquet
from digits.common.errors import PipelineError
from digits.common.tables import Scores, Vector
from digits.learning import models
from digits.learning.training import SEEN, Trained, accuracy, fold_of_rows

Group = tuple[Any, Vector, Vector | None]  # pixels or features, labels and folds of a row group


def train(pipeline: Pipeline, images: Path, y: Vector, folds: int) -> Trained:
    """Fit on all rows of a training part, and on all but each fold, in the same passes.

    Args:
        pipeline: unfitted; it stays so. Its last step has `partial_fit` and `max_iter`.
        images: the training part's file.
        y: labels, shape (rows,).
        folds: stratified, each with a model in memory; 0 for no cross-validation.
    """
    fold = fold_of_rows(y, folds)
    classes = np.unique(y)
    features = clone(pipeline[:-1])
    classifiers = [clone(pipeline[-1]) for _ in range(1 + folds)]
    passes = pipeline[-1].max_iter
    try:
        features.fit(next(parquet.pixels(images)))
        groups = (group for _ in range(passes) for group in _read(images, y, fold))
        count = passes * math.ceil(len(y) / parquet.ROW_GROUP)
        fitting = joblib.Parallel(min(1 + folds, joblib.cpu_count()), "threading")
        with parallel.parallel_backend(features), fitting:
            transformed = parallel.imap(joblib.delayed(_transform)(features, group) for group in groups)
            for inputs, group_y, group_fold in cli.progress(transformed, count, "row groups"):
                fitting(
                    joblib.delayed(_fit_further)(each, inputs, group_y, classes, group_fold, held_out_fold)
                    for held_out_fold, each in enumerate(classifiers)
                )
    except (ValueError, TypeError, ArithmeticError) as error:
        raise PipelineError(f"the model cannot be fitted: {error}") from None
    model, *others = [Pipeline([*features.steps, ("classifier", each)]) for each in classifiers]
    seen = models.score(model, next(parquet.pixels(images))[:SEEN])
    scores = None if fold is None else _held_out_scores(others, _read(images, y, fold))
    return Trained(model, accuracy(model, seen, y), fold, scores)


def _read(images: Path, y: Vector, fold: Vector | None) -> Iterator[Group]:
    start = 0
    for pixels in parquet.pixels(images):
        rows = slice(start, start + len(pixels))
        yield pixels, y[rows], None if fold is None else fold[rows]
        start += len(pixels)


def _transform(features: Pipeline, group: Group) -> Group:
    with joblib.parallel_config("threading", n_jobs=1):  # the groups have the cores
        return features.transform(group[0]), *group[1:]


def _fit_further(
    classifier: Any, inputs: Any, y: Vector, classes: Vector, fold: Vector | None, held_out_fold: int
) -> None:
    fitted: Any = slice(None) if fold is None else fold != held_out_fold  # no row is in fold 0
    if len(y[fitted]):  # a fold may be a whole row group
        classifier.partial_fit(inputs[fitted], y[fitted], classes=classes)


def _held_out_scores(fits: list[Pipeline], groups: Iterator[Group]) -> Scores:
    with parallel.parallel_backend(*fits):
        by_group = []
        for pixels, _, fold in groups:
            assert fold is not None
            by_fit = np.stack([models.score(fit, pixels) for fit in fits])
            by_group.append(by_fit[fold - 1, np.arange(len(fold))])
    return np.concatenate(by_group)
