"""Build the scikit-learn pipeline of a model from its entry of params.yaml."""

import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, PositiveFloat, ValidationError, validate_call
from sklearn.compose import ColumnTransformer
from sklearn.multiclass import OneVsRestClassifier
from sklearn.pipeline import Pipeline
from sklearn.preprocessing import Normalizer
from sklearn.svm import SVC
from sklearn.utils import all_estimators

from digits.learning.classifiers.augmented_svc import AugmentedSVC
from digits.learning.importing import import_class, is_classifier_class
from digits.learning.inputs import NETWORK, WEIGHT, scale_networks, takes_network
from digits.learning.stateless import separate_stateless_steps
from digits.messages.errors import UserError, check_choice, unknown_choice_error
from digits.settings.params import ModelParams, describe_error

FEATURES_FOLDER = Path(__file__).parent.parent / "features"

OWN_CLASSIFIERS = {
    # An SVC per class, each against all other classes, fitted in parallel. `svm.SVC` itself
    # fits one per pair of classes.
    "one_vs_rest_svc": SVC,
    # As above, but fitted also on deformed copies of the images.
    "augmented_svc": AugmentedSVC,
}

# Hyperparameters that are not passed to the classifier.
NOT_PASSED = {"passes", "threshold"}

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


def build_pipeline(
    model_params: ModelParams,
    seed: int,
    pixel_max: int,
    shape: Sequence[int],
    n_network_features: Sequence[int] = (),
) -> Pipeline:
    """Return the unfitted pipeline of a model.

    Args:
        model_params: the entry of params.yaml.
        seed: the seed of the classifier's random numbers.
        pixel_max: the largest value that a pixel can have.
        shape: the height and width of the images and, if they are in colour, the number 3.
        n_network_features: the number of features of each network of the dataset.

    Raises:
        UserError: the features, the classifier or a hyperparameter doesn't exist, or does not
            suit the shape.
    """
    name = model_params.features
    parameters = model_params.feature_parameters
    features = build_features(name, parameters, shape, pixel_max, n_network_features)
    check_module(model_params.classifier, name)
    hyperparameters = model_params.hyperparameters
    arguments = hyperparameters.model_extra or {}  # all but NOT_PASSED
    classifier = make_classifier(model_params.classifier, arguments, seed)
    # For example, an MLPClassifier with `solver: lbfgs` has no `partial_fit`.
    if hyperparameters.passes and not hasattr(classifier, "partial_fit"):
        raise UserError(
            f"hyperparameters of {model_params.classifier}: `passes` needs a classifier with "
            "`partial_fit`, such as linear_model.SGDClassifier"
        )
    if isinstance(classifier, AugmentedSVC):
        # It computes the features itself, because it deforms pixels and not features.
        if takes_network(model_params):
            raise UserError("classifier: augmented_svc takes pixels, not a network's features")
        if len(shape) == 3 or shape[0] != shape[1]:
            raise UserError("classifier: augmented_svc deforms grey, square images only")
        classifier.set_params(features=features)
        return Pipeline([("classifier", classifier)])
    return Pipeline([*features.steps, ("classifier", classifier)])


def check_module(classifier: str, features: str) -> None:
    """Check that a classifier in a module of features is used with these features.

    DVC would not notice an edit of another module, because a model depends only on the module
    of its own features.
    """
    if classifier.startswith("digits.features."):
        module = classifier.split(".")[2]
        if module != features:
            raise UserError(
                f"classifier: {classifier} needs `features: {module}`, not {features}"
            )


