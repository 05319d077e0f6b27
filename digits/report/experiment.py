"""What the report's page says of an experiment, on the test part and out of fold."""

import hashlib
import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from digits.io import paths, tables
from digits.io.files import DECIMALS
from digits.report.content import Dataset
from digits.report.plots import read_plots
from digits.results import measured as results
from digits.results import wording
from digits.results.predictions import in_words, most_confident, read_predictions
from digits.support.errors import PipelineError
from digits.support.parameters import Experiment, Parameters, Task

import pyarrow as pa
import yaml

PAIRS = 6
PICTURES = 3  # of each pair


def describe(name: str, params: Parameters, dataset: Dataset) -> dict[str, Any]:
    """Return what experiment.html says of an experiment, from its block of params.yaml and its files.

    Raises:
        PipelineError: a file is missing or damaged, or they are not of the same run.
    """
    block = params.block(Experiment, name)
    task = params.block(Task, block.task)
    sides = ([dataset.names[label] for label in side] or None for side in tables.labels_of(task, dataset.own_names))
    names = wording.label_names(block.task, task, dataset.own_names)
    predictions = read_predictions(name, len(dataset.classes))
    result, measured = results.read(name), results.figures(name)
    wrong, tested = len(most_confident(predictions)[0]), len(predictions)
    if abs(1 - wrong / tested - result.accuracy) > 10**-DECIMALS:
        again = f"`dvc repro --force evaluate@{name}` makes them again"
        raise PipelineError(f"{paths.predictions(name)} and {paths.metrics(name)} are not of the same run; {again}")
    plots = read_plots(name, measured, names, is_detector=bool(task.positive))
    has_folds = "cross_validation" in plots["matrices"] and paths.out_of_fold(name).exists()
    out_of_fold = read_predictions(name, len(dataset.classes), "train") if has_folds else None
    rule = block.hyperparameters.get("threshold")
    files = (paths.model(name), paths.predictions(name), paths.metrics(name))
    return {
        "name": name,
        "block": block,
        "task": f"{block.task} on {block.split}",
        "dataset": dataset,
        **dict(zip(("positive", "negative"), sides, strict=True)),
        "wrong": wrong,
        "tested": tested,
        "result": result,
        "cells": result.cells(name),
        "interval": results.error_interval(name),
        "intervals": results.intervals(name),
        "measured": measured,
        "plots": plots,
        "pairs": confused_pairs(predictions, out_of_fold, dataset, names),
        "predictions": predictions,
        "mistakes": list_mistakes(
            predictions, dataset, names, measured.get(("cross_validation", "temperature", "all"))
        ),
        "rule": rule if isinstance(rule, dict) else {},  # what chose its threshold
        "parameters": yaml.safe_dump(block.model_dump(exclude={"description", "tutorial"}), sort_keys=False),
        # A table in several files has no digest of its own.
        "digests": {path: hashlib.md5(path.read_bytes()).hexdigest() for path in files if path.is_file()},
    }


def confused_pairs(
    predictions: pa.Table, out_of_fold: pa.Table | None, dataset: Dataset, names: Sequence[str]
) -> list[dict[str, Any]]:
    """Return which classes were predicted as which label most often on the test part.

    Each pair has its words; how often it occurred, of how many images of the class, on the test part and, where there
    are folds, out of fold; and the rows of its most confident mistakes.
    """

    def count(table: pa.Table, shown: int, label: int) -> tuple[int, int]:
        is_shown = dataset.classes[tables.column(table, "row")] == shown
        return int((is_shown & (tables.column(table, "prediction") == label)).sum()), int(is_shown.sum())

    worst = predictions.take(most_confident(predictions)[0])
    rows, y_pred = tables.column(worst, "row"), tables.column(worst, "prediction")
    counts = Counter(zip(dataset.classes[rows].tolist(), y_pred.tolist(), strict=True))
    return [
        {
            "words": f"{dataset.names[shown]} predicted as {names[label]}",
            "test": count(predictions, shown, label),
            "out_of_fold": count(out_of_fold, shown, label) if out_of_fold else None,
            "rows": rows[(dataset.classes[rows] == shown) & (y_pred == label)][:PICTURES].tolist(),
        }
        for shown, label in sorted(counts, key=lambda pair: (-counts[pair], pair))[:PAIRS]
    ]


def list_mistakes(
    predictions: pa.Table, dataset: Dataset, names: Sequence[str], temperature: float | None
) -> list[tuple[int, str, str, str]]:
    """Return the row, actual label, prediction and words (`predictions.in_words`) of mistakes, most confident first."""
    worst = predictions.take(most_confident(predictions)[0])
    rows, y_true, y_pred = (tables.column(worst, column).tolist() for column in ("row", "label", "prediction"))
    words = in_words(worst, [dataset.names[label] for label in dataset.classes[rows]], names, temperature)
    actual, predicted = ([names[label] for label in labels] for labels in (y_true, y_pred))
    unbroken = [re.sub(r" (?=[^(]*\)$)", "\N{NO-BREAK SPACE}", text) for text in words]
    return list(zip(rows, actual, predicted, unbroken, strict=True))
