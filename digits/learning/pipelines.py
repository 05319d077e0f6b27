"""From the names of params.yaml to an unfitted scikit-learn pipeline."""

import inspect
from collections.abc import Mapping
from contextlib import suppress
from importlib import import_module
from typing import Any

from digits.core.errors import PACKAGE, PipelineError, require_choice
from digits.core.params import Experiment, Hyperparameters

from sklearn.base import ClassifierMixin, clone
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import FunctionTransformer
from sklearn.svm import SVC
from sklearn.utils import all_estimators

# Set by the pipeline: one seed for all, one score for each class, and models that do not depend on the cores.
NOT_HYPERPARAMETERS = {"decision_function_shape", "n_jobs", "random_state", "verbose", "warm_start"}
ONE_VS_REST = "one_vs_rest_svc"  # an SVM for each class, fitted in parallel; SVC alone fits one for each pair


def build(experiment: Experiment, seed: int, maximum: int = 255) -> Pipeline:
    """Return the experiment's unfitted pipeline for pixels from 0 to `maximum`; a PipelineError if a name is wrong."""
    last = classifier(experiment.classifier, experiment.hyperparameters.model_extra or {}, seed)
    return Pipeline([*features(experiment.features, maximum), ("classifier", last)])


def features(name: str, maximum: int = 255) -> list[tuple[str, Any]]:
    """Return the steps of a module of digits/features/, unfitted; functions with a `maximum` get it."""
    require_choice("features", name, (path.stem for path in PACKAGE.glob("features/*.py")))
    steps = [(step, clone(estimator)) for step, estimator in import_module(f"digits.features.{name}").STEPS]
    for _, estimator in steps:
        if isinstance(estimator, FunctionTransformer) and "maximum" in inspect.signature(estimator.func).parameters:
            estimator.set_params(kw_args={**(estimator.kw_args or {}), "maximum": maximum})
    return steps


def classifier(name: str, hyperparameters: Mapping[str, Any], seed: int) -> Any:
    """Return a new classifier, `one_vs_rest_svc` or one of scikit-learn such as `svm.SVC`, with the seed."""
    kind = SVC if name == ONE_VS_REST else find(name)
    accepted = set(inspect.signature(kind).parameters)
    valid = accepted - NOT_HYPERPARAMETERS | {*Hyperparameters.model_fields}
    for hyperparameter in hyperparameters:
        require_choice(f"hyperparameters of {name}", hyperparameter, valid)
    # Without `break_ties`, classes with equally many votes would have equal scores.
    ours = {key: value for key, value in (("random_state", seed), ("break_ties", True)) if key in accepted}
    try:
        estimator = kind(**{**ours, **hyperparameters})
        estimator._validate_params()  # as `fit` does, but before the wait
    except (ValueError, TypeError) as error:
        raise PipelineError(f"hyperparameters of {name}: {error}") from None
    return OneVsRestClassifier(estimator) if name == ONE_VS_REST else estimator


def find(name: str) -> Any:
    """Return scikit-learn's class of a name such as `svm.SVC`; a PipelineError if it is not a classifier."""
    module, _, title = f"sklearn.{name}".rpartition(".")
    with suppress(ImportError, AttributeError, TypeError):
        if issubclass(kind := getattr(import_module(module), title), ClassifierMixin):
            return kind
    valid = {f"{kind.__module__.split('.')[1]}.{title}" for title, kind in all_estimators("classifier")}
    require_choice("classifier (scikit-learn.org/stable/api lists all)", name, {*valid, ONE_VS_REST} - {name})
    raise AssertionError  # `require_choice` has raised
