"""Build the scikit-learn pipeline of a model from its entry of params.yaml."""

import inspect
import math
from collections.abc import Callable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from pydantic import ConfigDict, ValidationError, validate_call
from sklearn.pipeline import Pipeline

from digits.core.images import ImageFormat
from digits.learning.classifiers.augmented_svc import AugmentedSVC
from digits.learning.estimators import make_classifier
from digits.learning.network_features import NETWORK, WEIGHT, takes_network, with_network
from digits.learning.stateless import separate_stateless_steps
from digits.messages.errors import UserError, check_choice
from digits.settings.params import ModelParams
from digits.settings.params_file import describe_error

FEATURES_FOLDER = Path(__file__).parent.parent / "features"


def build_pipeline(model_params: ModelParams, image_format: ImageFormat, seed: int) -> Pipeline:
    """Return the unfitted pipeline of a model: the steps of its features, and its classifier.

    Args:
        model_params: the entry of params.yaml.
        image_format: what all images of the dataset share.
        seed: the seed of the classifier's random numbers.

    Raises:
        UserError: the features, the classifier or a hyperparameter does not exist, or does not
            suit the images.
    """
    name = model_params.classifier
    features = build_features(
        model_params.features, model_params.feature_parameters, image_format
    )
    check_module(name, model_params.features)
    classifier = make_classifier(name, model_params.hyperparameters.arguments, seed)
    if not isinstance(classifier, AugmentedSVC):
        return Pipeline([*features.steps, ("classifier", classifier)])

    # AugmentedSVC computes the features itself, because it deforms pixels and not features.
    if takes_network(model_params):
        raise UserError(f"classifier: {name} takes pixels, not a network's features")
    height, width, *channels = image_format.shape
    if channels or height != width:
        raise UserError(f"classifier: {name} deforms grey, square images only")
    return Pipeline([("classifier", classifier.set_params(features=features))])


def check_module(classifier: str, features: str) -> None:
    """Check that a classifier in a module of features is used with these features.

    In dvc.yaml, a model depends on the module of its own features, and on no other module of
    features. DVC would not notice an edit of another one.
    """
    prefix = "digits.features."
    module = classifier.removeprefix(prefix).split(".")[0]
    if classifier.startswith(prefix) and module != features:
        raise UserError(f"classifier: {classifier} needs `features: {module}`, not {features}")


def build_features(
    name: str, parameters: Mapping[str, Any], image_format: ImageFormat
) -> Pipeline:
    """Return the unfitted steps that compute a set of features.

    Args:
        name: the set, such as `raw` for digits/features/raw.py.
        parameters: the `feature_parameters` of the model: arguments of `make_features` in that
            module, and `weight_beside_network`.
        image_format: what all images share. `make_features` takes those of its values that it
            needs.
    """
    check_choice("features", name, [path.stem for path in FEATURES_FOLDER.glob("*.py")])
    make_features = import_module(f"digits.features.{name}").make_features
    argument_names = inspect.signature(make_features).parameters.keys()
    format_values = image_format._asdict()
    allowed = argument_names - format_values.keys()
    if name != NETWORK:
        allowed.add(WEIGHT)
    where = f"feature_parameters of {name}"
    for parameter in parameters:
        check_choice(where, parameter, allowed)

    values = {**format_values, **parameters}
    arguments = {key: value for key, value in values.items() if key in argument_names}
    features = call_validated(where, make_features, arguments)
    if WEIGHT not in parameters:
        return features
    stateless_steps, learning_steps = separate_stateless_steps(features)
    arguments = {
        "other_features": stateless_steps,
        WEIGHT: parameters[WEIGHT],
        "n_values": math.prod(image_format.shape),
        "n_network_features": image_format.n_network_features,
    }
    both = call_validated(where, with_network, arguments)
    return Pipeline([("features", both), *learning_steps.steps])


def call_validated(where: str, function: Callable[..., Any], arguments: dict[str, Any]) -> Any:
    """Call a function after pydantic has checked the arguments against its annotations.

    Raises:
        UserError: an argument is not valid. The message begins with `where`.
    """
    validate = validate_call(config=ConfigDict(strict=True, arbitrary_types_allowed=True))
    try:
        return validate(function)(**arguments)
    except ValidationError as invalid:
        error = invalid.errors()[0]
        raise UserError(f"{where}: {error['loc'][0]}: {describe_error(error)}") from None
