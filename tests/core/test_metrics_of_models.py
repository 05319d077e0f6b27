"""Every metric of every model is what scikit-learn computes from the model's predictions."""

import contextlib
import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

from digits.core import paths
from tests.helpers import tiny

# The log loss is of calibrated probabilities, which the predictions do not have.
WITHOUT_PREDICTIONS = ["log_loss", "temperature"]

CLASS_METRICS = ["precision", "recall", "f1", "support"]


def compute_metrics(table: pd.DataFrame, majority_label: int) -> dict[tuple[str, str], float]:
    """Return the metrics of a table of predictions, by metric and slice."""
    y, predicted = table["label"], table["prediction"]
    values = {("accuracy", "all"): metrics.accuracy_score(y, predicted)}
    values["baseline", "all"] = np.mean(y == majority_label)
    for column in table.columns.intersection(["fold", "group"]):
        for number in table[column].unique():
            rows = table[table[column] == number]
            accuracy = metrics.accuracy_score(rows["label"], rows["prediction"])
            values["accuracy", f"{column} {number}"] = accuracy
    of_folds = [value for (_, name), value in values.items() if name.startswith("fold")]
    if of_folds:
        values["cv_accuracy", "all"] = np.mean(of_folds)
        values["cv_std", "all"] = np.std(of_folds)

    labels = np.unique(y)
    scores = table.filter(regex="^(decision|probability)_")
    is_binary = scores.shape[1] == 1
    of_classes = metrics.precision_recall_fscore_support(
        y, predicted, zero_division=0, labels=labels
    )
    for metric, of_labels in zip(CLASS_METRICS, of_classes, strict=True):
        if metric != "support":
            values[metric, "all"] = of_labels[1] if is_binary else np.mean(of_labels)
        for label, value in zip(labels, of_labels, strict=True):
            values[metric, str(label)] = value
    of_columns = labels[1:] if is_binary else labels
    for metric in [metrics.roc_auc_score, metrics.average_precision_score]:
        areas = [metric(y == label, scores.iloc[:, i]) for i, label in enumerate(of_columns)]
        values[metric.__name__.removesuffix("_score"), "all"] = np.mean(areas)
    return values


def check_metrics(project: Path) -> int:
    """Check the metrics of all trained models of a project, and return their number."""
    with contextlib.chdir(project):
        models = [path.stem for path in sorted(Path().glob(f"{paths.predictions('*')}"))]
        for model in models:
            cv_table = pd.read_parquet(paths.crossval(model))
            tables = {"test": pd.read_parquet(paths.predictions(model))}
            if "fold" in cv_table:
                tables["cross_validation"] = cv_table
            reported = pd.read_csv(paths.plots(model) / "metrics.csv")
            reported = reported[~reported["metric"].isin(WITHOUT_PREDICTIONS)]
            overall: dict[str, float] = {}  # of the test set, if it has the metric
            for subset, table in tables.items():
                rows = reported[reported["subset"] == subset]
                values = rows.set_index(["metric", "slice"])["value"].to_dict()
                computed = compute_metrics(table, cv_table["label"].mode()[0])
                assert values == pytest.approx(computed, abs=1e-6), f"{model}, {subset}"
                for (metric, name), value in computed.items():
                    if name == "all":
                        overall.setdefault(metric, value)
            summary = json.loads(paths.metrics(model).read_text(encoding="utf-8"))
            assert summary
            for metric, value in summary.items():
                assert value == pytest.approx(overall[metric], abs=1e-6), f"{model}, {metric}"
    return len(models)


def test_metrics_of_the_tiny_models_are_those_of_scikit_learn(made: Path) -> None:
    assert check_metrics(made) == 2


@pytest.mark.slow
def test_metrics_of_all_trained_models_are_those_of_scikit_learn() -> None:
    if check_metrics(tiny.ROOT) == 0:
        pytest.skip("needs trained models: `make demo` or `make repro`")
