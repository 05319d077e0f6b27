"""What an experiment's plot tables hold: its confusion matrices, charts and thresholds."""

from typing import Any

from digits.io import paths
from digits.report import figures
from digits.report.content import Dataset
from digits.results.measured import Figures, intervals, reading

import numpy as np
import pandas as pd

RECALLS = [0.5, 0.8, 0.9, 0.95, 0.99, 0.999]  # whose thresholds are listed


def read_plots(
    name: str, measured: Figures, names: list[str], dataset: Dataset, *, is_detector: bool
) -> dict[str, Any]:
    """Read the plot tables of an experiment.

    Args:
        name: of the experiment.
        measured: its figures.
        names: of the labels, as `wording.label_names` has them.
        dataset: that it is about.
        is_detector: its task has positive classes.

    Returns:
        `classes`: the names of those that have images, by the texts that stand for them in the tables; `matrices`: of
        each part; `charts`: SVG elements by name; `thresholds`: those of a detector that give `RECALLS`.
    """
    folder = paths.plots(name)
    with reading(name, folder):
        # A class may be called null.
        confusion = pd.read_csv(folder / "confusion.csv", keep_default_na=False, dtype={"actual": str})
        texts = confusion["actual"].unique().tolist()
        # In these tables the classes of a detector are 0 and 1; others have their own names.
        named = dict(zip(texts, names if is_detector else texts, strict=True))
        matrices = {
            part: _matrix(list(named.values()), rows["count"]) for part, rows in confusion.groupby("part", sort=False)
        }
        classes = {
            text: label for text, label in named.items() if any((part, "count", text) in measured for part in matrices)
        }
        charts = {"reliability": figures.reliability(pd.read_csv(folder / "reliability.csv"))}
        thresholds = []
        if is_detector:
            threshold = measured.get(("train", "threshold", "all"))
            called = "its threshold" if threshold is None else f"threshold {number(threshold)}"
            curves = {kind: pd.read_csv(folder / f"{kind}.csv") for kind in figures.CURVES}
            charts |= {kind: figures.curves(curve, kind, measured, called) for kind, curve in curves.items()}
            thresholds = _thresholds(curves["precision_recall"])
        else:
            charts["recall"] = figures.recall(measured, intervals(name), classes, dataset.noun)
    return {"classes": classes, "matrices": matrices, "charts": charts, "thresholds": thresholds}


def _matrix(labels: list[str], counts: pd.Series) -> dict[str, Any]:
    """Return a confusion matrix: its labels, the counts of each row, and the largest count of a mistake."""
    matrix = counts.to_numpy().reshape(len(labels), -1)
    mistakes = matrix * (1 - np.eye(len(labels)))
    return {"labels": labels, "counts": matrix.tolist(), "largest": mistakes.max()}


def _thresholds(curve: pd.DataFrame) -> list[tuple[float, float, float]]:
    """Return (threshold, recall, precision) of the best precision out of fold at a recall of so much or more."""
    curve = curve[curve["part"] == "cross_validation"]
    points = [curve[curve["recall"] >= least] for least in RECALLS]
    best = curve.loc[list(dict.fromkeys(rows["precision"].idxmax() for rows in points if len(rows)))]
    return list(best[["threshold", "recall", "precision"]].itertuples(index=False, name=None))


def number(value: float) -> str:
    """Return a threshold with four digits or all before the point, thousands apart."""
    text = f"{value:,.0f}".replace(",", "\N{NO-BREAK SPACE}") if abs(value) >= 1000 else f"{value:.4g}"
    return text.replace("-", "\N{MINUS SIGN}")
