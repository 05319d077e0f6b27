"""The leaderboard, which `digits leaderboard` prints and the report shows."""

from collections.abc import Collection, Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from digits.core import paths
from digits.evaluation.metrics import OVERALL
from digits.results.differences import NO_TEST, compare_models
from digits.results.formatting import NO_VALUE, format_metric
from digits.results.read import read_metrics, read_metrics_table
from digits.settings.errors import UserError
from digits.settings.params import Params

# The heading of each column of metrics.
HEADINGS = {
    "cv_accuracy": "CV\naccuracy",
    "cv_balanced_accuracy": "CV balanced\naccuracy",
    "cv_f1": "CV\nmean F1",
    "accuracy": "test\naccuracy",
}
# These columns are left out unless the classes of a task are imbalanced.
SHOWN_IF_IMBALANCED = {"cv_balanced_accuracy", "cv_f1"}
LAST_HEADINGS = ["test\nerrors", "95 % interval\nof test accuracy"]

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
        - the keys of HEADINGS, NaN if the model does not have the metric. The balanced accuracy
          (the mean recall of the classes) and the mean F1 score are NaN if the largest class
          has at most twice as many test images as the smallest one.
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
        for name in shown:
            marks = {
                "is_outdated": name in outdated_names,
                "is_tied": name != ranked[0] and are_tied(ranked[0], name),
            }
            metrics = read_model_row(name)
            if settings.tasks[task_name].positive is None:
                metrics |= read_macro_averages(name)
            rows.append({"task": task_name, **metrics, **marks})
        if shown:
            # The baseline of a model that is up to date, if there is one.
            up_to_date = [name for name in shown if name not in outdated_names]
            source = up_to_date[0] if up_to_date else shown[0]
            marks = {"is_outdated": source in outdated_names, "is_tied": False}
            rows.append({"task": task_name, **read_baseline_row(source), **marks})
    return pd.DataFrame(rows)


def rank_models(settings: Params, task_name: str) -> list[str]:
    """Return the evaluated models of a task, the highest cross-validated accuracy first.

    Models without cross-validation come last.
    """
    models = [name for name, model in settings.models.items() if model.task == task_name]
    evaluated = [name for name in models if paths.metrics(name).exists()]

    def cv_accuracy(name: str) -> float:
        return read_metrics(name).get("cv_accuracy", 0)

    return sorted(evaluated, key=cv_accuracy, reverse=True)


def are_tied(best: str, name: str) -> bool:
    """Return whether there is no significant difference between two models.

    It is False if there are too few groups for a test, or if the predictions cannot be
    compared, for example because they are missing.
    """
    try:
        difference = compare_models(best, name)
    except UserError:
        return False
    return difference.test is not NO_TEST and not difference.test.is_significant


def read_model_row(name: str) -> dict[str, Any]:
    """Return the metrics, the errors and the interval of a model."""
    metrics = read_metrics(name)
    accuracies = read_test_values(name, "accuracy")
    low, high = accuracies["low"][OVERALL], accuracies["high"][OVERALL]
    accuracies_of_groups = accuracies["value"].filter(like="group ")
    is_range = np.isnan(low) and len(accuracies_of_groups) > 0
    if is_range:
        low, high = accuracies_of_groups.min(), accuracies_of_groups.max()
    return {
        "model": name,
        **{key: metrics.get(key, np.nan) for key in HEADINGS},
        "n_errors": count_errors(name, metrics["accuracy"]),
        "low": low,
        "high": high,
        "is_range": is_range,
    }


def read_macro_averages(name: str) -> dict[str, float]:
    """Return the macro-averaged metrics of a model, if the classes are imbalanced."""
    n_images = read_test_values(name, "support")["value"]
    if n_images.max() <= MAX_RATIO * n_images.min():
        return {}
    values = read_metrics_table(name)["value"]
    return {
        "cv_balanced_accuracy": values.get(("cross_validation", "recall", OVERALL), np.nan),
        "cv_f1": values.get(("cross_validation", "f1", OVERALL), np.nan),
    }


def read_baseline_row(name: str) -> dict[str, Any]:
    """Return the accuracy and the errors of the majority-class baseline.

    Args:
        name: any model of the task.
    """
    accuracy = read_metrics(name)["baseline"]
    n_errors = count_errors(name, accuracy)
    return {"model": BASELINE, "accuracy": accuracy, "n_errors": n_errors, "is_range": False}


def count_errors(name: str, accuracy: float) -> int:
    """Return the number of errors on a model's test set that an accuracy corresponds to."""
    n_images = read_test_values(name, "support")["value"].sum()
    return round((1 - accuracy) * n_images)


def read_test_values(name: str, metric: str) -> pd.DataFrame:
    """Return the values of a metric on the test set, and their intervals, by slice."""
    rows = read_metrics_table(name).query("subset == 'test' and metric == @metric")
    return rows.droplevel(["subset", "metric"])


def format_name(row: Mapping[Any, Any]) -> str:
    """Return the name of a model with its marks."""
    words = [row["model"]]
    if row["is_outdated"]:
        words.append(OUTDATED)
    if row["is_tied"]:
        words.append(TIED)
    return " ".join(words)


def list_metrics(table: pd.DataFrame) -> list[str]:
    """Return the keys of HEADINGS that a leaderboard shows."""
    return [
        key for key in HEADINGS if key not in SHOWN_IF_IMBALANCED or table[key].notna().any()
    ]


def list_headings(table: pd.DataFrame) -> list[str]:
    """Return the headings of a leaderboard, without that of the names."""
    return [*[HEADINGS[key] for key in list_metrics(table)], *LAST_HEADINGS]


def format_cells(row: Mapping[Any, Any], shown_metrics: Sequence[str]) -> list[str]:
    """Return the texts below the headings in a row of the leaderboard.

    Args:
        row: the row.
        shown_metrics: what `list_metrics` returns for the table.
    """
    metrics = [format_metric(row[key]) for key in shown_metrics]
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
            f"{RANGE} range over the groups: fewer than six, or all equal, so no interval"
        )
    if models["cv_accuracy"].isna().any():
        legends.append(f"{NO_VALUE} not cross-validated: listed below the models that are")
    return legends
