"""Every metric is what scikit-learn computes from the predictions of models."""

import contextlib
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn import metrics

from digits.core import paths
from digits.evaluation.metrics import HEADLINE_METRICS, HEADLINE_METRICS_BINARY
from digits.results.descriptions import DESCRIPTIONS
from tests.core.test_evaluate import make_table, measure, read_table
from tests.helpers import tiny
from tests.helpers.calls import call

CLASS_METRICS = ["precision", "recall", "f1", "support"]

# What `compute_metrics` computes. A metric that somebody adds need not be among them.
COMPUTED = {"accuracy", "average_precision", "baseline", "cv_accuracy", "cv_std", "roc_auc"}
COMPUTED |= set(CLASS_METRICS)


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

    scores = table.filter(regex="^(decision|probability)_").set_axis(labels_of(table), axis=1)
    existing = np.unique(y)
    averaged = existing
    if table.attrs["has_positive"]:  # the label 1 is positive
        averaged = np.array([1])
    elif scores.shape[1] == 1:
        scores[0] = -scores[1]
    of_classes = metrics.precision_recall_fscore_support(
        y, predicted, zero_division=0, labels=range(10)
    )
    for metric, of_labels in zip(CLASS_METRICS, of_classes, strict=True):
        if metric != "support":
            values[metric, "all"] = np.mean(of_labels[averaged])
        for label in existing:
            values[metric, str(label)] = of_labels[label]
    if len(existing) > 1:
        for metric in [metrics.roc_auc_score, metrics.average_precision_score]:
            areas = [metric(y == label, scores[label]) for label in averaged]
            values[metric.__name__.removesuffix("_score"), "all"] = np.mean(areas)
    return values


def select_computed(values: Mapping[Any, float]) -> dict[tuple[str, str], float]:
    """Return the metrics that are in COMPUTED."""
    return {key: value for key, value in values.items() if key[0] in COMPUTED}


def labels_of(table: pd.DataFrame) -> list[int]:
    """Return the label of each column of scores."""
    columns = table.filter(regex="^(decision|probability)_").columns
    return [int(column.rpartition("_")[2]) for column in columns]


# Some classes of the first have no image or no prediction. The second has two classes.
TABLES = [
    make_table([0, 0, 1, 1, 3], np.eye(5)[[0, 2, 1, 1, 1]], has_positive=False),
    make_table([0, 0, 1, 1, 0], np.array([-2, 1, 3, -1, -4]), has_positive=False),
]


@pytest.mark.parametrize("table", TABLES, ids=["five classes", "two classes"])
def test_metrics_of_predictions_are_those_of_scikit_learn(table: pd.DataFrame) -> None:
    predictions = read_table(table)
    measured = measure(predictions)
    assert select_computed(measured) == pytest.approx(compute_metrics(table, majority_label=0))
    log_loss = metrics.log_loss(
        predictions.y_true, predictions.probabilities, labels=predictions.classes
    )
    assert measured["log_loss", "all"] == pytest.approx(log_loss)


def check_metrics(project: Path) -> int:
    """Check the metrics of all trained models of a project, and return their number."""
    with contextlib.chdir(project):
        models = [path.stem for path in sorted(Path().glob(f"{paths.predictions('*')}"))]
        for model in models:
            cv_table = pd.read_parquet(paths.cv_predictions(model))
            tables = {"test": pd.read_parquet(paths.predictions(model))}
            if "fold" in cv_table:
                tables["cross_validation"] = cv_table
            reported = pd.read_csv(paths.plots(model) / "metrics.csv")
            summary = json.loads(paths.metrics(model).read_text(encoding="utf-8"))
            expected = {"accuracy", "baseline", "precision", "recall"}
            expected |= {"cv_accuracy", "cv_std"} if "fold" in cv_table else set()
            expected |= {"f1", "roc_auc"} if cv_table["label"].nunique() == 2 else set()
            assert expected == COMPUTED & summary.keys(), model
            for subset, table in tables.items():
                rows = reported[reported["subset"] == subset]
                values = rows.set_index(["metric", "slice"])["value"].to_dict()
                computed = compute_metrics(table, cv_table["label"].mode()[0])
                found = select_computed(values)
                assert found == pytest.approx(computed, abs=1e-6), f"{model}, {subset}"
                for name in expected:
                    if name.startswith("cv_") == (subset == "cross_validation"):
                        assert summary[name] == values[name, "all"], f"{model}, {name}"
    return len(models)


def test_metrics_of_the_tiny_models_are_those_of_scikit_learn(made: Path) -> None:
    assert check_metrics(made) == 2


def test_a_test_set_with_two_of_ten_classes_has_the_metrics_of_ten(project: Path) -> None:
    path = project / paths.task("digit", "test")
    tiny.change_images(path, lambda images: images[images["label"] < 2])
    call(project, "evaluate", "digit-logreg")
    assert check_metrics(project) == 2


@pytest.mark.slow
def test_metrics_of_all_trained_models_are_those_of_scikit_learn() -> None:
    if check_metrics(tiny.ROOT) == 0:
        pytest.skip("needs trained models: `make demo` or `make repro`")


def test_every_metric_is_described(made: Path) -> None:
    tables = [pd.read_csv(path) for path in made.glob("plots/*/metrics.csv")]
    assert set(DESCRIPTIONS) == set(pd.concat(tables)["metric"])
    assert {*HEADLINE_METRICS, *HEADLINE_METRICS_BINARY} <= set(DESCRIPTIONS)
