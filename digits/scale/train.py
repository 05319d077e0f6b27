"""Train one experiment's model by `partial_fit`, and cross-validate it, on more rows than fit into memory.

Reads the task's `train.parquet` ten thousand rows at a time, `max_iter` times over; writes what the core's stage does.
The steps before the classifier are fitted to the first row group alone, less the fold that is held out.
"""

import math
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from digits.core import params, paths, tables
from digits.core.errors import PipelineError, Stage
from digits.core.params import Experiment
from digits.core.tables import Vector
from digits.learning import folds, model_file, pipelines, scoring
from digits.scale import parts
from stages.train import SEEN, fit_shared_steps

import click
import joblib
import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from tqdm import tqdm


def train(experiment: Experiment, seed: int, images: Path) -> tuple[Pipeline, pd.DataFrame]:
    """Return an experiment's model, fitted on all images of a table, and its out-of-fold predictions of them."""
    rows = pd.concat(parts.read(images, ["row", "group", "origin", "label"]))
    y, alike = rows["label"].to_numpy(), rows["group" if "group" in rows else "origin"].to_numpy()
    fold = folds.fold_of_rows(y, experiment.folds, alike)  # copies of one image are in one fold
    rule = folds.require_threshold_rule(experiment, len(np.unique(y)))
    pipeline = pipelines.build(experiment, seed, rows.attrs["maximum"])
    require_incremental(experiment, pipeline[-1])

    model, *others = fit_all(pipeline, images, y, fold, experiment.folds)
    with scoring.parallel_backend(model, *others):
        seen = scoring.score(model, tables.pixels(next(parts.read(images)))[:SEEN])
        scores = np.zeros((len(y) if others else 0, *seen.shape[1:]), seen.dtype)
        for group in parts.read(images) if others else ():
            X, of_row = tables.pixels(group), fold[group.index]  # noqa: N806
            for i in np.unique(of_row):
                scores[group.index[of_row == i]] = scoring.score(others[i - 1], X[of_row == i])

    model, y_pred = folds.apply_rule(rule, model, y, scores, fold)
    model.train_accuracy_ = float((scoring.predict(model, seen) == y[: len(seen)]).mean())  # for `evaluate`
    return model, scoring.table(rows, model, scores, y_pred, fold=fold) if others else rows[["row", "label"]]


def require_incremental(experiment: Experiment, classifier: Any) -> None:
    """Require that a classifier can be fitted incrementally, and is told how often; else raise a PipelineError."""
    if not hasattr(classifier, "partial_fit"):  # as an MLPClassifier with `solver: lbfgs`
        raise PipelineError(f"{experiment.classifier} has no partial_fit, or not with these hyperparameters")
    if "max_iter" not in (experiment.hyperparameters.model_extra or {}):
        raise PipelineError(f"hyperparameters need max_iter, how many times {experiment.classifier} sees all rows")
    if experiment.hyperparameters.copies:
        raise PipelineError("copies are not made ten thousand rows at a time; use enlarged.yaml")


def fit_all(pipeline: Pipeline, images: Path, y: Vector, fold: Vector, folds: int) -> list[Pipeline]:
    """Return an unfitted pipeline fitted on all rows, and on all but each of so many folds, all in the same passes."""
    first = next(parts.read(images))
    shared, inputs = fit_shared_steps(pipeline, tables.pixels(first))
    fits = [clone(pipeline[len(shared) :]) for _ in range(1 + folds)]
    for held_out, steps in enumerate(fits):  # fold 0 is held out of the first fit: no row is in it
        if len(steps) > 1:
            fitted = first.index[fold[first.index] != held_out]
            steps[:-1].fit(inputs[fitted], y[fitted])

    classes, cores, passes = np.unique(y), joblib.cpu_count(), pipeline[-1].max_iter
    groups = parts.ahead(transformed(shared, images, passes))
    count = passes * math.ceil(len(y) / parts.ROW_GROUP)
    with joblib.parallel_config("threading", n_jobs=cores), joblib.Parallel(min(1 + folds, cores)) as run:
        for inputs, rows in tqdm(groups, "row groups", count, disable=None, leave=False):
            group = inputs, y[rows], fold[rows]
            run(joblib.delayed(fit_further)(steps, *group, classes, held_out) for held_out, steps in enumerate(fits))
    return [Pipeline([*shared.steps, *steps.steps]) for steps in fits]


def transformed(shared: Pipeline, images: Path, passes: int) -> Iterator[tuple[Any, pd.Index]]:
    """Yield the features and the rows of each row group, so many times over."""
    with joblib.parallel_config("threading", n_jobs=joblib.cpu_count()):
        for _ in range(passes):
            for group in parts.read(images):
                X = tables.pixels(group)  # noqa: N806
                yield shared.transform(X) if len(shared) else X, group.index


def fit_further(steps: Pipeline, inputs: Any, y: Vector, fold: Vector, classes: Vector, held_out: int) -> None:
    """Fit the classifier, the last of the steps, to a row group as well, but for the fold that is held out."""
    fitted = fold != held_out
    if fitted.any():  # a fold may be a whole row group
        inputs = steps[:-1].transform(inputs[fitted]) if len(steps) > 1 else inputs[fitted]
        steps[-1].partial_fit(inputs, y[fitted], classes=classes)


@click.command(cls=Stage, help=__doc__)
@click.argument("name")
def main(name: str) -> None:
    """Read, train, write."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # as the core's stage
    settings = params.load()
    experiment = params.find(settings.experiments, name)
    try:
        model, out_of_fold = train(experiment, settings.seed, paths.task(experiment.task, "train"))
    except (ValueError, TypeError, ArithmeticError, NotImplementedError) as error:  # such as hyperparameters that clash
        raise PipelineError(f"{name} cannot be fitted: {error}") from error
    model_file.save(paths.model(name), model)
    tables.write(paths.out_of_fold(name), out_of_fold)


if __name__ == "__main__":
    main()
