"""The classifier registry: scikit-learn's classifiers under the names that params.yaml uses.

A new entry is one line in `CLASSIFIERS`: a name, the module and the class.
"""

import inspect
from collections.abc import Mapping
from importlib import import_module
from typing import Any

from digits.common.cli import ParameterError
from digits.common.parameters import choose

CLASSIFIERS = {
    "dummy": ("sklearn.dummy", "DummyClassifier"),
    "extra-trees": ("sklearn.ensemble", "ExtraTreesClassifier"),
    "k-neighbors": ("sklearn.neighbors", "KNeighborsClassifier"),
    "logistic-regression": ("sklearn.linear_model", "LogisticRegression"),
    "mlp": ("sklearn.neural_network", "MLPClassifier"),
    "one-vs-rest-svc": ("sklearn.svm", "SVC"),
    "partial-fit-mlp": ("sklearn.neural_network", "MLPClassifier"),
    "partial-fit-sgd": ("sklearn.linear_model", "SGDClassifier"),
    "sgd": ("sklearn.linear_model", "SGDClassifier"),
    "svc": ("sklearn.svm", "SVC"),
}
# One machine for each class against all others, fitted side by side; `SVC` itself fits one for each pair of classes.
ONE_VS_REST = {"one-vs-rest-svc"}
# Fitted some rows at a time (learning/partial.py), `max_iter` times over all of them, so that they need not fit into
# memory; all others are fitted at once.
PARTIAL_FIT = {"partial-fit-mlp", "partial-fit-sgd"}
# Set by the pipeline: the seed is the file's own, the number of jobs must not change a model's bytes, and there is one
# score for each class.
NOT_HYPERPARAMETERS = {"decision_function_shape", "n_jobs", "random_state", "verbose", "warm_start"}


def build(name: str, hyperparameters: Mapping[str, Any], seed: int) -> Any:
    """Return a new, unfitted classifier.

    Args:
        name: one of `CLASSIFIERS`.
        hyperparameters: passed to the class.
        seed: its `random_state`, where it has one.

    Raises:
        ParameterError: there is no such classifier, it has no such hyperparameter, or a value is of the wrong type or
            out of range, in scikit-learn's words.
    """
    choose("classifier", name, CLASSIFIERS)
    module, class_name = CLASSIFIERS[name]
    classifier = getattr(import_module(module), class_name)
    accepted = set(inspect.signature(classifier).parameters)
    for hyperparameter in hyperparameters:
        choose(f"hyperparameters of {name}", hyperparameter, accepted - NOT_HYPERPARAMETERS)
    estimator = classifier(**hyperparameters)
    if "random_state" in accepted:
        estimator.set_params(random_state=seed)
    try:
        # scikit-learn checks values only in `fit`; its own check, called early, spares a user the wait.
        estimator._validate_params()
    except ValueError as error:
        raise ParameterError(str(error)) from None
    if name in PARTIAL_FIT and "max_iter" not in hyperparameters:
        raise ParameterError(f"hyperparameters of {name}: max_iter is missing; how many times to go through all rows")
    if name in PARTIAL_FIT and not hasattr(estimator, "partial_fit"):
        raise ParameterError(
            f"hyperparameters of {name}: with solver: {estimator.solver} it cannot be fitted some rows at a time; "
            "use adam or sgd"
        )
    if name in ONE_VS_REST:
        return import_module("sklearn.multiclass").OneVsRestClassifier(estimator)
    return estimator
