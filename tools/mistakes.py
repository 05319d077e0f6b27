"""A model's predictions of the test part, and its mistakes in the order of its confidence in them."""

import numpy as np
import pyarrow as pa

from digits.common import parquet, paths, tables
from digits.common.errors import PipelineError
from digits.common.files import require
from digits.common.tables import PREDICTIONS, Vector


def read_predictions(experiment: str, images: int) -> pa.Table:
    """Read an experiment's predictions.

    Args:
        experiment: its name.
        images: how many its dataset has now.

    Raises:
        PipelineError: they are not here, are damaged, or are about images that the dataset does not have.
    """
    path = paths.predictions(experiment)
    require(path, f"evaluate@{experiment}")
    table = parquet.read(path, PREDICTIONS)
    if (last := tables.column(table, "row").max()) >= images:
        raise PipelineError(f"{path} is about a row {last}, the dataset has {images}; {parquet.REMEDY}")
    return table


def most_confident(predictions: pa.Table) -> tuple[Vector, Vector]:
    """Order mistakes by how far the score of the predicted class stood above the next one's, or from the threshold.

    Args:
        predictions: a table that meets `tables.PREDICTIONS`.

    Returns:
        The positions of the mistakes, the most confident first, and for each the share (0 to 1) of the right
        predictions in which the model was less confident: scores of every kind can be told so.
    """
    from digits.learning.models import threshold  # which imports scikit-learn: a second that `show` seldom needs

    y_true, y_pred = tables.column(predictions, "label"), tables.column(predictions, "prediction")
    scores = tables.scores(predictions)
    if scores.ndim == 1:
        confidence = np.abs(scores - threshold(tables.metadata(predictions.schema)["method"]))
    else:
        second, first = np.partition(scores, (-2, -1), axis=1)[:, -2:].T
        confidence = first - second
    wrong = np.flatnonzero(y_true != y_pred)
    mistakes = wrong[np.argsort(-confidence[wrong], kind="stable")]
    right = np.sort(confidence[y_true == y_pred])
    return mistakes, np.searchsorted(right, confidence[mistakes]) / max(len(right), 1)
