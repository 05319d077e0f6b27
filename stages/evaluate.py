"""Evaluate one experiment on the test part and out of fold.

Reads the model, the split's `test.parquet`, the experiment's labels and its out-of-fold predictions; writes
`metrics/<experiment>.json`, the tables of `plots/<experiment>/`, and `data/predictions/<experiment>.parquet`. The one
decision: every accuracy stands beside that of always predicting the majority class, because a detector that always
says no is right nine times in ten.
"""

import math
from typing import Any, NamedTuple

from digits.evaluation import calibration, curves, metrics
from digits.io import files, parquet, paths, tables
from digits.io.tables import IMAGES, LABELS, OUT_OF_FOLD, Scores, Vector
from digits.learning import models
from digits.support import cli
from digits.support.errors import PipelineError

import numpy as np

CALIBRATED_ON = 10_000  # out-of-fold rows at most, evenly from all folds: enough to fit one temperature
HEADERS = {
    "figures": ["part", "figure", "of", "value"],
    "confusion": ["part", "actual", "predicted", "count", "share"],
    "roc": ["part", "class", "false_positive_rate", "true_positive_rate", "threshold"],
    "precision_recall": ["part", "class", "recall", "precision", "threshold"],
    "reliability": ["part", "from", "to", "count", "confidence", "accuracy"],
}
Plots = dict[str, list[tuple[Any, ...]]]


class Part(NamedTuple):
    """Predictions of the test part or out of fold: shapes (rows,), (rows,), and (rows,) or (rows, classes)."""

    y_true: Vector
    y_pred: Vector
    scores: Scores


def evaluate(parts: dict[str, Part], classes: Vector, method: str, y_train: Vector, fold: Vector | None) -> Plots:
    """Measure the predictions on each part.

    Args:
        parts: `test`, and `cross_validation` where there are folds.
        classes: the model's classes, shape (classes,).
        method: what gave the scores, `decision_function` or `predict_proba`.
        y_train: shape (training rows,), whose majority class is the baseline.
        fold: of each training row, from 1; None where there are none.

    Returns:
        The rows of the plot tables. Where there are folds to fit it on, `figures` has the temperature that calibrates
        the scores.
    """
    logits = {name: calibration.logits(part.scores, method) for name, part in parts.items()}
    columns = {name: np.searchsorted(classes, part.y_true) for name, part in parts.items()}
    plots: Plots = {name: [] for name in HEADERS}
    temperature = 1.0
    if fold is not None:
        rows = slice(None, None, math.ceil(len(fold) / CALIBRATED_ON))
        temperature = calibration.fit_temperature(logits["cross_validation"][rows], columns["cross_validation"][rows])
        plots["figures"].append(("cross_validation", "temperature", metrics.ALL, temperature))
    for name, part in parts.items():
        y_true, y_pred, scores = part
        probabilities = calibration.probabilities(logits[name], temperature)
        figures = [*metrics.measure(y_true, y_pred, scores, classes)]
        figures.append(("baseline", metrics.ALL, metrics.baseline(y_train, y_true)))
        figures += [(figure, metrics.ALL, value) for figure, value in calibration.measure(probabilities, columns[name])]
        if name == "cross_validation" and fold is not None:
            figures += [*metrics.by_fold(y_true, y_pred, fold), *metrics.rejection(scores)]
        tables_of_part = {
            "figures": figures,
            "confusion": metrics.confusion(y_true, y_pred, classes),
            "roc": curves.roc(y_true, scores, classes),
            "precision_recall": curves.precision_recall(y_true, scores, classes),
            "reliability": calibration.reliability(probabilities, columns[name]),
        }
        for plot, of_part in tables_of_part.items():
            plots[plot] += [(name, *row) for row in of_part]
    return plots


def main() -> None:
    """Load, score, measure, write."""
    name = cli.block_name(__doc__, "experiments", "two-logreg")
    facts = parquet.metadata(paths.out_of_fold(name), OUT_OF_FOLD)
    images, labels = paths.split(facts["split"], "test"), paths.labels(name, "test")
    model = models.load(paths.model(name))
    y_test = parquet.read_labels(images, labels)
    if tables.integers(facts["classes"]) != model.classes_.tolist():
        raise PipelineError(f"{paths.out_of_fold(name)} is of another model; {parquet.REMEDY}")
    if unknown := np.setdiff1d(y_test, model.classes_).tolist():
        raise PipelineError(f"{name} has not been trained on the label {unknown[0]}; use a split with more of it")

    scores = models.score_file(model, images)
    parts = {"test": Part(y_test, models.predict(model, scores), scores)}
    y_train, fold = parquet.read_column(paths.out_of_fold(name), OUT_OF_FOLD, "label"), None
    if facts["folds"] != "0":
        table = parquet.read(paths.out_of_fold(name), OUT_OF_FOLD)
        fold = tables.column(table, "fold")
        parts["cross_validation"] = Part(y_train, tables.column(table, "prediction"), tables.scores(table))
    plots = evaluate(parts, model.classes_, facts["method"], y_train, fold)
    plots["figures"].append(("train", "accuracy", metrics.ALL, float(facts["train_accuracy"])))
    if "threshold" in facts:
        plots["figures"].append(("train", "threshold", metrics.ALL, float(facts["threshold"])))

    columns = {"row": parquet.read_column(images, IMAGES, "row"), "label": y_test, "prediction": parts["test"].y_pred}
    columns |= tables.score_columns(scores, model.classes_)
    positive = parquet.metadata(labels, LABELS).get("positive")
    decided = {key: facts.get(key) for key in ("classes", "method", "threshold")}
    parquet.write(paths.predictions(name), tables.table(columns, **decided, positive=positive))
    names = parquet.class_names(images) if positive is None else None
    for plot, rows in plots.items():
        named = metrics.name_classes(HEADERS[plot], rows, names)
        files.write_csv(paths.plots(name) / f"{plot}.csv", HEADERS[plot], named)
    files.write_json(paths.metrics(name), metrics.summarize(plots["figures"]))


if __name__ == "__main__":
    cli.run(main)
