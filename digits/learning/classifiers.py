"""The classifiers that need code of ours; every other one is scikit-learn's, by its name below `sklearn`."""

from collections.abc import Callable
from typing import Any, NamedTuple, Self

from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.linear_model import SGDClassifier
from sklearn.multiclass import OneVsRestClassifier
from sklearn.neural_network import MLPClassifier
from sklearn.svm import SVC
from threadpoolctl import threadpool_limits


class SingleThreadedBoosting(HistGradientBoostingClassifier):  # type: ignore[misc]
    """scikit-learn's, fitted by one thread: several sum in another order, and their number is in the model's file."""

    def fit(self, X: Any, y: Any) -> Self:  # noqa: N803
        """Fit to X, shape (rows, features), and y, shape (rows,)."""
        with threadpool_limits(1, user_api="openmp"):
            return super().fit(X, y)


class Classifier(NamedTuple):
    """A class that takes the hyperparameters, and what is done with it."""

    estimator: type
    wrap: Callable[[Any], Any] | None = None  # puts an estimator of it into another one
    is_partial: bool = False  # fitted incrementally, by `partial_fit`: `max_iter` passes over all rows (digits/scale)


OURS = {
    "one_vs_rest_svc": Classifier(SVC, OneVsRestClassifier),  # one machine a class, in parallel; SVC's own: one a pair
    "ensemble.HistGradientBoostingClassifier": Classifier(SingleThreadedBoosting),
    "partial_fit_sgd": Classifier(SGDClassifier, is_partial=True),
    "partial_fit_mlp": Classifier(MLPClassifier, is_partial=True),
}
