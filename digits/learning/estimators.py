"""Make the classifier that a model of params.yaml names."""

import inspect
from collections.abc import Mapping
from typing import Any

from sklearn.multiclass import OneVsRestClassifier
from sklearn.svm import SVC
from sklearn.utils import all_estimators

from digits.learning.classifiers.augmented_svc import AugmentedSVC
from digits.messages.errors import UserError, check_choice, unknown_choice_error
from digits.security.importing import import_class, is_classifier_class
from digits.settings.params import Hyperparameters

# The classifiers with names of this project. Hyperparameters are arguments of these classes.
OWN_CLASSIFIERS = {
    # An SVC per class, each against all other classes, fitted in parallel. `svm.SVC` itself
    # fits one per pair of classes.
    "one_vs_rest_svc": SVC,
    # As above, but fitted also on deformed copies of the images.
    "augmented_svc": AugmentedSVC,
}
ONE_VS_REST = {"one_vs_rest_svc"}  # the classifiers that are made once for each class

# Arguments of classifiers that cannot be set as hyperparameters. `random_state` is the seed,
# and `features` is a key of the model. `decision_function_shape` would change the shape of the
# scores. With `n_jobs` or `warm_start`, a model could depend on the machine or an earlier fit.
RESERVED_ARGUMENTS = {
    "decision_function_shape",
    "features",
    "n_jobs",
    "random_state",
    "warm_start",
}


def make_classifier(name: str, hyperparameters: Mapping[str, Any], seed: int) -> Any:
    """Return an unfitted classifier.

    Args:
        name: the `classifier` of a model in params.yaml.
        hyperparameters: its arguments.
        seed: its `random_state`, if it has one.

    Raises:
        UserError: there is no such classifier, or an argument is unknown or not valid.
    """
    classifier_class = import_classifier(name)
    argument_names, has_kwargs = find_arguments(name, classifier_class)
    valid = (argument_names - RESERVED_ARGUMENTS) | Hyperparameters.model_fields.keys()
    for hyperparameter in hyperparameters:
        # A classifier with `**kwargs` may know more names than its signature tells.
        if not has_kwargs or hyperparameter in RESERVED_ARGUMENTS:
            check_choice(f"hyperparameters of {name}", hyperparameter, valid)

    arguments = dict(hyperparameters)
    if "random_state" in argument_names:
        arguments["random_state"] = seed
    if "break_ties" in argument_names:  # an SVC then predicts the class with the highest score
        arguments.setdefault("break_ties", True)
    try:
        classifier = classifier_class(**arguments)
        # Find now what `fit` would find minutes later. scikit-learn has no public way to do it.
        if hasattr(classifier, "_parameter_constraints"):
            classifier._validate_params()
    except (ValueError, TypeError) as error:
        raise UserError(f"hyperparameters of {name}: {error}") from error
    return OneVsRestClassifier(classifier) if name in ONE_VS_REST else classifier


def find_arguments(name: str, classifier_class: Any) -> tuple[set[str], bool]:
    """Return the names of a classifier's arguments, and whether it has `**kwargs`.

    `get_params` of classes such as `xgboost.XGBClassifier` also returns names of arguments that
    belong to `**kwargs`.
    """
    try:
        defaults = classifier_class().get_params(deep=False)
    except TypeError:
        raise UserError(
            f"classifier: {name} is made of other estimators, which params.yaml cannot "
            "describe; write a class that makes it (docs/extending.md)"
        ) from None
    parameters = inspect.signature(classifier_class).parameters
    kinds = {parameter.kind for parameter in parameters.values()}
    return {*parameters, *defaults}, inspect.Parameter.VAR_KEYWORD in kinds


def import_classifier(name: str) -> Any:
    """Return the class of a classifier.

    Args:
        name: a key of OWN_CLASSIFIERS, or the import path of a class, such as
            `xgboost.XGBClassifier`. scikit-learn's is without its leading `sklearn.`.

    Raises:
        UserError: there is no such classifier. The message names similar ones.
    """
    if name in OWN_CLASSIFIERS:
        return OWN_CLASSIFIERS[name]
    package, _, class_path = name.partition(".")
    if package and class_path:
        found = import_class(name, package)
        if is_classifier_class(found):
            return found

    valid = list(OWN_CLASSIFIERS)
    for class_name, classifier_class in all_estimators("classifier"):
        module_name = classifier_class.__module__.split(".")[1]
        valid.append(f"{module_name}.{class_name}")
    where = "classifier (scikit-learn.org/stable/api lists all)"
    raise unknown_choice_error(where, name, valid)
