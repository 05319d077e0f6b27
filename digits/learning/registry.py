"""Pipelines from the names that params.yaml uses.

`features` names a module of `digits/features/`, which has `STEPS`, the unfitted steps of a scikit-learn `Pipeline`.
`classifier` names a class below `sklearn`, such as `svm.SVC`, or one of `classifiers.OURS`.
"""

import inspect
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from pkgutil import iter_modules
from typing import Any

from digits import features as sets
from digits.learning import deformation, thresholds
from digits.learning.classifiers import OURS, Classifier, load
from digits.support import rooms
from digits.support.errors import ParameterError, require_choice, shorten
from digits.support.parameters import Experiment

from sklearn.base import ClassifierMixin, clone
from sklearn.pipeline import Pipeline
from sklearn.utils import all_estimators

# Set by the pipeline: there is one seed for all, one score for each class, and the cores must not change a model.
NOT_HYPERPARAMETERS = {"decision_function_shape", "n_jobs", "random_state", "verbose", "warm_start"}


def feature_names() -> list[str]:
    """Return the names of all sets of features."""
    return sorted(module.name for module in iter_modules(sets.__path__))


def features(name: str, maximum: int = 255) -> list[tuple[str, Any]]:
    """Return new, unfitted pipeline steps; those that have a parameter `maximum` get the largest value of a pixel."""
    require_choice("features", name, feature_names())
    steps = [(step, clone(estimator)) for step, estimator in import_module(f"digits.features.{name}").STEPS]
    for _, estimator in steps:
        if "maximum" in estimator.get_params():
            estimator.set_params(maximum=maximum)
    return steps


def classifier(name: str, hyperparameters: Mapping[str, Any], seed: int) -> Any:
    """Return a new, unfitted classifier, its `random_state` the seed.

    Raises a ParameterError if it or a hyperparameter does not exist, or a value is wrong, then in scikit-learn's words.
    """
    found = _find(name)
    kind = load(found.estimator)
    accepted = set(inspect.signature(kind).parameters)
    for hyperparameter in hyperparameters:
        require_choice(f"hyperparameters of {name}", hyperparameter, accepted - NOT_HYPERPARAMETERS)
    try:
        estimator = kind(**hyperparameters)
        if "random_state" in accepted:
            estimator.set_params(random_state=seed)
        if "break_ties" in accepted:  # else several classes with as many votes are not told apart by their scores
            estimator.set_params(break_ties=hyperparameters.get("break_ties", True))
        estimator._validate_params()  # as `fit` does, but before the wait
    except (ValueError, TypeError) as error:
        raise ParameterError(shorten(str(error))) from None
    return load(found.wrap)(estimator) if found.wrap else estimator


def is_partial(name: str) -> bool:
    """Tell whether a classifier is fitted incrementally, by `partial_fit`."""
    return _find(name).is_partial


def build(experiment: Experiment, seed: int, maximum: int = 255) -> Pipeline:
    """Return the experiment's unfitted pipeline for pixels from 0 to `maximum`: its features, then its classifier."""
    deformation.require_copies(experiment)
    ours = {thresholds.NAME, deformation.NAME}
    hyperparameters = {key: value for key, value in experiment.hyperparameters.items() if key not in ours}
    last = classifier(experiment.classifier, hyperparameters, seed)
    if is_partial(experiment.classifier):
        rooms.load("scale.partial", f"classifier: {experiment.classifier}").require_incremental(experiment, last)
    return Pipeline([*features(experiment.features, maximum), ("classifier", last)])


def _find(name: str) -> Classifier:
    """Return the classifier of a name; a ParameterError suggests the nearest and lists all."""
    if name in OURS:
        return OURS[name]
    with suppress(ImportError, AttributeError, TypeError):
        if issubclass(load(f"sklearn.{name}"), ClassifierMixin):
            return Classifier(f"sklearn.{name}")
    sklearns = {f"{found.__module__.split('.')[1]}.{title}" for title, found in all_estimators("classifier")}
    require_choice("classifier", name, sklearns.union(OURS) - {name})
    raise AssertionError  # `require_choice` has raised
