"""Evaluate one experiment on the test part and out of fold.

Reads the model, the test part, its labels and the out-of-fold predictions; writes `metrics/<experiment>.json`, the
tables of `plots/<experiment>/`, and `data/predictions/<experiment>.parquet`. Each accuracy comes with
its baseline, that of always predicting the majority class.
"""

import dataclasses
import math
from collections.abc import Callable, Iterable, Mapping
from functools import partial
from typing import Any

from digits.evaluation import calibration, curves, metrics
from digits.evaluation.metrics import ALL
from digits.evaluation.part import Part, confusion, reliability
from digits.io import files, parquet, paths, tables
from digits.io.tables import LABELS, OUT_OF_FOLD
from digits.learning import models, persistence
from digits.support import cli, parallel, parameters
from digits.support.errors import PipelineError
from digits.support.parameters import Experiment

import numpy as np
from sklearn.pipeline import Pipeline

CHOSEN_BY = ("precision", "recall", "f1")  # what a threshold can be chosen by
CALIBRATED_ON = 10_000  # out-of-fold rows at most, evenly from all folds: enough to fit one temperature
TABLES: dict[str, tuple[Callable[[Part], Iterable[tuple[Any, ...]]], list[str]]] = {  # of plots/<experiment>/
    "figures": (metrics.measure, ["part", "figure", "of", "value", "low", "high"]),
    "confusion": (confusion, ["part", "actual", "predicted", "count", "share"]),
    "roc": (curves.roc, ["part", "class", "false_positive_rate", "true_positive_rate", "threshold"]),
    "precision_recall": (curves.precision_recall, ["part", "class", "recall", "precision", "threshold"]),
    "reliability": (reliability, ["part", "from", "to", "count", "confidence", "accuracy"]),
}


def evaluate(parts: Mapping[str, Part], model: Pipeline) -> dict[str, list[tuple[Any, ...]]]:
    """Measure a model's predictions of each part, `test` or `cross_validation`, and return the rows of the plot tables.

    The out-of-fold scores calibrate both parts.
    """
    rows: dict[str, list[tuple[Any, ...]]] = {table: [] for table in TABLES}
    temperature = 1.0
    if "cross_validation" in parts:
        part = parts["cross_validation"]
        some = slice(None, None, math.ceil(len(part.y_true) / CALIBRATED_ON))
        temperature = calibration.fit_temperature(
            calibration.logits(part.scores[some], part.method), part.columns[some]
        )
        rows["figures"].append(("cross_validation", "temperature", ALL, temperature, None, None))
    for name, part in parts.items():
        part.temperature = temperature
        for table, (function, _) in TABLES.items():
            rows[table] += [(name, *row) for row in function(part)]
        y_chosen = models.predict(model, part.scores)
        if not np.array_equal(y_chosen, part.y_pred):  # by a threshold that was chosen on these scores: flattered
            flattered = dataclasses.replace(part, y_pred=y_chosen)
            found = metrics.measure(flattered)
            rows["figures"] += [("train", *row) for row in found if row[0] in CHOSEN_BY and row[1] == ALL]
    rows["figures"].append(("train", "accuracy", ALL, model.train_accuracy_, None, None))
    if len(model.classes_) == 2:
        rows["figures"].append(("train", "threshold", ALL, models.threshold(model), None, None))
    return rows


def main() -> None:
    """Load, score, measure, write."""
    name = cli.block_name(__doc__, "experiments", "two-logreg")
    images, labels = paths.split(parameters.load().block(Experiment, name).split, "test"), paths.labels(name, "test")
    model = persistence.load(paths.model(name))
    rows = parquet.read_labels(images, labels)
    y_test, row = rows.y, rows.row
    out_of_fold = parquet.read(paths.out_of_fold(name), OUT_OF_FOLD)
    of_train = {name: tables.column(out_of_fold, name) for name in out_of_fold.column_names}
    y_train = of_train["label"]
    is_detector = b"positive" in (parquet.schema(labels, LABELS).metadata or {})
    info = parquet.image_info(images)
    names = None if is_detector else info.names
    if unknown := np.setdiff1d(y_test, model.classes_).tolist():
        lacking = names[unknown[0]] if names else f"the label {unknown[0]}"
        remedy = "use a split, or a mix, whose training part has some"
        raise PipelineError(f"{name} was trained on no image of {lacking}, which the test part has; {remedy}")

    with parallel.parallel_backend(model):
        scores = np.concatenate([models.score(model, pixels) for pixels in parquet.pixels(images, rows.at)])
    y_pred = models.predict(model, scores)
    of_classes = [names[i] if names else str(i) for i in model.classes_]
    part = partial(Part, method=models.method(model), classes=model.classes_, names=of_classes, y_train=y_train)
    part = partial(part, group_names=info.group_names or ())
    parts = {"test": part(y_test, y_pred, scores, group=rows.group, is_ordered=bool((row[1:] > row[:-1]).all()))}
    if "fold" in of_train:
        found = (of_train["prediction"], tables.scores(out_of_fold))
        parts["cross_validation"] = part(y_train, *found, fold=of_train["fold"], group=of_train.get("group"))
    measured = evaluate(parts, model)

    columns = {"row": row, "group": rows.group, "label": y_test, "prediction": y_pred}
    columns |= tables.score_columns(scores, model.classes_, models.method(model))
    parquet.write(paths.predictions(name), tables.table(columns))
    for table, (_, header) in TABLES.items():
        files.write_csv(paths.plots(name) / f"{table}.csv", header, measured[table])
    files.write_json(paths.metrics(name), metrics.summarize(measured["figures"]))


if __name__ == "__main__":
    cli.run(main)
