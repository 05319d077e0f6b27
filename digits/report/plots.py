"""What an experiment's plot tables hold: its confusion matrices, the tables of its charts, and its thresholds."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from digits.core import paths
from digits.evaluation.metrics import ALL

import numpy as np
import pandas as pd

PARTS = {"test": "test part", "cross_validation": "out of fold"}
CURVES = ["roc", "precision_recall"]
RECALLS = [0.5, 0.8, 0.9, 0.95, 0.99, 0.999]  # whose thresholds are listed

Key = tuple[str, str, str]  # a figure's part, name, and what it is of: a class, a fold, or all


def read_plots(name: str, figures: Mapping[Key, float], names: Sequence[str], *, is_detector: bool) -> dict[str, Any]:
    """Read the plot tables of an experiment, which has these figures, and names of labels (`wording.label_names`).

    Return `classes`, the names of those that have images, by the texts that stand for them in the tables; `matrices` of
    each part; `tables` by the charts' definitions in .dvc/plots; `thresholds` of a detector that give `RECALLS`.
    """
    folder = paths.plots(name)
    confusion = read_csv(folder / "confusion.csv")
    texts = confusion["actual"].unique()
    named = dict(zip(texts, names if is_detector else texts, strict=True))  # a detector's classes are 0 and 1 in there
    matrices = {part: matrix([*named.values()], rows) for part, rows in confusion.groupby("part", sort=False)}
    tables = {kind: read_csv(folder / f"{kind}.csv") for kind in CURVES}
    if ("cross_validation", "temperature", ALL) in figures:  # else its probabilities mean little
        tables["reliability"] = read_csv(folder / "reliability.csv")
    thresholds = []
    if is_detector:
        thresholds = list_thresholds(tables["precision_recall"])
        for kind in CURVES:
            tables[kind] = add_operating_points(tables[kind], figures, is_roc=kind == "roc").replace({"class": named})
    else:
        tables["by_class"] = read_csv(folder / "figures.csv")
    counted = {of for _, figure, of in figures if figure == "count"}
    return {
        "classes": {text: label for text, label in named.items() if text in counted},
        "matrices": matrices,
        "tables": {kind: [list(table), *table.to_numpy().tolist()] for kind, table in tables.items()},
        "thresholds": thresholds,
    }


def read_csv(path: Path) -> pd.DataFrame:
    """Read a table as texts; a class may be called `null`."""
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def matrix(labels: list[str], rows: pd.DataFrame) -> dict[str, Any]:
    """Return a confusion matrix: its labels, the counts of each row, and the largest count of a mistake."""
    counts = rows["count"].astype(int).to_numpy().reshape(len(labels), -1)
    return {"labels": labels, "counts": counts.tolist(), "largest": (counts * (1 - np.eye(len(labels)))).max()}


def add_operating_points(curve: pd.DataFrame, figures: Mapping[Key, float], *, is_roc: bool) -> pd.DataFrame:
    """Return a detector's curve with the point at which it works, for each part with both classes.

    A last column, `operating`, says that it is such a point; no other row has it.
    """
    threshold = figures.get(("train", "threshold", ALL), "")
    rows = []
    for part in PARTS:
        if {(part, "recall", "0"), (part, "recall", "1")} <= figures.keys():
            recall = figures[part, "recall", "1"]
            point = (1 - figures[part, "recall", "0"], recall) if is_roc else (recall, figures[part, "precision", "1"])
            rows.append([part, "1", *point, threshold, 1])
    return pd.concat([curve, pd.DataFrame(rows, columns=[*curve.columns, "operating"])]).astype(object).fillna("")


def list_thresholds(curve: pd.DataFrame) -> list[list[float]]:
    """Return threshold, recall and precision of the best precision out of fold at a recall of so much or more."""
    of_folds = curve.loc[curve["part"] == "cross_validation", ["threshold", "recall", "precision"]].astype(float)
    reaching = [of_folds[of_folds["recall"] >= least] for least in RECALLS]
    best = dict.fromkeys(each["precision"].idxmax() for each in reaching if len(each))
    return of_folds.loc[list(best)].to_numpy().tolist()


def spaced(count: float) -> str:
    """Return a whole number, thousands apart."""
    return f"{count:,.0f}".replace(",", "\N{NO-BREAK SPACE}")


def number(value: float) -> str:
    """Return a threshold with four digits or all before the point, thousands apart."""
    text = spaced(value) if abs(value) >= 1000 else f"{value:.4g}"
    return text.replace("-", "\N{MINUS SIGN}")
