"""Train one experiment's model, and cross-validate it on the training part.

Reads the split's `train.parquet` and the task's labels; writes `models/<experiment>.joblib`, fitted on the whole
training part, and `data/crossval/<experiment>.parquet`: for each training row the score of the model that has not
seen it (empty where `folds` is 0). The one decision: who shares the cores. The fit on everything and the fits of the
folds run side by side; what cores are left go to each fit.
"""

import gc
import math
from collections.abc import Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import Annotated, Any

import joblib
import numpy as np
from pydantic import Field, field_validator
from sklearn.base import clone
from sklearn.pipeline import Pipeline
from threadpoolctl import threadpool_limits

from digits.common import cli, parameters, tables, workers
from digits.common.cli import ParameterError, PipelineError
from digits.common.parameters import Section
from digits.common.tables import Pixels, Scores, Vector
from digits.learning import classifiers, features, models, partial
from digits.learning.folds import fold_of_each_row, split


class Experiment(Section):
    """One block of `experiments` in params.yaml."""

    description: str
    tutorial: str | None = None
    split: str
    task: str
    features: str
    classifier: str
    hyperparameters: dict[str, Any]
    folds: Annotated[int, Field(ge=0, le=255)]

    @field_validator("folds")
    @classmethod
    def _none_or_several(cls, folds: int) -> int:
        if folds == 1:
            raise ValueError("must be 0 for none, or at least 2")
        return folds


def build(experiment: Experiment, seed: int) -> Pipeline:
    """Return the experiment's unfitted pipeline: its features, then its classifier.

    Raises:
        ParameterError: there are no such features, classifier or hyperparameters.
    """
    try:
        classifier = classifiers.build(experiment.classifier, experiment.hyperparameters, seed)
    except ParameterError as error:
        raise ParameterError(parameters.short(str(error))) from None  # scikit-learn shows all of a value
    return Pipeline([*features.steps(experiment.features), ("classifier", classifier)])


def train(
    pipeline: Pipeline, pixels: Pixels, labels: Vector, folds: int
) -> tuple[Pipeline, Mapping[str, Vector] | None]:
    """Fit on all rows, and on all but each fold.

    Args:
        pipeline: unfitted; it stays so.
        pixels: shape (rows, pixels), 0 to 255, in random order.
        labels: shape (rows,).
        folds: stratified, each as good as consecutive rows; 0 for no cross-validation.

    Returns:
        The fitted pipeline, and by row the `fold` (from 1), the `prediction` and the scores of the model fitted
        without that fold; None for no folds.

    Raises:
        ParameterError: a class has fewer rows than there are folds.
        PipelineError: the classifier cannot be fitted on these rows, in its own words.
    """
    models.need_two(np.unique(labels))
    fold = fold_of_each_row(split(labels, folds)) if folds else None
    cores = joblib.cpu_count()
    # At least two threads a fit, so that no core waits while the last fit ends: 5 to 20 % faster on two cores than one.
    inner = max(math.ceil(cores / (1 + folds)), min(cores, 2))
    images, inputs = fit_images(pipeline, pixels)
    with workers.shared(inputs, labels, fold):
        fitting = workers.side_by_side(
            (
                joblib.delayed(_fit_and_score)(pipeline[1:], inputs, labels, fold, without, inner)
                for without in range(1 + folds)
            ),
            min(cores, 1 + folds),
        )
        (fitted, _), *others = cli.progress(fitting, 1 + folds, "fits")
    model = Pipeline([*images.steps, *fitted.steps])
    if fold is None:
        return model, None
    scores = np.empty((len(fold), *others[0][1].shape[1:]), others[0][1].dtype)
    for i, (_, held_out) in enumerate(others, 1):
        scores[fold == i] = held_out
    return model, models.out_of_fold(model, fold, scores)


def fit_images(pipeline: Pipeline, pixels: Pixels) -> tuple[Pipeline, Any]:
    """Fit and apply a pipeline's first step alone.

    It looks at each image on its own, so all fits can share its work; the later steps learn from the rows.

    Returns:
        The fitted step, and what it makes of the pixels, of shape (rows, features).

    Raises:
        PipelineError: it cannot be fitted to such images, in its own words.
    """
    images = clone(pipeline[:1])
    with joblib.parallel_config("threading", n_jobs=joblib.cpu_count()):
        try:
            return images, images.fit_transform(pixels)
        except ValueError as error:
            raise PipelineError(f"the model cannot be fitted: {error}") from None


def _fit_and_score(
    pipeline: Pipeline, inputs: Any, labels: Vector, fold: Vector | None, without: int, jobs: int
) -> tuple[Pipeline, Scores | None]:
    fitted: Any = slice(None) if fold is None else fold != without  # no row is in fold 0
    # A fit that may use every core needs no limit, and finding OpenMP's libraries takes as long as a small fit.
    limits = threadpool_limits(jobs, user_api="openmp") if jobs < joblib.cpu_count() else nullcontext()
    with joblib.parallel_config("threading", n_jobs=jobs), limits:
        try:
            model = clone(pipeline).fit(inputs[fitted], labels[fitted])
            if fold is not None:
                gc.collect()  # the rows, which SciPy's optimizer leaves in a circle: other fits need the memory
            return model, models.score(model, inputs[fold == without]) if without else None
        except (ValueError, TypeError, ArithmeticError) as error:  # such as a hyperparameter beyond what C can hold
            raise PipelineError(f"the model cannot be fitted: {error}") from None


def main() -> None:
    """Read, train, write."""
    parser = cli.parser(
        __doc__,
        "-m stages.train two-logreg data/split/mnist/train.parquet data/labels/mnist/two "
        "models/two-logreg.joblib data/crossval/two-logreg.parquet",
    )
    parser.add_argument("experiment", help="an experiment of params.yaml")
    parser.add_argument("images", type=Path, help="the training part of the split")
    parser.add_argument("labels", type=Path, help="the folder of the task's labels")
    parser.add_argument("model", type=Path, help="the model to write")
    parser.add_argument("crossval", type=Path, help="the parquet file to write the out-of-fold scores to")
    arguments = parser.parse_args()

    values = parameters.load()
    experiment = parameters.block(values, "experiments", arguments.experiment, Experiment)
    pipeline = build(experiment, parameters.seed(values))
    labels = arguments.labels / "train.parquet"
    with cli.warnings_in_lines(arguments.experiment):
        if experiment.classifier in classifiers.PARTIAL_FIT:
            model, crossval = partial.train(pipeline, arguments.images, labels, experiment.folds)
        else:
            known, pixels = tables.read_labels(arguments.images, labels), tables.read_pixels(arguments.images)
            model, columns = train(pipeline, pixels, known.labels, experiment.folds)
            crossval = [{"row": known.rows, "label": known.labels, **(columns or {})}]
        models.save(arguments.model, model)
        with tables.writing(arguments.crossval) as append:
            for some in crossval:
                append(tables.table(some))


if __name__ == "__main__":
    cli.run(main)
