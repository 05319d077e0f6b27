"""All of the pipeline's work in one plain script: no DVC, no second process, no file between the steps.

The same functions on the same arrays, so what `dvc repro` takes longer is the price of its processes, files and
digests. Only the report is left out. Prints the seconds of each step last. Run from the repository:
python -m bench.plain
"""

import json
import os
import time
from collections import defaultdict
from collections.abc import Mapping
from typing import Any

from sklearn.pipeline import Pipeline

from digits.common import cli, parameters, tables, workers
from digits.common.tables import Pixels, Scores, Vector
from digits.evaluation import metrics
from digits.learning import models
from digits.sources.readers import together
from stages.binarize import Task, binarize
from stages.evaluate import evaluate
from stages.fetch import Dataset, fetch
from stages.split import Split, split_rows
from stages.train import Experiment, build, train


def judge(
    model: Pipeline, images: Pixels, labels: Vector, train_images: Pixels, train_labels: Vector, crossval: Any
) -> tuple[dict[str, Any], Mapping[str, Any], Vector, Scores]:
    """Do what `stages/evaluate.py` does between reading and writing.

    Args:
        model: fitted.
        images: the test part, shape (test rows, pixels).
        labels: shape (test rows,).
        train_images: the first training images, for the accuracy on what the model has seen.
        train_labels: shape (training rows,).
        crossval: what `train` gives with the model.

    Returns:
        The metrics, the tables of the plots, the predictions, and the scores.
    """
    with workers.shared(model):
        scores, train_scores = models.score(model, images), models.score(model, train_images)
    predictions = models.predict(model, scores)
    parts = {"test": (labels, predictions, scores)}
    folds = None
    if crossval is not None:
        out_of_fold = tables.read_scores(tables.table(crossval))
        parts["cross_validation"] = (train_labels, crossval["prediction"], out_of_fold)
        folds = crossval["fold"]
    measured, plots = evaluate(parts, model.classes_, train_labels, folds, models.gives_probabilities(model))
    seen = models.predict(model, train_scores)
    measured["train"] = {"accuracy": metrics.accuracy(train_labels[: len(seen)], seen)}
    return measured, {name: list(rows) for name, rows in plots.items()}, predictions, scores


def main() -> None:
    """Do it all, and print what each step took."""
    cli.parser(__doc__, "-m bench.plain").parse_args()
    seconds: defaultdict[str, float] = defaultdict(float)
    last = time.perf_counter()

    def lap(step: str) -> None:
        nonlocal last
        now = time.perf_counter()
        seconds[step] += now - last
        last = now

    values = parameters.load()
    seed = parameters.seed(values)
    datasets = {
        name: fetch(name, block, os.environ.get("DATA_MIRROR"), 30, together)
        for name, block in parameters.section(values, "datasets", Dataset).items()
    }
    lap("fetch")
    parts = {}
    for name, split in parameters.section(values, "splits", Split).items():
        images = datasets[split.dataset]
        parts[name] = [
            (images.pixels[rows], images.classes[rows]) for rows in split_rows(len(images.classes), split.test, seed)
        ]
    lap("split")
    tasks = parameters.section(values, "tasks", Task)
    for name, experiment in parameters.section(values, "experiments", Experiment).items():
        (train_images, train_classes), (test_images, test_classes) = parts[experiment.split]
        positive = tasks[experiment.task].positive
        train_labels, test_labels = binarize(train_classes, positive), binarize(test_classes, positive)
        lap("binarize")
        model, crossval = train(build(experiment, seed), train_images, train_labels, experiment.folds)
        lap("train")
        first = train_images[: tables.ROW_GROUP]
        measured, *_ = judge(model, test_images, test_labels, first, train_labels, crossval)
        lap("evaluate")
        print(f"{name}: test accuracy {measured['test']['accuracy']:.4f}", flush=True)
    print(json.dumps(seconds))


if __name__ == "__main__":
    cli.run(main)
