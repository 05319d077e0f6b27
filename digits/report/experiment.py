"""What the report's page says of an experiment, on the test part and out of fold."""

import hashlib
from typing import Any

from digits.io import parquet, paths, tables
from digits.io.files import DECIMALS
from digits.report import confused, figures
from digits.report.board import Errors
from digits.results import measured as results
from digits.results import wording
from digits.results.measured import Figures
from digits.results.predictions import read_predictions
from digits.support.errors import PipelineError
from digits.support.parameters import Experiment

import pandas as pd
import yaml

MEASURED = {  # what each figure is called, in the order of the table
    "accuracy": "accuracy",
    "precision": "precision",
    "recall": "recall",
    "f1": "F1",
    "roc_auc": "area under the ROC curve",
    "average_precision": "average precision",
    "log_loss": "log loss",
    "calibration_error": "calibration error",
}
RECALLS = [0.5, 0.8, 0.9, 0.95, 0.99, 0.999]  # whose thresholds are listed


def describe(name: str, experiment: Experiment, dataset: dict[str, Any]) -> dict[str, Any]:
    """Return what the page says of an experiment, from its block of params.yaml and its files.

    Args:
        name: its key in params.yaml.
        experiment: its block.
        dataset: as `content.describe_dataset` returns it.

    Raises:
        PipelineError: a file is missing or damaged, or they are not of the same run.
    """
    again = f"`dvc repro --force evaluate@{name}` makes them again"
    predictions = read_predictions(name, len(dataset["classes"]))
    positive = tables.metadata(predictions.schema).get("positive")
    own_names = parquet.class_names(paths.raw(dataset["name"]))
    names = wording.class_names(experiment.task, positive, own_names)
    result, measured = results.read(name), results.figures(name)
    y_true, y_pred = (tables.column(predictions, key) for key in ("label", "prediction"))
    if abs((y_true == y_pred).mean() - result.accuracy) > 10**-DECIMALS:
        raise PipelineError(f"{paths.predictions(name)} and {paths.metrics(name)} are not of the same run; {again}")
    try:
        plots = _plots(name, measured, names, positive is not None, None if positive else own_names)
    except (ValueError, LookupError, TypeError, NameError, RecursionError) as error:  # edited or merged by hand
        raise PipelineError(f"the plots of {name} are damaged ({error}); {again}") from None
    has_folds = "cross_validation" in plots["parts"] and paths.out_of_fold(name).exists()
    out_of_fold = read_predictions(name, len(dataset["classes"]), "train") if has_folds else None
    rule = experiment.hyperparameters.get("threshold")
    temperature = measured.get(("cross_validation", "temperature", "all"))
    return {
        "name": name,
        "block": experiment,
        "rank": result.rank(experiment),
        "task": f"{experiment.task} on {experiment.split}",
        "errors": Errors.of(result, len(y_true)),
        "cells": result.cells(len(y_true)),
        "train_accuracy": measured["train", "accuracy", "all"],
        "calibrated": temperature is not None,
        "parameters": yaml.safe_dump(experiment.model_dump(exclude={"description", "tutorial"}), sort_keys=False),
        "rule": rule if isinstance(rule, dict) else {},
        "dataset": dataset["name"],
        "positive": tables.integers(positive) if positive else None,
        "wrong": int((y_true != y_pred).sum()),
        "tested": len(y_true),
        "pairs": confused.pairs(predictions, out_of_fold, dataset, names),
        "mistakes": confused.gallery(predictions, dataset, names, temperature),
        "digests": {
            path: hashlib.md5(path.read_bytes(), usedforsecurity=False).hexdigest()
            for path in (paths.model(name), paths.predictions(name), paths.metrics(name))
            if path.is_file()  # a table in several files has none of its own
        },
        **plots,
    }


