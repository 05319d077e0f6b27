"""Gradient boosting of trees on binned pixels."""

from typing import Any, Self

from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits


class Classifier(HistGradientBoostingClassifier):  # type: ignore[misc]
    """scikit-learn's, fitted by one thread: several sum in another order, and their number is in the model's file."""

    def fit(self, X: Any, y: Any) -> Self:  # noqa: N803
        """Fit to X, shape (rows, features), and y, shape (rows,)."""
        with threadpool_limits(1, user_api="openmp"):
            return super().fit(X, y)