def build_features(
    name: str,
    parameters: Mapping[str, Any],
    shape: Sequence[int],
    pixel_max: int,
    n_network_features: Sequence[int] = (),
) -> Pipeline:
    """Return the unfitted steps that compute a set of features.

    Args:
        name: the set, such as `raw` for digits/features/raw.py.
        parameters: the `feature_parameters` of the model. They are arguments of the module's
            function `make_features`, but for `weight_beside_network`.
        shape: the height and width of the images and, if they are in colour, the number 3.
        pixel_max: the largest value that a pixel can have.
        n_network_features: the number of features of each network of the dataset.
    """
    check_choice("features", name, [path.stem for path in FEATURES_FOLDER.glob("*.py")])
    function = import_module(f"digits.features.{name}").make_features
    of_dataset = {
        "shape": shape,
        "pixel_max": pixel_max,
        "n_network_features": n_network_features,
    }
    argument_names = inspect.signature(function).parameters.keys()
    allowed = argument_names - of_dataset.keys()
    if name != NETWORK:
        allowed.add(WEIGHT)
    where = f"feature_parameters of {name}"
    for parameter in parameters:
        check_choice(where, parameter, allowed)

    values = {**of_dataset, **parameters}
    arguments = {key: values[key] for key in values if key in argument_names}
    features = call_validated(where, function, arguments)
    if WEIGHT not in parameters:
        return features
    arguments = {
        "features": features,
        WEIGHT: parameters[WEIGHT],
        "n_values": math.prod(shape),
        "n_network_features": n_network_features,
    }
    return call_validated(where, put_beside_network, arguments)


def call_validated(
    where: str, function: Callable[..., Pipeline], arguments: Mapping[str, Any]
) -> Pipeline:
    """Call a function, whose annotations say which values are allowed."""
    validate = validate_call(config=ConfigDict(strict=True, arbitrary_types_allowed=True))
    try:
        return validate(function)(**arguments)
    except ValidationError as invalid:
        error = invalid.errors()[0]
        raise UserError(f"{where}: {error['loc'][0]}: {describe_error(error)}") from None


def put_beside_network(
    features: Pipeline,
    weight_beside_network: PositiveFloat,
    n_values: int,
    n_network_features: Sequence[int] = (),
) -> Pipeline:
    """Return the unfitted steps that compute features beside those of a network.

    Each set is scaled to the norm 1 before the other features get a weight. Steps that learn
    from data, such as principal components, follow, and learn from all. The input is the
    network's features, followed by the `n_values` values of the image.
    """
    stateless, learning = separate_stateless_steps(features)
    other = Pipeline([*stateless.steps, ("normalized", Normalizer())])
    parts = [
        ("network", scale_networks(n_network_features), slice(None, -n_values)),
        ("other", other, slice(-n_values, None)),
    ]
    # A sparse matrix would not be faster, because the network's features are dense.
    weights = {"other": weight_beside_network}
    beside = ColumnTransformer(parts, transformer_weights=weights, sparse_threshold=0)
    return Pipeline([("features", beside), *learning.steps])


def make_classifier(name: str, hyperparameters: Mapping[str, Any], seed: int) -> Any:
    """Return an unfitted classifier.

    Args:
        name: the `classifier` of a model in params.yaml.
        hyperparameters: its arguments.
        seed: its `random_state`, if it has one.
    """
    classifier_class = import_classifier(name)
    argument_names, has_kwargs = find_arguments(name, classifier_class)
    valid = (argument_names - RESERVED_ARGUMENTS) | NOT_PASSED
    for hyperparameter in hyperparameters:
        if not has_kwargs or hyperparameter in RESERVED_ARGUMENTS:
            check_choice(f"hyperparameters of {name}", hyperparameter, valid)

    arguments = dict(hyperparameters)
    if "random_state" in argument_names:
        arguments["random_state"] = seed
    if "break_ties" in argument_names:  # an SVC then predicts the class with the highest score
        arguments.setdefault("break_ties", True)
    try:
        classifier = classifier_class(**arguments)
        # `fit` does the same, but minutes later. scikit-learn has no public way to do it.
        if hasattr(classifier, "_parameter_constraints"):
            classifier._validate_params()
    except (ValueError, TypeError) as error:
        raise UserError(f"hyperparameters of {name}: {error}") from error
    if name == "one_vs_rest_svc":
        return OneVsRestClassifier(classifier)
    return classifier


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
    """
    if name in OWN_CLASSIFIERS:
        return OWN_CLASSIFIERS[name]
    package, _, class_path = name.partition(".")
    found = None
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
