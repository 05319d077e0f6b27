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

# An SVC per class, each against all other classes, fitted in parallel: `make_classifier` puts
# the SVC into a OneVsRestClassifier. `svm.SVC` itself fits one SVC per pair of classes.
ONE_VS_REST_SVC = "one_vs_rest_svc"

# The classifiers with names of this project. Hyperparameters are arguments of these classes.
BUILT_IN_CLASSIFIERS = {ONE_VS_REST_SVC: SVC, "augmented_svc": AugmentedSVC}

# Arguments that params.yaml cannot set as hyperparameters.
RESERVED_ARGUMENTS = {
    "decision_function_shape",  # it would change the shape of the scores
    "features",  # a key of the model sets it
    "n_jobs",  # the model could depend on the machine
    "random_state",  # it is the seed
    "warm_start",  # the model could depend on an earlier fit
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
    # `threshold` is not an argument, but the error message may suggest it.
    valid = (argument_names | Hyperparameters.model_fields.keys()) - RESERVED_ARGUMENTS
    for hyperparameter in hyperparameters:
        if has_kwargs and hyperparameter not in RESERVED_ARGUMENTS:
            continue  # `**kwargs` may accept names that were not found
        check_choice(f"hyperparameters of {name}", hyperparameter, valid)

    arguments = dict(hyperparameters)
    if "random_state" in argument_names:
        arguments["random_state"] = seed
    if "break_ties" in argument_names:  # an SVC then predicts the class with the highest score
        arguments.setdefault("break_ties", True)
    try:
        classifier = classifier_class(**arguments)
        # Validate now, because `fit` would report an error minutes later. There is no public
        # method.
        if hasattr(classifier, "_parameter_constraints"):
            classifier._validate_params()
    except (ValueError, TypeError) as error:
        raise UserError(f"hyperparameters of {name}: {error}") from error
    return OneVsRestClassifier(classifier) if name == ONE_VS_REST_SVC else classifier


def find_arguments(name: str, classifier_class: Any) -> tuple[set[str], bool]:
    """Return the names of a classifier's arguments, and whether it has `**kwargs`.

    The names are those of the signature and of `get_params`, because either may lack some. For
    CatBoost's classes, only the signature names all arguments. For `xgboost.XGBClassifier`,
    only `get_params` names the arguments that belong to `**kwargs`.
    """
    try:
        params = classifier_class().get_params(deep=False)
    except TypeError:
        raise UserError(
            f"classifier: {name} is made of other estimators, which params.yaml cannot "
            "describe; write a class that makes it (docs/extending.md)"
        ) from None
    signature = inspect.signature(classifier_class)
    kinds = {parameter.kind for parameter in signature.parameters.values()}
    return {*signature.parameters, *params}, inspect.Parameter.VAR_KEYWORD in kinds


def import_classifier(name: str) -> Any:
    """Return the class of a classifier.

    Args:
        name: a key of BUILT_IN_CLASSIFIERS, or the import path of a class, such as
            `xgboost.XGBClassifier`. scikit-learn's paths are without the leading `sklearn.`.

    Raises:
        UserError: there is no such classifier. The message names similar ones.
    """
    if name in BUILT_IN_CLASSIFIERS:
        return BUILT_IN_CLASSIFIERS[name]
    found = import_class(name)
    if is_classifier_class(found):
        return found

    valid = list(BUILT_IN_CLASSIFIERS)
    for class_name, classifier_class in all_estimators("classifier"):
        module_name = classifier_class.__module__.split(".")[1]
        valid.append(f"{module_name}.{class_name}")
    prefix = "classifier (scikit-learn.org/stable/api lists all)"
    raise unknown_choice_error(prefix, name, valid)
