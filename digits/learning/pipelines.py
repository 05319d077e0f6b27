"""Build the scikit-learn pipeline of a model from its entry of params.yaml."""

import inspect
from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from types import ModuleType
from typing import Any

from pydantic import ConfigDict, ValidationError, validate_call
from sklearn.pipeline import Pipeline

from digits.core.images import ImageFormat
from digits.learning.classifiers.augmented_svc import AugmentedSVC
from digits.learning.estimators import make_classifier
from digits.learning.network_features import NETWORK, WEIGHT, combine_with_network, uses_network
from digits.messages.errors import UserError, check_choice
from digits.security.importing import is_installed
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
    check_features_of_classifier(name, model_params.features)
    classifier = make_classifier(name, model_params.hyperparameters.arguments, seed)
    if not isinstance(classifier, AugmentedSVC):
        return Pipeline([*features.steps, ("classifier", classifier)])

    # AugmentedSVC deforms the pixels before their features are computed. The features are
    # therefore its argument, instead of the first steps of the pipeline.
    if uses_network(model_params):
        raise UserError(f"classifier: {name} takes pixels, not a network's features")
    height, width, *channels = image_format.shape
    if channels or height != width:
        raise UserError(f"classifier: {name} deforms grey, square images only")
    return Pipeline([("classifier", classifier.set_params(features=features))])


def check_features_of_classifier(classifier: str, features: str) -> None:
    """Check that a classifier may be used with some features.

    A classifier defined in digits/features/x.py may only be used with `features: x`. DVC would
    not notice an edit of another module of features, because dvc.yaml does not list it.
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
        name: the set, such as `raw` for digits/features/raw.py, or the import path of a module,
            such as `own.best_pixels` (in a project made from template/).
        parameters: the `feature_parameters` of the model: arguments of `make_features` in that
            module, and `weight_beside_network`.
        image_format: what all images share. `make_features` takes those of its values that it
            needs.
    """
    make_features = import_features(name).make_features
    wanted = inspect.signature(make_features).parameters
    allowed = wanted.keys() - ImageFormat._fields
    if name != NETWORK:
        allowed.add(WEIGHT)
    where = f"feature_parameters of {name}"
    for parameter in parameters:
        check_choice(where, parameter, allowed)

    values = {**image_format._asdict(), **parameters}
    arguments = {key: value for key, value in values.items() if key in wanted}
    features = call_validated(where, make_features, **arguments)
    if WEIGHT not in parameters:
        return features
    return call_validated(
        where,
        combine_with_network,
        features=features,
        weight_beside_network=parameters[WEIGHT],
        image_format=image_format,
    )


def import_features(name: str) -> ModuleType:
    """Return the module of a set of features.

    Raises:
        UserError: there is no such module, or its package is not installed.
    """
    if "." in name and is_installed(name.split(".")[0]) and find_spec(name):
        return import_module(name)
    check_choice("features", name, [path.stem for path in FEATURES_FOLDER.glob("*.py")])
    return import_module(f"digits.features.{name}")


def call_validated(where: str, function: Callable[..., Any], /, **arguments: Any) -> Any:
    """Call a function after pydantic has checked the arguments against its annotations.

    An annotation such as `PositiveInt` of an argument of `make_features` is checked only here.

    Raises:
        UserError: an argument is not valid. The message begins with `where`.
    """
    validate = validate_call(config=ConfigDict(strict=True, arbitrary_types_allowed=True))
    try:
        return validate(function)(**arguments)
    except ValidationError as invalid:
        error = invalid.errors()[0]
        raise UserError(f"{where}: {error['loc'][0]}: {describe_error(error)}") from None
