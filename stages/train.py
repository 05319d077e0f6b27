"""Train a model, and cross-validate it.

Reads `data/task/<task>/train.parquet`, and writes

- `models/<model>.skops`: the model, fitted on all training images.
- `data/crossval/<model>.parquet`: cross-validated predictions. Each training image is predicted
  by a model that was fitted on the other folds. With `folds: 0` the table has no predictions,
  only the labels.
"""

import click
import pandas as pd

from digits.core import paths, tables
from digits.core.images import Images, read_images
from digits.core.predictions import make_predictions_table
from digits.learning import model_file
from digits.learning.fitting import Fitted, assign_folds, fit
from digits.learning.network_features import select_input
from digits.learning.pipelines import build_pipeline
from digits.learning.scores import response_method
from digits.learning.thresholds import (
    check_two_labels,
    predict_cross_validated,
    tune_threshold,
)
from digits.running.command import StageCommand
from digits.settings import params_file
from digits.settings.params import Threshold


@click.command("train", cls=StageCommand)
@click.argument("name")
def main(name: str) -> None:
    """Train the model NAME."""
    settings = params_file.load()
    model_params = settings.models[name]
    threshold = model_params.hyperparameters.threshold

    images = read_images(paths.task(model_params.task, "train"))
    check_two_labels(threshold, images.y)
    X = select_input(model_params, images)  # pixels, features of a pretrained network, or both
    pipeline = build_pipeline(model_params, images.format, settings.seed)
    test_fold = assign_folds(images.y, images.groups, model_params.folds)
    fitted = fit(pipeline, X, images.y, test_fold)
    fitted = tune_threshold(fitted, threshold, images.y)

    model_file.save(paths.model(name), fitted.model, model_params.classifier)
    tables.write(paths.cv_predictions(name), make_crossval_table(images, fitted, threshold))


def make_crossval_table(
    images: Images, fitted: Fitted, threshold: Threshold | None
) -> pd.DataFrame:
    """Return the table of the cross-validated predictions of the training images.

    Without folds, it has no predictions, only the labels.
    """
    model, cross_validation = fitted.model, fitted.cross_validation
    if cross_validation is None:
        table = images.table[["row", "label"]].copy()
    else:
        test_fold, scores = cross_validation
        y_pred = predict_cross_validated(model, threshold, images.y, cross_validation)
        method = response_method(model)
        table = make_predictions_table(
            images, model.classes_, method, scores, y_pred, test_fold
        )
    # `evaluate` reads it from the attrs, because it has no training images to compute it from.
    table.attrs["train_accuracy"] = fitted.train_accuracy
    return table


if __name__ == "__main__":
    main()
