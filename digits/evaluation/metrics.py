"""Measure predictions with the metrics of scikit-learn.

METRICS and CLASS_METRICS list all metrics. To add one, write a function, and add it to one of
the two. SUMMARY_KEYS lists those that are also in metrics/<model>.json.
"""

from collections.abc import Callable
from typing import NamedTuple

from digits.core.tables import Vector
from digits.evaluation.predictions import Predictions

import numpy as np
import pandas as pd
from scipy.stats import binomtest, ttest_1samp
from sklearn import metrics

OVERALL = "all"  # the slice of a metric that is computed from all images
MAX_SLICES = 100  # if there are more folds or groups, they have no rows of their own
MIN_GROUPS = 6  # with fewer groups there is no confidence interval

COLUMNS = ["metric", "slice", "value", "low", "high"]


class Estimate(NamedTuple):
    """The value of a metric, and the ends of its 95 % confidence interval."""

    value: float
    low: float = np.nan
    high: float = np.nan


Value = float | Estimate
ValuesBySlice = dict[str, Value]


def accuracy(predictions: Predictions) -> ValuesBySlice:
    """Return the accuracy of all images, of each fold and of each group, 0 to 1."""
    all_images = np.full(len(predictions.y_true), True)
    values: ValuesBySlice = {OVERALL: proportion_correct(predictions, all_images)}
    for fold, value in accuracy_of_folds(predictions).items():
        values[f"fold {fold}"] = value
    group_names = predictions.group_names
    for group, value in accuracy_by(predictions.groups, predictions.is_correct).items():
        name = group_names[group] if group_names else group
        values[f"group {name}"] = value
    return values


def accuracy_of_folds(predictions: Predictions) -> dict[int, float]:
    """Return the accuracy of each fold; nothing without cross-validation."""
    return accuracy_by(predictions.folds, predictions.is_correct)


def accuracy_by(slices: Vector | None, is_correct: Vector) -> dict[int, float]:
    """Return the accuracy of each fold or group; nothing if there are none, or too many."""
    if slices is None or len(np.unique(slices)) > MAX_SLICES:
        return {}
    means = pd.Series(is_correct).groupby(slices).mean()
    return dict(zip(means.index, means, strict=True))


def accuracy_mean(predictions: Predictions) -> float | None:
    """Return the mean accuracy of the folds."""
    accuracies = accuracy_of_folds(predictions)
    if not accuracies:
        return None
    return float(np.mean(list(accuracies.values())))


def accuracy_std(predictions: Predictions) -> float | None:
    """Return the standard deviation of the accuracies of the folds."""
    accuracies = accuracy_of_folds(predictions)
    if not accuracies:
        return None
    return float(np.std(list(accuracies.values())))


def baseline(predictions: Predictions) -> float:
    """Return the accuracy of predicting the most frequent training label for every image."""
    return np.mean(predictions.y_true == predictions.majority_label)


def precision(predictions: Predictions) -> float:
    """Return the precision of the positive class, or the mean precision of several classes."""
    return average_over_classes(metrics.precision_score, predictions)


def recall(predictions: Predictions) -> float:
    """Return the recall of the positive class, or the mean recall of several classes."""
    return average_over_classes(metrics.recall_score, predictions)


def f1(predictions: Predictions) -> float:
    """Return the F1 of the positive class, or the mean F1 of several classes."""
    return average_over_classes(metrics.f1_score, predictions)


def average_over_classes(score: Callable[..., float], predictions: Predictions) -> float:
    """Return a score of the positive class, or the macro average of several classes.

    Classes without images are left out of the average.
    """
    if predictions.is_binary:
        labels = predictions.classes[1:]
    else:
        labels = np.unique(predictions.y_true)
    return score(
        predictions.y_true,
        predictions.y_pred,
        labels=labels,
        average="macro",
        zero_division=0,
    )


def roc_auc(predictions: Predictions) -> float | None:
    """Return the area under the ROC curve of a binary task."""
    if not has_images_of_two_classes(predictions):
        return None
    return metrics.roc_auc_score(predictions.y_index, predictions.scores)


def average_precision(predictions: Predictions) -> float | None:
    """Return the average precision of a binary task."""
    if not has_images_of_two_classes(predictions):
        return None
    return metrics.average_precision_score(predictions.y_index, predictions.scores)


def has_images_of_two_classes(predictions: Predictions) -> bool:
    """Return whether a task is binary, and both classes have images."""
    return predictions.is_binary and len(np.unique(predictions.y_true)) == 2


def log_loss(predictions: Predictions) -> float:
    """Return the mean negative logarithm of the probability of the true class."""
    all_columns = range(len(predictions.classes))
    return metrics.log_loss(predictions.y_index, predictions.probabilities, labels=all_columns)


def class_precision(predictions: Predictions, label: int) -> Estimate:
    """Return the precision: the proportion correct of the images predicted as this class."""
    return proportion_correct(predictions, predictions.y_pred == label)


def class_recall(predictions: Predictions, label: int) -> Estimate:
    """Return the recall: the proportion correct of the images of this class."""
    return proportion_correct(predictions, predictions.y_true == label)


def class_f1(predictions: Predictions, label: int) -> float:
    """Return the F1 of one class."""
    return metrics.f1_score(predictions.y_true == label, predictions.y_pred == label)


def class_support(predictions: Predictions, label: int) -> float:
    """Return the number of images of one class."""
    return np.sum(predictions.y_true == label)