def _plots(
    name: str, measured: Figures, names: list[str], is_detector: bool, own_names: list[str] | None
) -> dict[str, Any]:
    """Return what comes from an experiment's plot tables: its parts, measures, matrices, charts and thresholds."""
    folder = paths.plots(name)
    texts = {"actual": str, "predicted": str} if own_names else None
    confusion = pd.read_csv(folder / "confusion.csv", keep_default_na=False, dtype=texts)  # a class may be called null
    if own_names:  # which stand in the tables, in the place of labels
        labels = {own: label for label, own in enumerate(own_names)}
        for column in ("actual", "predicted"):
            confusion[column] = confusion[column].map(labels)
        measured = {(part, figure, str(labels.get(of, of))): value for (part, figure, of), value in measured.items()}
    parts = list(dict.fromkeys(confusion["part"]))
    reliability = figures.reliability(pd.read_csv(folder / "reliability.csv"))
    charts, thresholds, threshold = {}, [], measured.get(("train", "threshold", "all"))
    folds = [value for (_, figure, of), value in measured.items() if figure == "accuracy" and of.startswith("fold")]
    by_class = ("count", "precision", "recall", "f1")
    classes = sorted({int(of) for _, figure, of in measured if figure == "count"})
    if is_detector:
        roc, precision_recall = (pd.read_csv(folder / f"{kind}.csv") for kind in ("roc", "precision_recall"))
        points = {part: _operating_point(confusion[confusion["part"] == part]) for part in parts}
        named = f"threshold {number(threshold)}" if threshold is not None else "its threshold"
        for key, table, x, y in (
            ("roc", roc, "false_positive_rate", "true_positive_rate"),
            ("precision_recall", precision_recall, "recall", "precision"),
        ):
            of_parts = {part: (point[x], point[y]) for part, point in points.items() if {x, y} <= {*point}}
            charts[key] = figures.curves(table, (x, y), of_parts, named)
        thresholds = _thresholds(precision_recall[precision_recall["part"] == "cross_validation"])
    else:
        charts["recall"] = figures.recall(
            {
                part: {
                    names[label]: (measured[part, "recall", str(label)], int(measured[part, "count", str(label)]))
                    for label in classes
                    if (part, "recall", str(label)) in measured
                }
                for part in parts
            }
        )
    return {
        "parts": parts,
        "charts": charts | {"reliability": reliability},
        "threshold": None if threshold is None else number(threshold),
        "thresholds": thresholds,
        "folds": folds,
        "cv_mean": measured.get(("cross_validation", "accuracy_mean", "all")),
        "cv_std": measured.get(("cross_validation", "accuracy_std", "all")),
        "measures": [
            (heading, [measured.get((part, figure, "all")) for part in parts])
            for figure, heading in MEASURED.items()
            if any((part, figure, "all") in measured for part in parts)
        ],
        "classes": [
            {
                "name": names[label],
                "parts": [{figure: measured.get((part, figure, str(label))) for figure in by_class} for part in parts],
            }
            for label in classes
        ],
        "matrices": [_matrix(confusion[confusion["part"] == part], names) for part in parts],
    }


def _matrix(table: pd.DataFrame, names: list[str]) -> dict[str, Any]:
    """Return a confusion matrix: `labels`, and `rows` with the `count` and the `shade` of each cell.

    The shade is the cell's share of the largest mistake, 0 to 1; the diagonal, which is right, has None.
    """
    mistakes = table[table["actual"] != table["predicted"]]["count"]
    largest = max(1, mistakes.max())
    labels = sorted(int(label) for label in table["actual"].unique())
    counts = table.set_index(["actual", "predicted"])["count"]
    return {
        "labels": [names[label] for label in labels],
        "rows": [
            [
                {
                    "count": int(counts[actual, predicted]),
                    "shade": None if actual == predicted else round(counts[actual, predicted] / largest, 2),
                }
                for predicted in labels
            ]
            for actual in labels
        ],
    }


def _operating_point(confusion: pd.DataFrame) -> dict[str, float]:
    """Return where a detector stands on its curves; a rate that no image defines is left out."""
    counts = confusion.set_index(["actual", "predicted"])["count"]
    (true_negative, false_positive), (false_negative, true_positive) = counts.sort_index().to_numpy().reshape(2, 2)
    rates = {
        "false_positive_rate": (false_positive, true_negative),
        "true_positive_rate": (true_positive, false_negative),
        "recall": (true_positive, false_negative),
        "precision": (true_positive, false_positive),
    }
    return {name: float(part / (part + rest)) for name, (part, rest) in rates.items() if part + rest}


def _thresholds(curve: pd.DataFrame) -> list[dict[str, Any]]:
    """Return the points of a precision-recall curve that have the best precision with a recall of so much or more."""
    points = [curve[curve["recall"] >= least] for least in RECALLS]
    best = curve.loc[list(dict.fromkeys(rows["precision"].idxmax() for rows in points if len(rows)))]
    columns = (best[name].tolist() for name in ("threshold", "recall", "precision"))
    return [
        {"threshold": number(threshold), "recall": recall, "precision": precision}
        for threshold, recall, precision in zip(*columns, strict=True)
    ]


def number(value: float) -> str:
    """Return a threshold with four digits or all before the point, thousands apart."""
    text = f"{value:,.0f}".replace(",", "\N{NO-BREAK SPACE}") if abs(value) >= 1000 else f"{value:.4g}"
    return text.replace("-", "\N{MINUS SIGN}")
