"""Measure predictions with the metrics of scikit-learn.

To add a metric, write a function that yields its rows of the table of metrics, and add it to
METRICS. A package adds one through an entry point in the group `digits.metrics`, named after
the metric. Descriptions are in digits/results/descriptions.py, so that editing them does not
re-evaluate any model.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from sklearn import metrics

from digits.core.pixels import Vector
from digits.entry_points import find_entry_points
from digits.evaluation.intervals import confidence_interval
from digits.evaluation.predictions import Predictions

OVERALL = "all"  # the slice of all images; no class can have this name
MAX_SLICES = 100  # if there are more folds or groups, they have no rows of their own


class Row(NamedTuple):
    """A row of the table of metrics.

    Attributes:
        metric: the name of the metric.
        slice: OVERALL, a class, or a fold or a group such as `fold 1` and `group anna`.
        value: the value of the metric.
        low: the lower end of its 95 % confidence interval, or NaN if it has none.
        high: the upper end.
    """

    metric: str
    slice: str
    value: float
    low: float = np.nan
    high: float = np.nan


def accuracy(predictions: Predictions) -> Iterator[Row]:
    """Yield the accuracy of all images, of each fold and of each group, 0 to 1."""
    yield Row("accuracy", OVERALL, *proportion_correct(predictions, slice(None)))
    for fold, value in accuracy_by_slice(predictions.folds, predictions.is_correct).items():
        yield Row("accuracy", f"fold {fold}", value)
    names = predictions.group_names
    for group, value in accuracy_by_slice(predictions.groups, predictions.is_correct).items():
        yield Row("accuracy", f"group {names[group] if names else group}", value)


def accuracy_by_slice(slices: Vector | None, is_correct: Vector) -> dict[Any, float]:
    """Return the accuracy of each fold or group; nothing if there are none, or too many."""
    if slices is None or len(np.unique(slices)) > MAX_SLICES:
        return {}
    return pd.Series(is_correct).groupby(slices).mean().to_dict()


def accuracy_over_folds(predictions: Predictions) -> Iterator[Row]:
    """Yield the mean and the standard deviation of the accuracies of the folds."""
    accuracies = list(accuracy_by_slice(predictions.folds, predictions.is_correct).values())
    if accuracies:
        yield Row("cv_accuracy", OVERALL, float(np.mean(accuracies)))
        yield Row("cv_std", OVERALL, float(np.std(accuracies)))


def baseline(predictions: Predictions) -> Iterator[Row]:
    """Yield the accuracy of predicting the most frequent training label for every image."""
    is_majority = predictions.y_true == predictions.majority_label
    yield Row("baseline", OVERALL, is_majority.mean())


def precision_recall_f1(predictions: Predictions) -> Iterator[Row]:
    """Yield precision, recall and F1 of the positive class, or their means over all classes."""
    y_true = predictions.y_true
    average = "binary" if predictions.has_positive else "macro"  # "binary" ignores `labels`
    precision, recall, f1, _ = metrics.precision_recall_fscore_support(
        y_true, predictions.y_pred, labels=np.unique(y_true), average=average, zero_division=0
    )
    yield Row("precision", OVERALL, precision)
    yield Row("recall", OVERALL, recall)
    yield Row("f1", OVERALL, f1)


def areas_under_curves(predictions: Predictions) -> Iterator[Row]:
    """Yield the mean areas under the ROC and precision-recall curves of the classes."""
    classes = predictions.one_vs_rest()
    if classes:
        areas = [metrics.roc_auc_score(mask, scores) for _, mask, scores in classes]
        yield Row("roc_auc", OVERALL, float(np.mean(areas)))
        areas = [metrics.average_precision_score(mask, scores) for _, mask, scores in classes]
        yield Row("average_precision", OVERALL, float(np.mean(areas)))


def log_loss(predictions: Predictions) -> Iterator[Row]:
    """Yield the mean negative logarithm of the probability of the true class."""
    columns = range(len(predictions.classes))
    loss = metrics.log_loss(predictions.y_index, predictions.probabilities, labels=columns)
    yield Row("log_loss", OVERALL, loss)


def metrics_of_classes(predictions: Predictions) -> Iterator[Row]:
    """Yield precision, recall, F1 and the number of images of each class that has images."""
    y_true = predictions.y_true
    y_pred = predictions.y_pred
    classes = zip(predictions.classes, predictions.class_names, strict=True)
    names = {label: name for label, name in classes if label in y_true}
    # Precision is the accuracy among the images predicted as the class. Recall is the accuracy
    # among the images of the class.
    for label, name in names.items():
        yield Row("precision", name, *proportion_correct(predictions, y_pred == label))
    for label, name in names.items():
        yield Row("recall", name, *proportion_correct(predictions, y_true == label))
    _, _, f1, support = metrics.precision_recall_fscore_support(
        y_true, y_pred, labels=list(names), zero_division=0
    )
    for name, value in zip(names.values(), f1, strict=True):
        yield Row("f1", name, value)
    for name, value in zip(names.values(), support, strict=True):
        yield Row("support", name, value)


# The functions that compute the table of metrics, in its order.
METRICS = [
    accuracy,
    accuracy_over_folds,
    baseline,
    precision_recall_f1,
    areas_under_curves,
    log_loss,
    metrics_of_classes,
]

# The metrics in metrics/<model>.json, few so that the tables of `dvc metrics` fit on a screen.
HEADLINE_METRICS = ["accuracy", "cv_accuracy", "cv_std", "baseline", "precision", "recall"]

# With two labels, these are added. The accuracy alone says little if one of the labels is rare.
HEADLINE_METRICS_BINARY = ["f1", "roc_auc"]


def metrics_table(predictions: Predictions) -> pd.DataFrame:
    """Return all metrics of some predictions, in a table with the columns of `Row`."""
    entry_points = find_entry_points("digits.metrics").values()
    functions = [*METRICS, *(entry_point.load() for entry_point in entry_points)]
    rows = [row for function in functions for row in function(predictions)]
    return pd.DataFrame(rows, columns=Row._fields)


def select_headline_metrics(table: pd.DataFrame, n_labels: int) -> dict[str, float]:
    """Return the content of metrics/<model>.json.

    Args:
        table: the metrics of the test images and the cross-validated metrics, with a column
            `subset`. Of the cross-validated metrics, only those that begin with `cv_` are used.
        n_labels: the number of labels that the model predicts.
    """
    overall = table[table["slice"] == OVERALL].set_index("metric")
    test = overall.loc[overall["subset"] == "test", "value"]
    over_folds = overall.loc[overall.index.str.startswith("cv_"), "value"]
    values = {**test.to_dict(), **over_folds.to_dict()}
    names = [*HEADLINE_METRICS, *find_entry_points("digits.metrics")]
    if n_labels == 2:
        names += HEADLINE_METRICS_BINARY
    return {name: values[name] for name in names if name in values}


def proportion_correct(
    predictions: Predictions, selected: Vector | slice
) -> tuple[float, float, float]:
    """Return the proportion of correct predictions among the selected images.

    Returns:
        The proportion, which is 0 if none is selected, and the ends of its confidence interval.
    """
    is_correct = predictions.is_correct[selected]
    groups = None if predictions.groups is None else predictions.groups[selected]
    proportion = is_correct.sum() / max(len(is_correct), 1)  # avoids 0 / 0
    return proportion, *confidence_interval(is_correct, groups)
