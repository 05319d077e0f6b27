"""Make the table of cross-validated predictions."""

from typing import Any

from digits.core.params import Threshold
from digits.core.tables import Scores, Vector
from digits.learning.scores import make_predictions_table, predict_from_scores
from digits.learning.thresholds import predict_cross_validated

import pandas as pd
from sklearn.metrics import accuracy_score
from sklearn.pipeline import Pipeline


def make_crossval_table(
    images: pd.DataFrame,
    model: Pipeline,
    threshold_rule: Threshold | None,
    test_fold: Vector | None,
    train_scores: Scores,
    cv_scores: Any,
) -> pd.DataFrame:
    """Return the table of the cross-validated predictions of the training images.

    Its attrs, which are stored in the parquet file, have the `train_accuracy`.

    Args:
        images: the table of the labelled training images.
        model: the model, fitted on all images, with its decision threshold.
        threshold_rule: the `threshold` of the model in params.yaml, or None. A rule chooses a
            threshold for each fold.
        test_fold: the fold in which each image was held out, shape (n_images,). If None, the
            table has no predictions, only the labels.
        train_scores: the scores of the first images by the model.
        cv_scores: the score of each image by the model of its fold, or None.
    """
    y = images["label"].to_numpy()
    if test_fold is None:
        table = images[["row", "label"]].copy()
    else:
        y_pred = predict_cross_validated(threshold_rule, model, y, cv_scores, test_fold)
        table = make_predictions_table(images, model, cv_scores, y_pred, test_fold)

    y_train_pred = predict_from_scores(model, train_scores)
    table.attrs["train_accuracy"] = accuracy_score(y[: len(y_train_pred)], y_train_pred)
    return table
