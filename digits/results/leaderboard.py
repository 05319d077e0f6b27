"""The leaderboard, which `digits leaderboard` prints and the report shows."""

from collections.abc import Collection, Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from digits.core import paths, tables
from digits.messages.errors import UserError
from digits.results.descriptions import Column, list_columns
from digits.results.differences import Reader, compare_models
from digits.results.metrics import OVERALL, read_metrics, read_metrics_table
from digits.results.numbers import NO_VALUE, format_metric
from digits.settings.params import Params

COLUMNS = list_columns()  # the columns of metrics, by their metrics
LAST_HEADINGS = ["test\nerrors", "95 % interval\nof test accuracy"]

TEST_ACCURACY = ("test", "accuracy", OVERALL)  # its subset, metric and slice
MAX_RATIO = 2  # of the largest class to the smallest one; above it, classes are imbalanced

BASELINE = "majority-class baseline"
OUTDATED = "!"  # follows the name of a model
TIED = "~"  # follows the name of a model, too
RANGE = "*"  # precedes a range over groups


def make_leaderboard(
    settings: Params, model_names: Sequence[str], outdated_names: Collection[str] = ()
) -> pd.DataFrame:
    """Return the results of models.

    Args:
        settings: the content of params.yaml.
        model_names: the models to list.
        outdated_names: those whose results are not up to date.

    Returns:
        A table with one row per evaluated model, task by task, the best first. The last row of
        a task is the majority-class baseline, which predicts the most frequent training label
        for every image. The columns are

        - `task` and `model`.
        - the names of COLUMNS, NaN if the model does not have the metric. Some are NaN unless
          the classes of the task are imbalanced.
        - `n_errors`: the number of wrong predictions on the test set.
        - `low` and `high`: the ends of the 95 % confidence interval of the test accuracy.
        - `is_range`: whether these are the lowest and the highest accuracy of a group, because
          there is no interval.
        - `is_outdated`: whether the results are not up to date.
        - `is_tied`: whether there is no significant difference from the best model of the task.

    Raises:
        UserError: a file is missing or damaged.
    """
    rows = []
    for task_name in settings.tasks:
        ranked = rank_models(settings, task_name)
        shown = [name for name in ranked if name in model_names]
        read = cache(tables.read)  # the best model is compared with each of the others
        for name in shown:
            marks = {
                "is_outdated": name in outdated_names,
                "is_tied": name != ranked[0] and are_tied(ranked[0], name, read),
            }
            has_positive = settings.tasks[task_name].positive is not None
            row = read_model_row(name, has_positive=has_positive)
            rows.append({"task": task_name, **row, **marks})
        if shown:
            marks = {"is_outdated": shown[0] in outdated_names, "is_tied": False}
            rows.append({"task": task_name, **read_baseline_row(shown[0]), **marks})
    return pd.DataFrame(rows)


def rank_models(settings: Params, task_name: str) -> list[str]:
    """Return the evaluated models of a task, the highest cross-validated accuracy first.

    Models without cross-validation come last.
    """
    models = [name for name, model in settings.models.items() if model.task == task_name]
    evaluated = [name for name in models if paths.metrics(name).exists()]
    return sorted(
        evaluated, key=lambda name: read_metrics(name).get("cv_accuracy", 0), reverse=True
    )


def are_tied(best: str, name: str, read: Reader) -> bool:
    """Return whether there is no significant difference between two models.

    It is False if there are too few groups for a test, or if the predictions cannot be
    compared, for example because they are missing.
    """
    try:
        difference = compare_models(best, name, read, read)
    except UserError:
        return False
    return difference.is_significant is False  # and not None


def read_model_row(name: str, *, has_positive: bool) -> dict[str, Any]:
    """Return the metrics, the errors and the interval of a model."""
    table = read_metrics_table(name).sort_index()
    values = table["value"]
    low, high = table["low"][TEST_ACCURACY], table["high"][TEST_ACCURACY]
    accuracies_of_groups = values["test", "accuracy"].filter(like="group ")
    is_range = np.isnan(low) and len(accuracies_of_groups) > 0
    if is_range:
        low, high = accuracies_of_groups.min(), accuracies_of_groups.max()
    n_images = values.xs(("test", "support"))  # of each class
    are_imbalanced = not has_positive and n_images.max() > MAX_RATIO * n_images.min()
    metrics = {}
    for metric, column in COLUMNS.items():
        value = values.get((column.subset, metric, OVERALL), np.nan)
        is_shown = are_imbalanced or not column.only_if_imbalanced
        metrics[column.name] = value if is_shown else np.nan
    return {
        "model": name,
        **metrics,
        "n_errors": count_errors(values, values[TEST_ACCURACY]),
        "low": low,
        "high": high,
        "is_range": is_range,
    }


def read_baseline_row(name: str) -> dict[str, Any]:
    """Return the accuracy and the errors of the majority-class baseline of a model's task."""
    accuracy = read_metrics(name)["baseline"]
    n_errors = count_errors(read_metrics_table(name)["value"].sort_index(), accuracy)
    return {"model": BASELINE, "accuracy": accuracy, "n_errors": n_errors, "is_range": False}


def count_errors(values: pd.Series, accuracy: float) -> int:
    """Return the number of errors on the test set that an accuracy, 0 to 1, corresponds to.

    `values` are the metrics of a model, by subset, metric and slice.
    """
    return round((1 - accuracy) * values.xs(("test", "support")).sum())


def format_name(row: Mapping[Any, Any]) -> str:
    """Return the name of a model with its marks."""
    words = [row["model"]]
    if row["is_outdated"]:
        words.append(OUTDATED)
    if row["is_tied"]:
        words.append(TIED)
    return " ".join(words)


def list_shown(table: pd.DataFrame) -> list[Column]:
    """Return the columns of metrics in which a leaderboard has a value."""
    return [column for column in COLUMNS.values() if table[column.name].notna().any()]


def list_headings(table: pd.DataFrame) -> list[str]:
    """Return the headings of a leaderboard, without that of the names."""
    return [*[column.heading for column in list_shown(table)], *LAST_HEADINGS]


def format_cells(row: Mapping[Any, Any], shown: Sequence[Column]) -> list[str]:
    """Return the texts below the headings in a row of the leaderboard.

    `shown` is what `list_shown` returns for the table.
    """
    metrics = [format_metric(row[column.name]) for column in shown]
    interval = NO_VALUE if np.isnan(row["low"]) else f"{row['low']:.4f} to {row['high']:.4f}"
    if row["is_range"]:
        interval = RANGE + interval
    return [*metrics, str(row["n_errors"]), interval]


def list_legends(table: pd.DataFrame) -> list[str]:
    """Return what the marks in a leaderboard mean, if it has any."""
    models = table[table["model"] != BASELINE]
    legends = []
    if table["is_outdated"].any():
        legends.append(
            f"{OUTDATED} not up to date: the code, the parameters or the data have changed; "
            "run `digits repro`"
        )
    if models["is_tied"].any():
        legends.append(
            f"{TIED} no significant difference from the best model of the task (p >= 0.01)"
        )
    if models["is_range"].any():
        legends.append(
            f"{RANGE} lowest and highest accuracy of the groups: fewer than six, or all equal"
        )
    if models["cv_accuracy"].isna().any() and models["cv_accuracy"].notna().any():
        legends.append(f"{NO_VALUE} not cross-validated: listed below the models that are")
    return legends
