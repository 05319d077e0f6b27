"""The confusion matrix as a table."""

import numpy as np
import pandas as pd
from sklearn.metrics import confusion_matrix

from digits.evaluation.predictions import Predictions


def confusion_table(predictions: Predictions) -> pd.DataFrame:
    """Count the images of each actual class by their predicted class.

    Returns:
        A table with the columns `actual`, `predicted`, `count`, and `share`, the fraction of
        the images of the actual class, 0 to 1.
    """
    counts = confusion_matrix(
        predictions.y_true, predictions.y_pred, labels=predictions.classes
    )
    support = np.maximum(counts.sum(axis=1, keepdims=True), 1)  # avoids 0 / 0
    names = predictions.class_names
    pairs = pd.MultiIndex.from_product([names, names], names=["actual", "predicted"])
    columns = {"count": counts.ravel(), "share": (counts / support).ravel()}
    return pd.DataFrame(columns, index=pairs).reset_index()