# Each function returns the value for all images, or None if the metric is not defined for these
# predictions, or a dictionary with a value for each of several slices of the images.
METRICS: dict[str, Callable[[Predictions], Value | ValuesBySlice | None]] = {
    "accuracy": accuracy,
    "accuracy_mean": accuracy_mean,
    "accuracy_std": accuracy_std,
    "baseline": baseline,
    "precision": precision,
    "recall": recall,
    "f1": f1,
    "roc_auc": roc_auc,
    "average_precision": average_precision,
    "log_loss": log_loss,
}

# These are computed for each class that has images.
CLASS_METRICS: dict[str, Callable[[Predictions, int], Value]] = {
    "precision": class_precision,
    "recall": class_recall,
    "f1": class_f1,
    "support": class_support,
}

# The metrics that are in metrics/<model>.json, and their names there. They are few, so that the
# tables of `dvc metrics` fit on a screen.
SUMMARY_KEYS = {
    "accuracy": "accuracy",
    "accuracy_mean": "cv_accuracy",
    "accuracy_std": "cv_std",
    "baseline": "baseline",
    "precision": "precision",
    "recall": "recall",
}


def metrics_table(predictions: Predictions) -> pd.DataFrame:
    """Return all metrics of some predictions.

    Returns:
        A table with the columns `metric`, `slice` (`all`, a class, `fold 1` or `group 1`),
        `value`, and `low` and `high`, the ends of the 95 % confidence interval, if it has one.
    """
    rows = []
    for metric, function in METRICS.items():
        values = function(predictions)
        if values is None:
            continue
        if not isinstance(values, dict):
            values = {OVERALL: values}
        for slice_name, value in values.items():
            rows.append(make_row(metric, slice_name, value))

    for metric, class_function in CLASS_METRICS.items():
        for name, label in zip(predictions.class_names, predictions.classes, strict=True):
            if label in predictions.y_true:
                value = class_function(predictions, label)
                rows.append(make_row(metric, name, value))
    return pd.DataFrame(rows, columns=COLUMNS)


def make_row(
    metric: str, slice_name: str, value: Value
) -> tuple[str, str, float, float, float]:
    """Return a row of the table of metrics."""
    estimate = value if isinstance(value, Estimate) else Estimate(value)
    return metric, slice_name, *estimate


def summarize(table: pd.DataFrame) -> dict[str, float]:
    """Return the content of metrics/<model>.json.

    Args:
        table: the metrics of the test images and the cross-validated ones, with a column
            `subset`. If both have a metric, that of the test images is returned.
    """
    overall = table[table["slice"] == OVERALL]
    values: dict[str, float] = {}
    # The values of the test images replace the cross-validated ones.
    for subset in ["cross_validation", "test"]:
        of_subset = overall[overall["subset"] == subset]
        values |= dict(zip(of_subset["metric"], of_subset["value"], strict=True))

    summary = {}
    for metric, key in SUMMARY_KEYS.items():
        if metric in values:
            summary[key] = values[metric]
    return summary


def proportion_correct(predictions: Predictions, is_selected: Vector) -> Estimate:
    """Return the proportion of correct predictions among the selected images.

    It is 0 if none is selected.
    """
    is_correct = predictions.is_correct[is_selected]
    groups = None
    if predictions.groups is not None:
        groups = predictions.groups[is_selected]
    proportion = is_correct.sum() / max(len(is_correct), 1)
    interval = confidence_interval(is_correct, groups)
    if interval is None:
        return Estimate(proportion)
    low, high = interval
    return Estimate(proportion, low, high)


def confidence_interval(
    is_correct: Vector, groups: Vector | None = None
) -> tuple[float, float] | None:
    """Return the 95 % confidence interval of a proportion.

    Without groups it is Wilson's interval. The images of one group, such as a writer, are not
    independent. With groups it is therefore the interval of a t-test over the groups.

    Args:
        is_correct: whether each prediction is correct, shape (n_images,).
        groups: the group of each image, shape (n_images,), or None.

    Returns:
        Its ends, 0 to 1. None without images, with fewer than six groups, or if all groups
        have the same accuracy.
    """
    if len(is_correct) == 0:
        return None
    if groups is None:
        test = binomtest(int(is_correct.sum()), len(is_correct))
        wilson = test.proportion_ci(method="wilson")
        return wilson.low, wilson.high

    contributions = group_contributions(is_correct, groups)
    if len(contributions) < MIN_GROUPS or are_equal(contributions):
        return None
    interval = ttest_1samp(contributions, popmean=0).confidence_interval()
    return max(float(interval.low), 0.0), min(float(interval.high), 1.0)


def group_contributions(values: Vector, groups: Vector) -> Vector:
    """Return a number per group, shape (n_groups,), whose mean is the mean of all values.

    Each is the mean plus the sum of the group's deviations from the mean, in units of the mean
    group size. A large group therefore counts more than a small one. A t-test of these numbers
    allows for groups of different sizes. Source: W. Cochran, "Sampling techniques", 1977, the
    variance of a ratio estimate of cluster samples.

    Args:
        values: shape (n_images,).
        groups: the group of each image, shape (n_images,).
    """
    unique_groups, group_index = np.unique(np.asarray(groups), return_inverse=True)
    mean = values.mean()
    sums_of_deviations = np.bincount(group_index, weights=values - mean)
    return mean + sums_of_deviations * len(unique_groups) / len(values)


def are_equal(values: Vector) -> bool:
    """Return whether all values are equal, but for rounding errors."""
    return np.ptp(values) < 1e-9
