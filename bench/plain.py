"""All of the pipeline's work in one plain script: no DVC, no second process, no file between the steps.

The same functions on the same arrays, so what `dvc repro` takes longer is the price of its processes, files and
digests. Prints the seconds of each step last.
"""

import json
import os
import time
from collections import Counter
from functools import partial

from digits.evaluation import metrics
from digits.evaluation.part import Part
from digits.io import tables
from digits.learning import deformation, models, registry, thresholds, training
from digits.support import cli, parallel, parameters
from digits.support.parameters import Dataset, Experiment, Split, Task
from stages.binarize import binarize
from stages.evaluate import evaluate
from stages.fetch import checked, fetch
from stages.split import split_rows

import numpy as np


def main() -> None:
    """Do it all, and print what each step took."""
    seconds: Counter[str] = Counter()
    last = time.perf_counter()

    def lap(step: str) -> None:
        nonlocal last
        now = time.perf_counter()
        seconds[step] += now - last  # type: ignore[assignment]
        last = now

    params = parameters.load()
    datasets = {}
    for name, dataset in params.blocks(Dataset).items():
        batches = fetch(name, dataset, os.environ.get("DATA_MIRROR"), lambda given: list(checked(given, dataset)))  # noqa: B023
        together = [[batch[i] for batch in batches if batch[i] is not None] for i in (0, 1, 3)]
        datasets[name] = tuple(np.concatenate(each) if each else None for each in together)
    lap("fetch")
    parts = {}
    for name, split in params.blocks(Split).items():
        pixels, classes, group = datasets[split.dataset]
        rows_of_parts = split_rows(split, len(classes), params.seed, group)
        parts[name] = [(pixels[rows], classes[rows], None if group is None else group[rows]) for rows in rows_of_parts]
    lap("split")
    for name, experiment in params.blocks(Experiment).items():
        (X_train, train_classes, group), (X_test, test_classes, test_group) = parts[experiment.split]  # noqa: N806
        task = params.block(Task, experiment.task)
        positive, negative = tables.labels_of(task, None)
        assert not negative, f"{experiment.task} leaves classes out, which this does not"
        y_train, y_test = binarize(train_classes, positive), binarize(test_classes, positive)
        lap("binarize")
        dataset = params.block(Dataset, params.dataset_of(name))
        pipeline = registry.build(experiment, params.seed, dataset.maximum or 255)
        copies = deformation.require_copies(experiment)
        X_train = deformation.add_copies(X_train, dataset.shape, copies, params.seed)  # noqa: N806
        rule = thresholds.require_rule(experiment, len(np.unique(y_train)))
        fold = training.fold_of_rows(y_train, experiment.folds, group=group)
        trained = training.train(pipeline, X_train, y_train, fold)
        model = thresholds.apply(trained.model, rule, y_train, trained.scores)
        model.train_accuracy_ = training.accuracy(model, trained.seen, y_train)
        lap("train")
        with parallel.parallel_backend(model):
            scores = models.score(model, X_test)
        names = list(map(str, model.classes_))
        part = partial(Part, method=models.method(model), classes=model.classes_, names=names, y_train=y_train)
        predicted = {"test": part(y_test, models.predict(model, scores), scores, group=test_group)}
        if trained.scores is not None:
            y_pred = thresholds.predict_nested(model, rule, y_train, trained.scores, fold)
            predicted["cross_validation"] = part(y_train, y_pred, trained.scores, fold=fold, group=group)
        figures = evaluate(predicted, model)["figures"]
        lap("evaluate")
        accuracy = metrics.summarize(figures)["accuracy"]
        print(f"{name}: test accuracy {accuracy:.6f}", flush=True)
    print(json.dumps(seconds))


if __name__ == "__main__":
    cli.run(main)
