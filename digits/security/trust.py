"""Decide what the file of a model may create.

A file may contain only:

- the types in TRUSTED_TYPES, which skops may call with values from the file,
- estimators of scikit-learn, of this project, and of the package that has the model's
  classifier,
- functions that are defined in digits/features or digits/imaging/transforms,
- ufuncs of NumPy and SciPy.
"""

import inspect
import sys
from importlib import import_module
from typing import Any

import numpy as np
from sklearn.base import BaseEstimator

from digits.learning.skops_format import read_schema
from digits.messages.errors import UserError
from digits.security.importing import (
    find_package,
    import_class,
    is_classifier_class,
    is_installed,
)

PROTOCOL = 2  # the version of the format that skops writes

NUMBERS = {f"numpy.{number.__name__}" for number in np.sctypeDict.values()}
SPARSE = {"scipy.sparse._csr.csr_array", "scipy.sparse._csr.csr_matrix"}

# The types that each kind of node in a file may have, besides estimators and functions. All
# other kinds, such as PartialNode, are refused, because they can call anything. If you add a
# classifier of your own, add the types of its attributes.
TRUSTED_TYPES = {
    "BytearrayNode": {"builtins.bytearray"},
    "BytesNode": {"builtins.bytes"},
    "DTypeNode": {"numpy.dtype"},
    "DefaultDictNode": {"collections.defaultdict"},
    "DictNode": {"builtins.dict", "collections.OrderedDict"},
    "FunctionNode": {
        "sklearn.feature_selection._univariate_selection.chi2",
        "sklearn.feature_selection._univariate_selection.f_classif",
    },
    "ListNode": {"builtins.list"},
    "LossNode": {
        "sklearn._loss._loss.CyExponentialLoss",
        "sklearn._loss._loss.CyHalfBinomialLoss",
        "sklearn._loss._loss.CyHalfMultinomialLoss",
        "sklearn._loss._loss.CyHalfSquaredError",
        "sklearn._loss._loss.CyHuberLoss",
        "sklearn.linear_model._sgd_fast.EpsilonInsensitive",
        "sklearn.linear_model._sgd_fast.Hinge",
        "sklearn.linear_model._sgd_fast.ModifiedHuber",
        "sklearn.linear_model._sgd_fast.SquaredEpsilonInsensitive",
        "sklearn.linear_model._sgd_fast.SquaredHinge",
    },
    "NdArrayNode": {"numpy.ndarray", *NUMBERS},
    "ObjectNode": {
        "lightgbm.basic.Booster",
        "sklearn._loss.link.HalfLogitLink",
        "sklearn._loss.link.Interval",
        "sklearn._loss.link.LogitLink",
        "sklearn._loss.link.MultinomialLogit",
        "sklearn._loss.loss.ExponentialLoss",
        "sklearn._loss.loss.HalfBinomialLoss",
        "sklearn._loss.loss.HalfMultinomialLoss",
        "sklearn.calibration._CalibratedClassifier",
        "sklearn.ensemble._hist_gradient_boosting.predictor.TreePredictor",
        "sklearn.gaussian_process.kernels.ConstantKernel",
        "sklearn.gaussian_process.kernels.Product",
        "sklearn.gaussian_process.kernels.RBF",
        # PyFuncDistance64 is omitted because it would call any function.
        "sklearn.metrics._dist_metrics.BrayCurtisDistance64",
        "sklearn.metrics._dist_metrics.CanberraDistance64",
        "sklearn.metrics._dist_metrics.ChebyshevDistance64",
        "sklearn.metrics._dist_metrics.DiceDistance64",
        "sklearn.metrics._dist_metrics.EuclideanDistance64",
        "sklearn.metrics._dist_metrics.HammingDistance64",
        "sklearn.metrics._dist_metrics.JaccardDistance64",
        "sklearn.metrics._dist_metrics.ManhattanDistance64",
        "sklearn.metrics._dist_metrics.MinkowskiDistance64",
        "sklearn.metrics._dist_metrics.RogersTanimotoDistance64",
        "sklearn.metrics._dist_metrics.RussellRaoDistance64",
        "sklearn.metrics._dist_metrics.SokalMichenerDistance64",
        "sklearn.metrics._dist_metrics.SokalSneathDistance64",
        "sklearn.neighbors._ball_tree.BallTree",
        "sklearn.neighbors._kd_tree.KDTree",
        "sklearn.neural_network._stochastic_optimizers.AdamOptimizer",
        "sklearn.neural_network._stochastic_optimizers.SGDOptimizer",
        "xgboost.core.Booster",
    },
    "RandomGeneratorNode": {"numpy.random._generator.Generator"},
    "RandomStateNode": {"numpy.random.mtrand.RandomState"},
    "SetNode": {"builtins.set"},
    "SliceNode": {"builtins.slice"},
    "SparseMatrixNode": SPARSE,
    "TreeNode": {"sklearn.tree._tree.Tree"},
    "TupleNode": {"builtins.tuple"},
    "TypeNode": {
        "builtins.bool",
        "builtins.float",
        "builtins.int",
        "builtins.str",
        "collections.OrderedDict",
        *NUMBERS,
        *SPARSE,
    },
}

