"""Evaluate one experiment on the test part and out of fold.

Reads the model, the split's `test.parquet`, the experiment's labels and its out-of-fold predictions; writes
`metrics/<experiment>.json`, the tables of `plots/<experiment>/`, and `data/predictions/<experiment>.parquet`. The one
decision: every accuracy stands beside that of always predicting the majority class, because a detector that always
says no is right nine times in ten.
"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

from digits.evaluation import calibration, curves, metrics
from digits.evaluation.metrics import ALL
from digits.evaluation.part import Part, confusion, reliability
from digits.io import files, parquet, paths, tables
from digits.io.tables import FOLD, IMAGES, LABELS, OUT_OF_FOLD, Scores, Vector
from digits.learning import models
from digits.support import cli, parameters
from digits.support.errors import PipelineError
from digits.support.parameters import Experiment

import numpy as np
from sklearn.pipeline import Pipeline

CALIBRATED_ON = 10_000  # out-of-fold rows at most, evenly from all folds: enough to fit one temperature
HEADERS = {
    "figures": ["part", "figure", "of", "value"],
    "confusion": ["part", "actual", "predicted", "count", "share"],
    "roc": ["part", "class", "false_positive_rate", "true_positive_rate", "threshold"],
    "precision_recall": ["part", "class", "recall", "precision", "threshold"],
    "reliability": ["part", "from", "to", "count", "confidence", "accuracy"],
}
Predicted = tuple[Vector, Scores, Vector | None]  # true labels, scores and folds of a part's rows


def evaluate(
    predicted: Mapping[str, Predicted], model: Pipeline, y_train: Vector, names: Sequence[str]
) -> dict[str, list[tuple[Any, ...]]]:
    """Measure a model's scores of each part, and return the rows of the plot tables.

    Args:
        predicted: of `test`, and of `cross_validation` where there are folds: they are calibrated on these.
        model: what gave the scores.
        y_train: shape (training rows,), whose majority class is the baseline.
        names: of the model's classes.
    """
    rows: dict[str, list[tuple[Any, ...]]] = {name: [] for name in HEADERS}
    method, classes, temperature = models.method(model), model.classes_, 1.0
    if "cross_validation" in predicted:
        y_true, scores, _ = predicted["cross_validation"]
        some = slice(None, None, math.ceil(len(y_true) / CALIBRATED_ON))
        logits = calibration.logits(scores[some], method)
        temperature = calibration.fit_temperature(logits, np.searchsorted(classes, y_true[some]))
        rows["figures"].append(("cross_validation", "temperature", ALL, temperature))
    for name, (y_true, scores, fold) in predicted.items():
        probabilities = calibration.probabilities(calibration.logits(scores, method), temperature)
        part = Part(y_true, models.predict(model, scores), scores, probabilities, classes, names, y_train, fold)
        of_part = {
            "figures": metrics.measure(part),
            "confusion": confusion(part),
            "roc": curves.roc(part),
            "precision_recall": curves.precision_recall(part),
            "reliability": reliability(part),
        }
        for table, measured in of_part.items():
            rows[table] += [(name, *row) for row in measured]
    rows["figures"].append(("train", "accuracy", ALL, model.train_accuracy_))
    if len(classes) == 2:
        rows["figures"].append(("train", "threshold", ALL, models.threshold(model)))
    return rows


def main() -> None:
    """Load, score, measure, write."""
    name = cli.block_name(__doc__, "experiments", "two-logreg")
    images, labels = paths.split(parameters.load().block(Experiment, name).split, "test"), paths.labels(name, "test")
    model = models.load(paths.model(name))
    y_test = parquet.read_labels(images, labels)
    out_of_fold = parquet.read(paths.out_of_fold(name), OUT_OF_FOLD)
    y_train = tables.column(out_of_fold, "label")
    if unknown := np.setdiff1d(y_test, model.classes_).tolist():
        raise PipelineError(f"{name} has not been trained on the label {unknown[0]}; use a split with more of it")

    scores = models.score_file(model, images)
    predicted: dict[str, Predicted] = {"test": (y_test, scores, None)}
    if FOLD.name in out_of_fold.column_names:
        predicted["cross_validation"] = (y_train, tables.scores(out_of_fold), tables.column(out_of_fold, "fold"))
    is_detector = b"positive" in (parquet.schema(labels, LABELS).metadata or {})
    names = None if is_detector else parquet.image_info(images).names
    rows = evaluate(predicted, model, y_train, [names[i] if names else str(i) for i in model.classes_])

    row = parquet.read_column(images, IMAGES, "row")
    columns = {"row": row, "label": y_test, "prediction": models.predict(model, scores)}
    columns |= tables.score_columns(scores, model.classes_, models.method(model))
    parquet.write(paths.predictions(name), tables.table(columns))
    for table, header in HEADERS.items():
        files.write_csv(paths.plots(name) / f"{table}.csv", header, rows[table])
    files.write_json(paths.metrics(name), metrics.summarize(rows["figures"], "cross_validation" in predicted))


if __name__ == "__main__":
    cli.run(main)
