"""What an experiment's plot tables hold: its confusion matrices, the tables of its charts, and its thresholds."""

import csv
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from digits.io import paths
from digits.results.measured import Figures, reading

import numpy as np

PARTS = {"test": "test part", "cross_validation": "out of fold"}
CURVES = ["roc", "precision_recall"]
RECALLS = [0.5, 0.8, 0.9, 0.95, 0.99, 0.999]  # whose thresholds are listed

Rows = list[list[Any]]  # of a table, its header first


def read_plots(name: str, measured: Figures, names: list[str], *, is_detector: bool) -> dict[str, Any]:
    """Read the plot tables of an experiment.

    Args:
        name: of the experiment.
        measured: its figures.
        names: of the labels, as `wording.label_names` has them.
        is_detector: its task has positive classes.

    Returns:
        `classes`: the names of those that have images, by the texts that stand for them in the tables; `matrices`: of
        each part; `tables`: of each chart, by the name of its definition in .dvc/plots; `thresholds`: those of a
        detector that give `RECALLS`.
    """
    folder = paths.plots(name)
    with reading(name, folder):
        _, *confusion = _read(folder / "confusion.csv")
        texts = list(dict.fromkeys(actual for _, actual, *_ in confusion))
        # In these tables the classes of a detector are 0 and 1; others have their own names.
        named = dict(zip(texts, names if is_detector else texts, strict=True))
        matrices = {
            part: _matrix(
                list(named.values()), [int(count) for of_part, _, _, count, _ in confusion if of_part == part]
            )
            for part in dict.fromkeys(part for part, *_ in confusion)
        }
        classes = {
            text: label for text, label in named.items() if any((part, "count", text) in measured for part in matrices)
        }
        tables = {kind: _read(folder / f"{kind}.csv") for kind in [*CURVES, "reliability"]}
        thresholds = []
        if is_detector:
            thresholds = _thresholds(tables["precision_recall"])
            for kind in CURVES:
                header, *rows = [*tables[kind], *_operating_points(measured, is_roc=kind == "roc")]
                tables[kind] = [[*header, "operating"], *([part, named[of], *rest] for part, of, *rest in rows)]
        else:
            tables["by_class"] = _read(folder / "figures.csv")
    return {"classes": classes, "matrices": matrices, "tables": tables, "thresholds": thresholds}


def _read(path: Path) -> Rows:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.reader(file))


def _matrix(labels: list[str], counts: list[int]) -> dict[str, Any]:
    """Return a confusion matrix: its labels, the counts of each row, and the largest count of a mistake."""
    matrix = np.reshape(counts, (len(labels), -1))
    mistakes = matrix * (1 - np.eye(len(labels)))
    return {"labels": labels, "counts": matrix.tolist(), "largest": mistakes.max()}


def _operating_points(measured: Figures, *, is_roc: bool) -> Iterator[list[Any]]:
    """Yield the point of a detector's curve at which it works, as a row of its table, for each part with both classes.

    A last value says that it is such a point; no other row has it.
    """
    threshold = measured.get(("train", "threshold", "all"), "")
    for part in PARTS:
        if {(part, "recall", "0"), (part, "recall", "1")} <= measured.keys():
            found = measured[part, "recall", "1"]
            point = (1 - measured[part, "recall", "0"], found) if is_roc else (found, measured[part, "precision", "1"])
            yield [part, "1", *point, threshold, 1]


def _thresholds(curve: Rows) -> list[tuple[float, float, float]]:
    """Return (threshold, recall, precision) of the best precision out of fold at a recall of so much or more."""
    _, *rows = curve
    points = [
        (float(threshold), float(recall), float(precision))
        for part, _, recall, precision, threshold in rows
        if part == "cross_validation"
    ]
    reaching = [[point for point in points if point[1] >= least] for least in RECALLS]
    return list(dict.fromkeys(max(each, key=lambda point: point[2]) for each in reaching if each))


def spaced(count: float) -> str:
    """Return a whole number, thousands apart."""
    return f"{count:,.0f}".replace(",", "\N{NO-BREAK SPACE}")


def number(value: float) -> str:
    """Return a threshold with four digits or all before the point, thousands apart."""
    text = spaced(value) if abs(value) >= 1000 else f"{value:.4g}"
    return text.replace("-", "\N{MINUS SIGN}")
