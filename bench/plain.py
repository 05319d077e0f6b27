"""All of the pipeline's work in one plain script: no DVC, no second process, no file between the steps.

The same functions on the same arrays, so what `dvc repro` takes longer is the price of its processes, files and
digests. Prints the seconds of each step last.
"""

import json
import os
import time
from collections import defaultdict

from digits.evaluation import metrics
from digits.learning import models, registry, training
from digits.support import cli, parallel, parameters
from digits.support.parameters import Dataset, Experiment, Split, Task
from stages.binarize import binarize
from stages.evaluate import Part, evaluate
from stages.fetch import fetch
from stages.split import split_rows

import numpy as np


def main() -> None:
    """Do it all, and print what each step took."""
    cli.parser(__doc__).parse_args()
    seconds: defaultdict[str, float] = defaultdict(float)
    last = time.perf_counter()

    def lap(step: str) -> None:
        nonlocal last
        now = time.perf_counter()
        seconds[step] += now - last
        last = now

    params = parameters.load()
    datasets = {}
    for name, dataset in params.blocks(Dataset).items():
        batches = zip(*fetch(name, dataset, os.environ.get("DATA_MIRROR"), list), strict=True)
        datasets[name] = [np.concatenate(arrays) for arrays in batches]
    lap("fetch")
    parts = {}
    for name, split in params.blocks(Split).items():
        pixels, classes = datasets[split.dataset]
        parts[name] = [(pixels[rows], classes[rows]) for rows in split_rows(split, len(classes), params.seed)]
    lap("split")
    for name, experiment in params.blocks(Experiment).items():
        (X_train, train_classes), (X_test, test_classes) = parts[experiment.split]  # noqa: N806
        positive = params.block(Task, experiment.task).labels(None)
        y_train, y_test = binarize(train_classes, positive), binarize(test_classes, positive)
        lap("binarize")
        trained = training.train(registry.build(experiment, params.seed), X_train, y_train, experiment.folds)
        lap("train")
        model, scores = trained.model, trained.scores
        with parallel.parallel_backend(model):
            test_scores = models.score(model, X_test)
        measured = {"test": Part(y_test, models.predict(model, test_scores), test_scores)}
        if scores is not None:
            measured["cross_validation"] = Part(y_train, models.predict(model, scores), scores)
        plots = evaluate(measured, model.classes_, models.method(model), y_train, trained.fold)
        lap("evaluate")
        print(f"{name}: test accuracy {metrics.summarize(plots['figures'])['accuracy']:.4f}", flush=True)
    print(json.dumps(seconds))


if __name__ == "__main__":
    cli.run(main)
