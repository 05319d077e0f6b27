"""Evaluate a model on the test images, and in cross-validation.

Reads the model, the task's `test.parquet`, and the cross-validated predictions, and writes

- `data/predictions/<model>.parquet`: the predictions of the test images.
- `plots/<model>/*.csv`: tables of all metrics, of the confusion matrix and of the curves.
- `metrics/<model>.json`: the metrics that `dvc metrics diff` compares.
"""

import json
from collections.abc import Callable

import click
import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from digits.core import paths, tables
from digits.core.files import atomic_write
from digits.evaluation.confusion import confusion_table
from digits.evaluation.curves import precision_recall_table, reliability_table, roc_table
from digits.evaluation.metrics import metrics_table, summarize
from digits.evaluation.predictions import (
    Predictions,
    fit_temperature_to_table,
    fit_temperatures_of_folds,
)
from digits.learning import model_file
from digits.learning.parallel import parallel_backend
from digits.learning.pipelines import package_of
from digits.learning.scores import decision_threshold, predict_images
from digits.settings import params
from digits.settings.errors import UserError
from digits.settings.params import OVERALL
from digits.settings.stage import StageCommand

DECIMALS = 6  # results are rounded because their last digits may differ between machines


@click.command(cls=StageCommand)
@click.argument("name")
def main(name: str) -> None:
    """Evaluate the model NAME."""
    model_params = params.load().models[name]
    model = model_file.load(paths.model(name), package_of(model_params.classifier))
    X_test, test_images = tables.read_images(paths.task(model_params.task, "test"))
    cv_table = tables.read(paths.crossval(name))
    check_labels(test_images, model)

    with parallel_backend(model):  # a Dask cluster, if there is one, receives the model once
        test_table = predict_images(model, X_test, test_images)
    tables.write(paths.predictions(name), test_table)

    # If the model was cross-validated, evaluate these predictions, too, and calibrate the
    # probabilities on them.
    classes = model.classes_
    majority_label = int(cv_table["label"].mode()[0])  # of all training images
    temperature = fit_temperature_to_table(cv_table, classes) if "fold" in cv_table else None
    predictions = {
        "test": Predictions.from_table(test_table, classes, majority_label, temperature or 1.0)
    }
    if "fold" in cv_table:
        temperatures = fit_temperatures_of_folds(cv_table, classes)
        predictions["cross_validation"] = Predictions.from_table(
            cv_table, classes, majority_label, temperatures
        )

    metrics = concat_subsets(metrics_table, predictions)
    model_metrics = model_metrics_table(model, cv_table.attrs["train_accuracy"], temperature)
    plots = {
        "metrics": pd.concat([metrics, model_metrics]),
        "confusion": concat_subsets(confusion_table, predictions),
        "roc": concat_subsets(roc_table, predictions),
        "precision_recall": concat_subsets(precision_recall_table, predictions),
        "reliability": concat_subsets(reliability_table, predictions),
    }
    write_plots(name, plots)
    write_metrics(name, summarize(metrics))


def check_labels(test_images: pd.DataFrame, model: Pipeline) -> None:
    """Check that the model knows all labels of the test images.

    Raises:
        UserError: the training set had no image of one of the labels.
    """
    unknown = np.setdiff1d(test_images["label"], model.classes_)
    if len(unknown):
        raise UserError(
            f"the model was trained on no image of label {unknown[0]}, which the test set has"
        )


def concat_subsets(
    function: Callable[[Predictions], pd.DataFrame], predictions: dict[str, Predictions]
) -> pd.DataFrame:
    """Make a table for each subset of the predictions, and concatenate the tables.

    The first column, `subset`, is `test` or `cross_validation`.
    """
    tables_by_subset = {subset: function(each) for subset, each in predictions.items()}
    return pd.concat(tables_by_subset, names=["subset"]).reset_index("subset")


def model_metrics_table(
    model: Pipeline, train_accuracy: float, temperature: float | None
) -> pd.DataFrame:
    """Return the metrics of the model itself: training accuracy, threshold and temperature."""
    rows = [("train", "accuracy", OVERALL, train_accuracy)]
    if len(model.classes_) == 2:
        rows.append(("train", "threshold", OVERALL, decision_threshold(model)))
    if temperature is not None:
        rows.append(("cross_validation", "temperature", OVERALL, temperature))
    return pd.DataFrame(rows, columns=["subset", "metric", "slice", "value"])


def write_plots(name: str, plots: dict[str, pd.DataFrame]) -> None:
    """Write the tables that `dvc plots` draws."""
    for plot_name, table in plots.items():
        with atomic_write(paths.plots(name) / f"{plot_name}.csv") as temporary:
            table.round(DECIMALS).to_csv(temporary, index=False)


def write_metrics(name: str, summary: dict[str, float]) -> None:
    """Write the metrics that `dvc metrics` shows."""
    rounded = {key: round(float(value), DECIMALS) for key, value in summary.items()}
    text = json.dumps(rounded, indent=2, sort_keys=True)
    with atomic_write(paths.metrics(name)) as temporary:
        temporary.write_text(f"{text}\n", encoding="utf-8")


if __name__ == "__main__":
    main()
