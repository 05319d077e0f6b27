"""The classifiers that are more than a class of scikit-learn; every other one goes by its name below `sklearn`."""

from importlib import import_module
from typing import Any, NamedTuple


class Classifier(NamedTuple):
    """The class that takes the hyperparameters, and what is done with it; classes are imported when they are used."""

    estimator: str
    wrap: str | None = None  # a class that an estimator of it is put into
    is_partial: bool = False  # fitted incrementally, by `partial_fit`: `max_iter` passes over all rows (digits/scale)


OURS = {
    # one machine a class, fitted in parallel; SVC's own are one a pair
    "one_vs_rest_svc": Classifier("sklearn.svm.SVC", "sklearn.multiclass.OneVsRestClassifier"),
    "partial_fit_sgd": Classifier("sklearn.linear_model.SGDClassifier", is_partial=True),
    "partial_fit_mlp": Classifier("sklearn.neural_network.MLPClassifier", is_partial=True),
}


def load(place: str) -> Any:
    """Import a class by its full name."""
    module, _, name = place.rpartition(".")
    return getattr(import_module(module), name)
