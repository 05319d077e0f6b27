"""Features and classifiers by the names that params.yaml uses: each is a module of the package of that kind.

A module of `digits/features/` has `STEPS`, the unfitted steps of a scikit-learn `Pipeline`. A module of
`digits/classifiers/` imports scikit-learn's class as `Classifier`; one with `PARTIAL_FIT` is fitted incrementally,
the scores of one with `DENSITY` are log densities, and one with `wrap` puts the classifier into another estimator. A
new module is found by itself.
"""

import inspect
from collections.abc import Mapping
from importlib import import_module
from pkgutil import iter_modules
from types import ModuleType
from typing import Any

from digits.learning import thresholds
from digits.support.errors import ParameterError, require_choice, shorten
from digits.support.parameters import Experiment

from sklearn.base import clone
from sklearn.pipeline import Pipeline

# Set by the pipeline: the seed is the file's own, the number of jobs must not change a model's bytes, and there is one
# score for each class.
NOT_HYPERPARAMETERS = {"decision_function_shape", "n_jobs", "random_state", "verbose", "warm_start"}


def names(kind: str) -> list[str]:
    """Return the names of all `features` or `classifiers`."""
    return sorted(module.name for module in iter_modules(import_module(f"digits.{kind}").__path__))


def features(name: str, maximum: int = 255) -> list[tuple[str, Any]]:
    """Return new, unfitted pipeline steps; those that have a parameter `maximum` get the largest value of a pixel."""
    steps = [(step, clone(estimator)) for step, estimator in _module("features", name).STEPS]
    for _, estimator in steps:
        if "maximum" in estimator.get_params():
            estimator.set_params(maximum=maximum)
    return steps


def classifier(name: str, hyperparameters: Mapping[str, Any], seed: int) -> Any:
    """Return a new, unfitted classifier, its `random_state` the seed.

    Raises:
        ParameterError: there is no such classifier, it has no such hyperparameter, or a value is of the wrong type or
            out of range, in scikit-learn's words.
    """
    module = _module("classifiers", name)
    accepted = set(inspect.signature(module.Classifier).parameters)
    for hyperparameter in hyperparameters:
        require_choice(f"hyperparameters of {name}", hyperparameter, accepted - NOT_HYPERPARAMETERS)
    estimator = module.Classifier(**hyperparameters)
    if "random_state" in accepted:
        estimator.set_params(random_state=seed)
    try:
        # scikit-learn checks values only in `fit`; its own check, called early, spares a user the wait.
        estimator._validate_params()
    except ValueError as error:
        raise ParameterError(shorten(str(error))) from None
    if is_partial(name):
        if "max_iter" not in hyperparameters:
            raise ParameterError(f"hyperparameters of {name}: max_iter is missing; how often to go through all rows")
        if not hasattr(estimator, "partial_fit"):
            fault = f"with solver: {estimator.solver} it cannot be fitted incrementally"
            raise ParameterError(f"hyperparameters of {name}: {fault}; use adam or sgd")
    return module.wrap(estimator) if hasattr(module, "wrap") else estimator


def is_partial(name: str) -> bool:
    """Tell whether a classifier is fitted incrementally, by `partial_fit`."""
    return getattr(_module("classifiers", name), "PARTIAL_FIT", False)


def is_density(name: str) -> bool:
    """Tell whether a classifier's scores of several classes are log densities, small for what is like none of them."""
    return getattr(_module("classifiers", name), "DENSITY", False)


def build(experiment: Experiment, seed: int, maximum: int = 255) -> Pipeline:
    """Return the experiment's unfitted pipeline for pixels from 0 to `maximum`: its features, then its classifier."""
    hyperparameters = {key: value for key, value in experiment.hyperparameters.items() if key != thresholds.NAME}
    last = classifier(experiment.classifier, hyperparameters, seed)
    return Pipeline([*features(experiment.features, maximum), ("classifier", last)])


def _module(kind: str, name: str) -> ModuleType:
    require_choice({"classifiers": "classifier"}.get(kind, kind), name, names(kind))
    return import_module(f"digits.{kind}.{name}")
