"""Train one experiment's model, and cross-validate it on the training part.

Reads the task's `train.parquet`, images with labels; writes `models/<experiment>.skops`, fitted on all of them, and
`data/crossval/<experiment>.parquet`: each image's prediction and scores by the model fitted on all but its fold. With
`folds: 0` it has rows and labels alone.
"""

import math
import signal
from typing import Any

from digits.core import params, paths, tables
from digits.core.errors import PipelineError, Stage, room
from digits.core.params import Experiment
from digits.core.tables import Pixels, Scores, Vector
from digits.learning import folds, model_file, pipelines, scoring

import click
import joblib
import numpy as np
import pandas as pd
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from sklearn.utils import get_tags
from threadpoolctl import threadpool_limits
from tqdm import tqdm

SEEN = 10_000  # training images that the fitted model is scored on: all would cost some models more than their fit


def train(experiment: Experiment, seed: int, images: pd.DataFrame) -> tuple[Pipeline, pd.DataFrame]:
    """Return an experiment's model, fitted on all of a task's images, and its out-of-fold predictions of them."""
    X, y = tables.pixels(images), images["label"].to_numpy()  # noqa: N806
    fold = folds.fold_of_rows(y, experiment.folds, images.get("group"))
    rule = folds.require_threshold_rule(experiment, len(np.unique(y)))
    pipeline = pipelines.build(experiment, seed, images.attrs["maximum"])
    if copies := experiment.hyperparameters.copies:  # of all images, behind them
        X = room("scale.deformation", "copies").add_copies(X, images.attrs["shape"], copies, seed)  # noqa: N806

    shared, inputs = fit_shared_steps(pipeline, X)
    rest = pipeline[len(shared) :]
    cores = joblib.cpu_count()
    jobs = max(math.ceil(cores / (1 + experiment.folds)), min(cores, 2))  # two a fit: no core waits for the last one
    with scoring.parallel_backend(inputs, y, fold):
        fits = (joblib.delayed(fit)(rest, inputs, y, fold, held_out, jobs) for held_out in range(1 + experiment.folds))
        fitted = joblib.Parallel(return_as="generator")(fits)
        (last, seen), *others = tqdm(fitted, "fits", 1 + experiment.folds, disable=None, leave=False)

    model = Pipeline([*shared.steps, *last.steps])
    scores = np.zeros((len(y), *seen.shape[1:]), seen.dtype)
    for i, (_, of_fold) in enumerate(others, 1):
        scores[fold == i] = of_fold
    model, y_pred = folds.apply_rule(rule, model, y, scores, fold)
    model.train_accuracy_ = float((scoring.predict(model, seen) == y[: len(seen)]).mean())  # for `evaluate`
    predictions = scoring.table(images, model, scores, y_pred, fold=fold)
    return model, predictions if experiment.folds else predictions[["row", "label"]]


def fit_shared_steps(pipeline: Pipeline, X: Pixels) -> tuple[Pipeline, Any]:  # noqa: N803
    """Fit and apply the first steps, those without scikit-learn's tag `requires_fit`: all fits share what they give."""
    first = next(i for i, (_, step) in enumerate(pipeline.steps) if get_tags(step).requires_fit)
    shared = clone(pipeline[:first])
    with joblib.parallel_config("threading", n_jobs=joblib.cpu_count()):
        return shared, shared.fit_transform(X) if first else X


def fit(pipeline: Pipeline, inputs: Any, y: Vector, fold: Vector, held_out: int, jobs: int) -> tuple[Any, Scores]:
    """Fit on all but one fold and score that one; for fold 0, which no row is in, score the first `SEEN` rows."""
    times = inputs.shape[0] // len(y)  # more than once, if there are copies
    fitted = np.tile(fold != held_out, times)
    scored = np.flatnonzero(fold == held_out) if held_out else slice(min(SEEN, len(y)))
    # Gradient boosting sums in another order with more threads of OpenMP, and their number is in the model's file.
    with joblib.parallel_config("threading", n_jobs=jobs), threadpool_limits(1, user_api="openmp"):
        model = clone(pipeline).fit(inputs[fitted], np.tile(y, times)[fitted])
        return model, scoring.score(model, inputs[scored])


@click.command(cls=Stage, help=__doc__)
@click.argument("name")
def main(name: str) -> None:
    """Read, train, write."""
    signal.signal(signal.SIGINT, signal.SIG_DFL)  # Ctrl-C ends a fit at once; Python's own handler waits for its end
    settings = params.load()
    experiment = params.find(settings.experiments, name)
    try:
        model, out_of_fold = train(experiment, settings.seed, tables.read(paths.task(experiment.task, "train")))
    except (ValueError, TypeError, ArithmeticError, NotImplementedError) as error:  # such as hyperparameters that clash
        raise PipelineError(f"{name} cannot be fitted: {error}") from error
    model_file.save(paths.model(name), model)
    tables.write(paths.out_of_fold(name), out_of_fold)


if __name__ == "__main__":
    main()
