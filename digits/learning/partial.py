"""Classifiers that are fitted some rows at a time, by `partial_fit`, to any number of rows.

The rows are read in the order of the training part, which is random, `max_iter` times over. What comes before the
classifier is fitted to the first row group alone: 10 000 rows tell the largest pixel and the principal components as
well as all rows do.
"""

import math
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import joblib
import numpy as np
from sklearn.base import clone
from sklearn.pipeline import Pipeline

from digits.common import cli, tables, workers
from digits.common.cli import PipelineError
from digits.common.tables import Labels, Pixels, Vector
from digits.learning import models
from digits.learning.folds import fold_of_each_row, split


def train(
    pipeline: Pipeline, images: Path, labels: Path, folds: int
) -> tuple[Pipeline, Iterable[Mapping[str, Vector]]]:
    """Fit on all rows of a training part, and on all but each fold.

    Args:
        pipeline: unfitted; it stays so. Its last step has `partial_fit` and `max_iter`.
        images: the training part.
        labels: the task's labels of it.
        folds: stratified; 0 for no cross-validation. It needs one byte for each row, and a model for each fold.

    Returns:
        The fitted pipeline, and some rows at a time the `row`, the `label`, and if there are folds the `fold` (from 1),
        the `prediction` and the scores of the model fitted without that fold.

    Raises:
        ParameterError: a class has fewer rows than there are folds.
        PipelineError: the classifier cannot be fitted on these rows, in its own words; or a file is damaged.
    """
    classes = np.unique(np.concatenate([np.unique(some.labels) for some in tables.labels(images, labels)]))
    models.need_two(classes)
    fold = fold_of_each_row(split(tables.read_labels(images, labels).labels, folds)) if folds else None
    features = clone(pipeline[:-1])
    classifiers = [clone(pipeline[-1]) for _ in range(1 + folds)]
    passes = pipeline[-1].max_iter
    try:
        features.fit(next(_read(images, labels, fold)).pixels)
        groups = (group for _ in range(passes) for group in _read(images, labels, fold))
        count = passes * math.ceil(tables.count(images) / tables.ROW_GROUP)
        with workers.shared(features), joblib.Parallel(min(1 + folds, joblib.cpu_count()), "threading") as fitting:
            transformed = workers.run(joblib.delayed(_transform)(features, group) for group in groups)
            for inputs, answers, in_fold in cli.progress(transformed, count, "row groups"):
                fitting(
                    joblib.delayed(_fit_further)(classifier, inputs, answers, classes, in_fold, without)
                    for without, classifier in enumerate(classifiers)
                )
    except (ValueError, TypeError, ArithmeticError) as error:
        raise PipelineError(f"the model cannot be fitted: {error}") from None
    fits = [Pipeline([*features.steps, ("classifier", classifier)]) for classifier in classifiers]
    if fold is None:
        return fits[0], ({"row": known.rows, "label": known.labels} for known in tables.labels(images, labels))
    return fits[0], _out_of_fold(fits, _read(images, labels, fold))


class _Group(NamedTuple):
    known: Labels
    pixels: Pixels
    fold: Vector | None


def _read(images: Path, labels: Path, fold: Vector | None) -> Iterator[_Group]:
    start = 0
    for known, pixels in zip(tables.labels(images, labels), tables.pixels(images), strict=True):
        yield _Group(known, pixels, None if fold is None else fold[start : start + len(pixels)])
        start += len(pixels)


def _transform(features: Pipeline, group: _Group) -> tuple[Any, Vector, Vector | None]:
    with joblib.parallel_config("threading", n_jobs=1):  # the groups have the cores
        return features.transform(group.pixels), group.known.labels, group.fold


def _fit_further(
    classifier: Any, inputs: Any, labels: Vector, classes: Vector, fold: Vector | None, without: int
) -> None:
    some = slice(None) if fold is None else fold != without  # no row is in fold 0
    if len(labels[some]):  # a fold may be a whole row group
        classifier.partial_fit(inputs[some], labels[some], classes=classes)


def _out_of_fold(fits: list[Pipeline], groups: Iterator[_Group]) -> Iterator[Mapping[str, Vector]]:
    with workers.shared(*fits[1:]):
        for known, pixels, fold in groups:
            assert fold is not None
            by_fit = [models.score(fit, pixels) for fit in fits[1:]]
            scores = np.stack(by_fit)[fold - 1, np.arange(len(fold))]
            yield {"row": known.rows, "label": known.labels, **models.out_of_fold(fits[0], fold, scores)}
