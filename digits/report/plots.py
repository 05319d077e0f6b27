"""What an experiment's plot tables hold: its confusion matrices, charts and thresholds."""

from typing import NamedTuple

from digits.io import paths
from digits.report import figures
from digits.report.content import Dataset
from digits.results.measured import Figures

import numpy as np
import pandas as pd

RECALLS = [0.5, 0.8, 0.9, 0.95, 0.99, 0.999]  # whose thresholds are listed


class Matrix(NamedTuple):
    """A confusion matrix: the names of its labels, the counts of each row, and the largest count of a mistake."""

    labels: list[str]
    counts: list[list[int]]
    largest: int

    @classmethod
    def of(cls, table: pd.DataFrame, names: list[str]) -> "Matrix":
        """Return the matrix of a part's rows of confusion.csv, in which labels are numbers."""
        counts = table.pivot_table("count", "actual", "predicted")
        mistakes = counts.to_numpy() * (1 - np.eye(len(counts)))
        return cls([names[label] for label in counts.index], counts.astype(int).to_numpy().tolist(), mistakes.max())


class Plots(NamedTuple):
    """What comes from plot tables.

    Attributes:
        classes: the names of those that have images, by the texts that stand for them in the tables.
        matrices: of each part, `test`, and `cross_validation` where there are folds.
        charts: SVG elements by name.
        thresholds: those of a detector that give `RECALLS`, each with its recall and its precision.
    """

    classes: dict[str, str]
    matrices: dict[str, Matrix]
    charts: dict[str, str]
    thresholds: list[tuple[float, float, float]]


def read_plots(name: str, measured: Figures, names: list[str], dataset: Dataset, *, is_detector: bool) -> Plots:
    """Read the plot tables of an experiment.

    Args:
        name: of the experiment.
        measured: its figures.
        names: of the labels, as `wording.label_names` has them.
        dataset: that it is about.
        is_detector: its task has positive classes.
    """
    folder = paths.plots(name)
    # In these tables a label is a number, or its class's own name; a class may be called null.
    texts = [str(label) for label in range(len(names))] if is_detector else dataset.names
    labels = {"actual": str, "predicted": str}
    confusion = pd.read_csv(folder / "confusion.csv", keep_default_na=False, dtype=labels)
    confusion[[*labels]] = confusion[[*labels]].map(texts.index)
    matrices = {str(part): Matrix.of(rows, names) for part, rows in confusion.groupby("part", sort=False)}
    found = {text for _, figure, text in measured if figure == "count"}
    classes = {text: label for text, label in zip(texts, names, strict=False) if text in found}
    charts = {"reliability": figures.reliability(pd.read_csv(folder / "reliability.csv"))}
    if not is_detector:
        charts["recall"] = figures.recall(measured, classes, dataset.noun)
        return Plots(classes, matrices, charts, [])
    threshold = measured.get(("train", "threshold", "all"))
    called = "its threshold" if threshold is None else f"threshold {number(threshold)}"
    tables = {kind: pd.read_csv(folder / f"{kind}.csv") for kind in figures.CURVES}
    charts |= {kind: figures.curves(table, kind, measured, called) for kind, table in tables.items()}
    return Plots(classes, matrices, charts, _thresholds(tables["precision_recall"]))


def _thresholds(curve: pd.DataFrame) -> list[tuple[float, float, float]]:
    """Return the out-of-fold points of the curve with the best precision at a recall of so much or more."""
    curve = curve[curve["part"] == "cross_validation"]
    points = [curve[curve["recall"] >= least] for least in RECALLS]
    best = curve.loc[list(dict.fromkeys(rows["precision"].idxmax() for rows in points if len(rows)))]
    return list(best[["threshold", "recall", "precision"]].itertuples(index=False, name=None))


def number(value: float) -> str:
    """Return a threshold with four digits or all before the point, thousands apart."""
    text = f"{value:,.0f}".replace(",", "\N{NO-BREAK SPACE}") if abs(value) >= 1000 else f"{value:.4g}"
    return text.replace("-", "\N{MINUS SIGN}")
