"""Read predictions, and describe them in words."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from digits.core import paths, tables
from digits.core.pixels import Vector
from digits.core.predictions import SCORE_COLUMN_PATTERN, read_scores
from digits.messages.errors import UserError, check_exists
from digits.results.numbers import format_percent


def read_predictions(model_name: str, subset: str = "test") -> pd.DataFrame:
    """Return the predictions of a model for the test images.

    For the subset `train`, return the cross-validated predictions of the training images.

    Raises:
        UserError: the file is missing, or the model was not cross-validated.
    """
    if subset == "test":
        path = paths.predictions(model_name)
    else:
        path = paths.cv_predictions(model_name)
    check_exists(path, f"train@{model_name}", f"evaluate@{model_name}")
    table = tables.read(path)
    if "prediction" not in table:
        raise UserError(
            f"{model_name} has no folds, so it has predictions of its test set only"
        )
    return table


def rank_mistakes(predictions: pd.DataFrame) -> Vector:
    """Return the positions of the wrong predictions in a table, the most confident first."""
    is_wrong = (predictions["label"] != predictions["prediction"]).to_numpy()
    ranking = np.argsort(-compute_margins(predictions), kind="stable")
    return ranking[is_wrong[ranking]]


def compute_margins(predictions: pd.DataFrame) -> Vector:
    """Return the highest score minus the second highest of each image, shape (n_images,).

    With two classes, it is how far the score is on the side of the predicted class. It is
    negative if the model has a decision threshold by which it predicts the less probable class.
    """
    scores, response_method = read_scores(predictions)
    if scores.ndim == 2:
        sorted_scores = np.sort(scores, axis=1)
        return sorted_scores[:, -1] - sorted_scores[:, -2]
    middle = 0.5 if response_method == "predict_proba" else 0
    [positive_label] = labels_of_scores(predictions)
    is_positive = predictions["prediction"] == positive_label
    return np.where(is_positive, scores - middle, middle - scores)


def labels_of_scores(predictions: pd.DataFrame) -> list[int]:
    """Return the label that each column of scores in a table of predictions belongs to."""
    names = predictions.filter(regex=SCORE_COLUMN_PATTERN).columns
    labels = names.str.extract(r"(\d+)$", expand=False)  # 3 in decision_3
    return labels.astype(int).tolist()


def calibration_warning(model_name: str) -> str:
    """Return the warning that the probabilities of a model are not calibrated."""
    return (
        f"not calibrated: {model_name} has no folds to fit its probabilities on, or has not "
        "been evaluated"
    )


def describe_prediction(
    label_name: str, probability: str, actual_name: str | None = None
) -> str:
    """Return a prediction in words, such as `8, predicted 8 (97 %)`.

    `probability` is the text in parentheses. `actual_name` is what the image shows, or None if
    it is unknown.
    """
    prediction = f"predicted {label_name} ({probability})"
    if actual_name is None:
        return prediction
    return f"{actual_name}, {prediction}"


def describe_predictions(
    predictions: pd.DataFrame,
    actual_names: Sequence[str],
    names: Sequence[str],
    temperature: float | None,
) -> list[str]:
    """Return each prediction in words, such as `8, predicted 8 (97 %)`.

    `actual_names` are what the images show, and `names` those of the labels. Without a
    temperature, the probabilities are the model's own.
    """
    # SciPy is slow to import, and most commands need no probabilities.
    from digits.evaluation.calibration import calibrate, to_logits

    y_pred = predictions["prediction"].to_numpy()
    scores, response_method = read_scores(predictions)
    probabilities = calibrate(to_logits(scores, response_method), temperature)
    labels = labels_of_scores(predictions)
    # Find the column of `probabilities` that belongs to each prediction.
    if len(labels) == 1:  # only the second of two labels has a column of scores
        columns = (y_pred == labels[0]).astype(int)
    else:
        columns = np.searchsorted(labels, y_pred)
    confidences = probabilities[np.arange(len(y_pred)), columns]
    percents = [format_percent(confidence) for confidence in confidences]
    predicted_names = [names[label] for label in y_pred]
    parts = zip(predicted_names, percents, actual_names, strict=True)
    return [describe_prediction(*texts) for texts in parts]
