"""Read the plot tables of a model: its confusion matrices and the data of its charts."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from digits.core import paths
from digits.report.metrics import ModelMetrics

import numpy as np
import pandas as pd

# The names in the report of the two subsets of the metrics and plot tables.
SUBSET_NAMES = {"test": "test set", "cross_validation": "cross-validation"}

CURVES = ["roc", "precision_recall"]

# The recalls for which the report lists thresholds.
RECALLS = [0.5, 0.8, 0.9, 0.95, 0.99, 0.999]


@dataclass(frozen=True)
class ConfusionMatrix:
    """A confusion matrix.

    Attributes:
        labels: the names of the labels.
        counts: the number of images, by actual and by predicted label.
        max_mistakes: the largest number outside the diagonal.
    """

    labels: list[str]
    counts: list[list[int]]
    max_mistakes: int


@dataclass(frozen=True)
class Plots:
    """The plot tables of a model.

    Attributes:
        class_names: the name of each class that has images, by its name in the tables. In the
            tables of a task with positive classes, these names are 0 and 1.
        matrices: the confusion matrices, by subset.
        tables: the rows of the table of each chart, by the name of the chart in .dvc/plots.
            The first row is the header. All values are text, except for operating points.
        thresholds: rows of a threshold, its recall and its precision in cross-validation.
    """

    class_names: dict[str, str]
    matrices: dict[str, ConfusionMatrix]
    tables: dict[str, list[list[str | float]]]
    thresholds: list[list[float]]


def read_plots(
    model_name: str, metrics: ModelMetrics, label_names: Sequence[str], *, has_positive: bool
) -> Plots:
    """Read the plot tables of a model.

    Args:
        model_name: the name of the model.
        metrics: its metrics.
        label_names: the names of its labels, by their number.
        has_positive: whether its task has positive classes.
    """
    folder = paths.plots(model_name)
    confusion = read_csv(folder / "confusion.csv")
    names = {name: name for name in confusion["actual"].unique()}  # by name in the tables
    if has_positive:
        names = {"0": label_names[0], "1": label_names[1]}
    matrices = {}
    for subset, rows in confusion.groupby("subset", sort=False):
        matrices[str(subset)] = make_confusion_matrix(list(names.values()), rows)

    charts = {curve: read_csv(folder / f"{curve}.csv") for curve in CURVES}
    thresholds: list[list[float]] = []
    if has_positive:
        thresholds = list_thresholds(charts["precision_recall"])
        for curve in CURVES:
            with_points = add_operating_points(charts[curve], metrics)
            charts[curve] = with_points.replace({"class": names})
    else:
        charts["by_class"] = read_csv(folder / "metrics.csv")
    is_calibrated = metrics.value("cross_validation", "temperature") is not None
    if is_calibrated:
        charts["reliability"] = read_csv(folder / "reliability.csv")

    tables = {}
    for chart, table in charts.items():
        tables[chart] = [list(table.columns), *table.to_numpy().tolist()]
    counted = {name for _, metric, name in metrics.values if metric == "support"}
    class_names = {key: name for key, name in names.items() if key in counted}
    return Plots(class_names, matrices, tables, thresholds)


def read_csv(path: Path) -> pd.DataFrame:
    """Read a table with all values as text, because a class could be called `null`."""
    return pd.read_csv(path, dtype=str, keep_default_na=False)


def make_confusion_matrix(labels: list[str], rows: pd.DataFrame) -> ConfusionMatrix:
    """Return the confusion matrix in some rows of confusion.csv."""
    counts = rows["count"].astype(int).to_numpy().reshape(len(labels), -1)
    is_mistake = ~np.eye(len(labels), dtype=bool)
    return ConfusionMatrix(labels, counts.tolist(), int(counts[is_mistake].max()))


def add_operating_points(curve: pd.DataFrame, metrics: ModelMetrics) -> pd.DataFrame:
    """Add the operating point of a model, which its threshold determines, to a curve.

    Args:
        curve: the table of a ROC curve or a precision-recall curve of two labels.
        metrics: the metrics of the model.

    Returns:
        The curve with a column `operating`, which is 1 in the added rows and empty in all
        others. A row is added for each subset that has images of both labels.
    """
    points = []
    for subset in SUBSET_NAMES:
        specificity = metrics.value(subset, "recall", "0")
        recall = metrics.value(subset, "recall", "1")
        if specificity is None or recall is None:
            continue
        point = {
            "subset": subset,
            "class": "1",
            "false_positive_rate": 1 - specificity,
            "true_positive_rate": recall,
            "recall": recall,
            "precision": metrics.value(subset, "precision", "1"),
            "threshold": metrics.value("train", "threshold"),
            "operating": 1,
        }
        points.append(point)
    columns = [*curve.columns, "operating"]
    with_points = pd.concat([curve, pd.DataFrame(points, columns=columns)])
    return with_points.astype(object).fillna("")


def list_thresholds(curve: pd.DataFrame) -> list[list[float]]:
    """Return the thresholds that reach the recalls of RECALLS in cross-validation.

    Args:
        curve: the table of a precision-recall curve of two labels.

    Returns:
        Rows of a threshold, its recall and its precision: for each of RECALLS, the one with the
        best precision.
    """
    is_cross_validated = curve["subset"] == "cross_validation"
    columns = ["threshold", "recall", "precision"]
    points = curve.loc[is_cross_validated, columns].astype(float)
    best_points = []
    for recall in RECALLS:
        reached = points[points["recall"] >= recall]
        if not reached.empty:
            best_points.append(reached["precision"].idxmax())
    different_points = list(dict.fromkeys(best_points))
    return points.loc[different_points].to_numpy().tolist()
