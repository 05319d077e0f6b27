"""Evaluate a model on the test images, and in cross-validation.

Reads the model, the task's `test.parquet`, and the cross-validated predictions, and writes

- `data/predictions/<model>.parquet`: the predictions of the test images.
- `plots/<model>/*.csv`: tables of all metrics, of the confusion matrix and of the curves.
- `metrics/<model>.json`: the metrics that `dvc metrics diff` compares.
"""

import json

import click
import numpy as np
import pandas as pd
from sklearn.pipeline import Pipeline

from digits.core import paths, tables
from digits.core.files import atomic_write
from digits.core.images import Images, read_images
from digits.evaluation.metrics import OVERALL, metrics_table, select_headline_metrics
from digits.evaluation.plots import (
    confusion_table,
    precision_recall_table,
    reliability_table,
    roc_table,
)
from digits.evaluation.predictions import Predictions, calibrate_predictions
from digits.learning import model_file
from digits.learning.network_features import select_input
from digits.learning.scores import decision_threshold, predict_labelled_images
from digits.messages.errors import UserError
from digits.running.command import StageCommand
from digits.settings import params_file

# Results are rounded because processors of other kinds compute other last digits.
DECIMALS = 6

# The function that makes each table in plots/<model>.
TABLES = {
    "metrics": metrics_table,
    "confusion": confusion_table,
    "roc": roc_table,
    "precision_recall": precision_recall_table,
    "reliability": reliability_table,
}


@click.command("evaluate", cls=StageCommand)
@click.argument("name")
def main(name: str) -> None:
    """Evaluate the model NAME."""
    model_params = params_file.load().models[name]
    model = model_file.load(paths.model(name), model_params.classifier)
    test_images = read_images(paths.task(model_params.task, "test"))
    cv_predictions = tables.read(paths.cv_predictions(name))
    check_labels_are_known(test_images, model)

    X_test = select_input(model_params, test_images)
    test_predictions = predict_labelled_images(model, X_test, test_images)
    tables.write(paths.predictions(name), test_predictions)

    # Calibrate the probabilities on the cross-validated predictions, if there are any.
    predictions_by_subset, temperature = calibrate_predictions(
        test_predictions, cv_predictions, model.classes_
    )
    plot_tables = make_plot_tables(predictions_by_subset)
    metrics = plot_tables["metrics"]
    write_metrics(name, select_headline_metrics(metrics, len(model.classes_)))
    train_accuracy = cv_predictions.attrs["train_accuracy"]  # computed by the stage `train`
    model_values = model_values_table(model, train_accuracy, temperature)
    write_plots(name, {**plot_tables, "metrics": pd.concat([metrics, model_values])})


def check_labels_are_known(test_images: Images, model: Pipeline) -> None:
    """Raise a UserError if the test images have a label that no training image has."""
    unknown = np.setdiff1d(test_images.y, model.classes_)
    if len(unknown):
        raise UserError(
            f"the test set has the label {unknown[0]}, but no training image has it"
        )


def make_plot_tables(predictions_by_subset: dict[str, Predictions]) -> dict[str, pd.DataFrame]:
    """Return the tables of predictions that `dvc plots` draws, by their names.

    The first column, `subset`, is `test` or `cross_validation`.
    """
    plot_tables = {}
    for plot_name, make_table in TABLES.items():
        parts = {subset: make_table(found) for subset, found in predictions_by_subset.items()}
        plot_tables[plot_name] = pd.concat(parts, names=["subset"]).reset_index("subset")
    return plot_tables


def model_values_table(
    model: Pipeline, train_accuracy: float, temperature: float | None
) -> pd.DataFrame:
    """Return the values of the model itself: training accuracy, threshold and temperature."""
    rows = [("train", "accuracy", OVERALL, train_accuracy)]
    if len(model.classes_) == 2:
        rows.append(("train", "threshold", OVERALL, decision_threshold(model)))
    if temperature is not None:
        rows.append(("cross_validation", "temperature", OVERALL, temperature))
    return pd.DataFrame(rows, columns=["subset", "metric", "slice", "value"])


def write_plots(name: str, plot_tables: dict[str, pd.DataFrame]) -> None:
    """Write the tables that `dvc plots` draws."""
    for plot_name, table in plot_tables.items():
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
