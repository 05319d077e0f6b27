"""Train a model, and cross-validate it.

Reads `data/task/<task>/train.parquet`, and writes

- `models/<model>.skops`: the model, fitted on all training images.
- `data/crossval/<model>.parquet`: cross-validated predictions. Each training image is predicted
  by a model that was fitted on the other folds. With `folds: 0` the table has no predictions,
  only the labels.
"""

import click
import pandas as pd
from sklearn.metrics import accuracy_score
from sklearn.pipeline import Pipeline

from digits.core import paths, tables
from digits.core.images import Images, read_images
from digits.core.pixels import Vector
from digits.core.predictions import make_predictions_table
from digits.learning import model_file
from digits.learning.fitting import Fitted, assign_folds, fit
from digits.learning.network_features import select_input
from digits.learning.pipelines import build_pipeline
from digits.learning.scores import predict_from_scores, response_method
from digits.learning.thresholds import predict_cross_validated, tune_threshold
from digits.settings import params_file
from digits.settings.params import Threshold
from stages.command import StageCommand


@click.command("train", cls=StageCommand)
@click.argument("name")
def main(name: str) -> None:
    """Train the model NAME."""
    settings = params_file.load()
    model_params = settings.models[name]
    n_passes = model_params.hyperparameters.passes
    threshold = model_params.hyperparameters.threshold

    images = read_images(paths.task(model_params.task, "train"))
    X = select_input(model_params, images)  # the pixels, unless the model takes a network
    pipeline = build_pipeline(model_params, images.format, settings.seed)
    test_fold = assign_folds(images.y, images.groups, model_params.folds)
    fitted = fit(pipeline, X, images.y, test_fold, n_passes)
    model = tune_threshold(fitted.model, threshold, images.y, fitted.cv_scores)

    model_file.save(paths.model(name), model, model_params.classifier)
    cv_predictions = make_crossval_table(images, model, threshold, fitted, test_fold)
    tables.write(paths.cv_predictions(name), cv_predictions)


def make_crossval_table(
    images: Images,
    model: Pipeline,
    threshold: Threshold | None,
    fitted: Fitted,
    test_fold: Vector | None,
) -> pd.DataFrame:
    """Return the table of the cross-validated predictions of the training images.

    Without folds, it has no predictions, only the labels. The stage `evaluate` reads the
    training accuracy from its attrs, which are stored in the parquet file.
    """
    if test_fold is None or fitted.cv_scores is None:  # both are, or neither
        table = images.table[["row", "label"]].copy()
    else:
        y_pred = predict_cross_validated(
            model, threshold, images.y, fitted.cv_scores, test_fold
        )
        method = response_method(model)
        table = make_predictions_table(
            images, model.classes_, method, fitted.cv_scores, y_pred, test_fold
        )

    y_train_pred = predict_from_scores(model, fitted.train_scores)
    y_train = images.y[: len(y_train_pred)]  # `fit` scores only the first ones
    table.attrs["train_accuracy"] = accuracy_score(y_train, y_train_pred)
    return table


if __name__ == "__main__":
    main()
