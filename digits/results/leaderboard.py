"""The rows of the leaderboard, which `digits leaderboard` prints and the report shows."""

from dataclasses import dataclass

from digits.core import paths
from digits.core.errors import UserError
from digits.core.params import Params
from digits.evaluation.metrics import OVERALL
from digits.results.differences import compare_models
from digits.results.formatting import NO_VALUE, format_metric
from digits.results.read import read_metrics, read_metrics_table

import pandas as pd

# The heading of each column of metrics, by the key of metrics/<model>.json.
HEADINGS = {"cv_accuracy": "CV\naccuracy", "accuracy": "test\naccuracy"}

# The headings of the columns to the right of the metrics.
ERRORS_HEADING = "test\nerrors"
INTERVAL_HEADING = "95 % interval\nof test accuracy"

BASELINE = "majority-class baseline"

# The marks in the rows, and what they mean.
INSIGNIFICANT = "~"
RANGE = "*"
LEGENDS = {
    INSIGNIFICANT: "no significant difference from the best model of the task (p >= 0.01)",
    RANGE: "range over the groups of test images: too few groups for an interval",
}
NOT_CROSS_VALIDATED = f"{NO_VALUE} not cross-validated: listed below the models that are"


@dataclass(frozen=True)
class Row:
    """A row of the leaderboard: a model, or the majority-class baseline of a task.

    Attributes:
        name: the name of the model, or BASELINE.
        mark: INSIGNIFICANT if there is no significant difference from the best model of the
            task. Otherwise it is empty.
        metrics: the text of the metric below each heading of HEADINGS.
        n_errors: the number of test images that are predicted as a wrong label.
        interval: the 95 % confidence interval of the test accuracy as a text, or the range
            over the groups, which ends with RANGE.
    """

    name: str
    mark: str
    metrics: list[str]
    n_errors: int
    interval: str


def rank_models(settings: Params, task_name: str) -> list[str]:
    """Return the evaluated models of a task, the highest cross-validated accuracy first.

    Models without cross-validation come last.
    """
    models_of_task = []
    for name, model_params in settings.models.items():
        if model_params.task == task_name and paths.metrics(name).exists():
            models_of_task.append(name)

    def cv_accuracy(name: str) -> float:
        return read_metrics(name).get("cv_accuracy", 0)

    return sorted(models_of_task, key=cv_accuracy, reverse=True)


def make_rows(ranked: list[str], shown: list[str]) -> list[Row]:
    """Return the rows of some models of a task, and of the baseline.

    Args:
        ranked: all evaluated models of the task, best first.
        shown: the models to return rows of. Models of other tasks are ignored.

    Raises:
        UserError: a file is missing or damaged.
    """
    rows: list[Row] = []
    if not ranked:
        return rows
    best = ranked[0]
    for name in ranked:
        if name not in shown:
            continue
        mark = ""
        if name != best and is_difference_insignificant(best, name):
            mark = INSIGNIFICANT
        table = read_metrics_table(name)
        summary = read_metrics(name)
        row = Row(
            name=name,
            mark=mark,
            metrics=[format_metric(summary.get(key)) for key in HEADINGS],
            n_errors=count_errors(table, summary["accuracy"]),
            interval=format_accuracy_interval(table),
        )
        rows.append(row)
    if rows:
        rows.append(make_baseline_row(best))
    return rows


def make_baseline_row(model_name: str) -> Row:
    """Return the row of the majority-class baseline.

    The baseline predicts the most frequent label of the training set for every image.

    Args:
        model_name: any model of the task.
    """
    accuracy = read_metrics(model_name)["baseline"]
    return Row(
        name=BASELINE,
        mark="",
        metrics=[format_metric({"accuracy": accuracy}.get(key)) for key in HEADINGS],
        n_errors=count_errors(read_metrics_table(model_name), accuracy),
        interval=NO_VALUE,
    )


def is_difference_insignificant(first: str, second: str) -> bool:
    """Return whether there is no significant difference between two models.

    It is False if there are too few groups for a test, or if the predictions cannot be
    compared, for example because they are missing.
    """
    try:
        difference = compare_models(first, second)
    except UserError:
        return False
    return difference.test is not None and not difference.is_significant


def count_errors(metrics_table: pd.DataFrame, accuracy: float) -> int:
    """Return how many test images are misclassified at an accuracy.

    Args:
        metrics_table: the metrics of a model, which have the number of images of each class.
        accuracy: the accuracy, 0 to 1.
    """
    images_of_class = select_values(metrics_table, "support")["value"]
    return round((1 - accuracy) * images_of_class.sum())


def format_accuracy_interval(metrics_table: pd.DataFrame) -> str:
    """Return the 95 % confidence interval of the test accuracy, such as `0.9935 to 0.9963`.

    Returns:
        If there is no interval because there are few groups, the lowest and the highest
        accuracy of a group, followed by RANGE.
    """
    accuracies = select_values(metrics_table, "accuracy")
    low = accuracies["low"][OVERALL]
    high = accuracies["high"][OVERALL]
    if pd.notna(low):
        return f"{low:.4f} to {high:.4f}"
    accuracies_of_groups = accuracies["value"].filter(like="group ")
    if accuracies_of_groups.empty:
        return NO_VALUE
    low = accuracies_of_groups.min()
    high = accuracies_of_groups.max()
    return f"{low:.4f} to {high:.4f}{RANGE}"


def select_values(metrics_table: pd.DataFrame, metric: str) -> pd.DataFrame:
    """Return the values of a metric on the test set, and their intervals, by slice."""
    table = metrics_table.reset_index()
    is_selected = (table["subset"] == "test") & (table["metric"] == metric)
    return table[is_selected].set_index("slice")


def used_legends(rows: list[Row]) -> list[str]:
    """Return the legends of the marks that occur in some rows."""
    used_marks = {row.mark for row in rows} | {row.interval[-1] for row in rows}
    legends = [f"{mark} {text}" for mark, text in LEGENDS.items() if mark in used_marks]
    cv_column = list(HEADINGS).index("cv_accuracy")
    cv_of_models = [row.metrics[cv_column] for row in rows if row.name != BASELINE]
    if NO_VALUE in cv_of_models:
        legends.append(NOT_CROSS_VALIDATED)
    return legends
