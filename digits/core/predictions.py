"""The table of a model's predictions of labelled images. docs/pipeline.md has its columns."""

import pandas as pd

from digits.core.images import Images
from digits.core.pixels import Scores, Vector

# The prefix of the columns of scores, by response method.
COLUMN_PREFIXES = {"decision_function": "decision", "predict_proba": "probability"}
SCORE_COLUMN_PATTERN = r"^(decision|probability)_\d+$"


def make_predictions_table(
    images: Images,
    classes: Vector,
    response_method: str,
    scores: Scores,
    y_pred: Vector,
    test_fold: Vector | None = None,
) -> pd.DataFrame:
    """Return a table of predictions.

    Args:
        images: the labelled images, whose `row`, `file`, `group` and `label` are copied.
        classes: the labels of the model, sorted.
        response_method: the method of the model that gives its scores.
        scores: the scores of the images.
        y_pred: the predicted labels, shape (n_images,).
        test_fold: the fold in which each image was held out, or None for test images.
    """
    copied_columns = ["row", "file", "group", "label"]
    table = images.table[[name for name in copied_columns if name in images.table]].copy()
    if test_fold is not None:
        table["fold"] = test_fold
    table["prediction"] = y_pred

    prefix = COLUMN_PREFIXES[response_method]
    # A binary model gives one score per image, that of the second class.
    labels = classes[1:] if scores.ndim == 1 else classes
    score_table = pd.DataFrame(
        scores.reshape(len(scores), len(labels)).astype(float),
        columns=[f"{prefix}_{label}" for label in labels],
    )
    predictions = table.join(score_table)
    predictions.attrs = table.attrs  # `join` drops them
    return predictions


def read_scores(predictions: pd.DataFrame) -> tuple[Scores, str]:
    """Return the scores in a table of predictions, and their response method."""
    score_table = predictions.filter(regex=SCORE_COLUMN_PATTERN)
    scores = score_table.to_numpy()
    if scores.shape[1] == 1:
        scores = scores[:, 0]
    if score_table.columns[0].startswith("decision_"):
        return scores, "decision_function"
    return scores, "predict_proba"
