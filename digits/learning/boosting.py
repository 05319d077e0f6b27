"""Gradient boosting of trees that gives the same model on any number of cores."""

from typing import Any, Self

from sklearn.ensemble import HistGradientBoostingClassifier
from threadpoolctl import threadpool_limits


class SingleThreadedBoosting(HistGradientBoostingClassifier):  # type: ignore[misc]
    """scikit-learn's, fitted by one thread: several sum in another order, and their number is in the model's file."""

    def fit(self, X: Any, y: Any) -> Self:  # noqa: N803
        """Fit to X, shape (rows, features), and y, shape (rows,)."""
        with threadpool_limits(1, user_api="openmp"):
            return super().fit(X, y)