# The packages that are always installed. All other packages in TRUSTED_TYPES are optional.
REQUIRED_PACKAGES = {"builtins", "collections", "digits", "numpy", "scipy", "sklearn"}

# A model may hold estimators and functions that are defined in these modules. `model_file.load`
# warns if modules of a model have changed.
USER_PACKAGE = "own"
MODULES_OF_ESTIMATORS = ("digits.features.", "digits.learning.classifiers.", f"{USER_PACKAGE}.")
MODULES_OF_FUNCTIONS = ("digits.features.", "digits.imaging.transforms.", f"{USER_PACKAGE}.")


def check_types(content: bytes, classifier: str | None) -> list[str]:
    """Return the types that a file creates, after checking that they are trusted.

    Args:
        content: the content of the file.
        classifier: the `classifier` of the model in params.yaml, or None.

    Raises:
        UserError: a type is not trusted, or the classifier's package cannot be imported.
    """
    package = None
    if classifier is not None:
        package = find_package(classifier)
        if package in REQUIRED_PACKAGES or not is_classifier_class(import_class(classifier)):
            package = None  # estimators of no other package are trusted
    nodes = list_nodes(content)
    refused = [
        f"{name} ({kind})" for kind, name in nodes if not is_trusted(kind, name, package)
    ]
    if refused:
        raise UserError(
            f"the model holds {', '.join(refused)}, which TRUSTED_TYPES of {__name__} "
            "does not name"
        )
    return [name for _, name in nodes]


def list_nodes(content: bytes) -> list[tuple[str, str]]:
    """Return the kind and the type of all nodes of a file that have a type.

    Raises:
        ValueError: the file has another protocol, by which skops may read types elsewhere.
    """
    schema, nodes = read_schema(content)
    if schema["protocol"] != PROTOCOL:
        raise ValueError(f"its protocol is {schema['protocol']}, not {PROTOCOL}")
    types = {
        (node["__loader__"], f"{node['__module__']}.{node['__class__']}")
        for node in nodes
        if node.get("__loader__") not in {None, "JsonNode"}  # a JsonNode is a number or a text
    }
    return sorted(types)


def is_trusted(kind: str, type_name: str, package: str | None = None) -> bool:
    """Return whether a model may hold a type.

    Args:
        kind: the kind of node that has the type, such as `ObjectNode`.
        type_name: the type, such as `sklearn.tree._tree.Tree`.
        package: the package that has the model's classifier, or None if the package is one of
            REQUIRED_PACKAGES.
    """
    module_name, _, name = type_name.rpartition(".")
    package_of_type, _, _ = module_name.partition(".")
    if type_name in TRUSTED_TYPES.get(kind, ()):
        return package_of_type in REQUIRED_PACKAGES or is_installed(package_of_type)
    if package_of_type == USER_PACKAGE and not is_installed(USER_PACKAGE):
        return False
    if kind == "FunctionNode":
        return is_trusted_function(module_name, name)
    return kind == "ObjectNode" and is_trusted_estimator(module_name, name, package)


def is_trusted_function(module_name: str, name: str) -> bool:
    """Return whether loading a file may call a function with arguments from the file."""
    if module_name.startswith(MODULES_OF_FUNCTIONS):
        found = getattr(import_module(module_name), name, None)
        return inspect.isfunction(found) and found.__module__ == module_name
    found = getattr(sys.modules.get(module_name), name, None)
    return module_name.split(".")[0] in {"numpy", "scipy"} and isinstance(found, np.ufunc)


def is_trusted_estimator(module_name: str, name: str, package: str | None) -> bool:
    """Return whether a class is an estimator of scikit-learn, this project or `package`."""
    if module_name.startswith(("sklearn.", *MODULES_OF_ESTIMATORS)):
        module: Any = import_module(module_name)
    elif module_name.split(".")[0] == package:
        module = sys.modules.get(module_name)  # a file does not decide what else is imported
    else:
        return False
    found = getattr(module, name, None)
    if not inspect.isclass(found) or found.__module__ != module_name:  # it is defined elsewhere
        return False
    return issubclass(found, BaseEstimator) or is_classifier_class(found)
