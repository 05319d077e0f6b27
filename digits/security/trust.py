"""Decide what the file of a model may create.

Loading a file creates only

- the types in TRUSTED_TYPES, which skops may call with values from the file,
- estimators of scikit-learn, of this project, and of the package that has the model's
  classifier,
- functions that are defined in digits/features or digits/imaging/transforms,
- ufuncs of NumPy and SciPy.
"""

import inspect
import json
import sys
from importlib import import_module
from io import BytesIO
from typing import Any
from zipfile import ZipFile

import numpy as np
from sklearn.base import BaseEstimator

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

# A JsonNode is a number or a text, and a CachedNode refers to an earlier node.
NODES_WITHOUT_TYPE = {"CachedNode", "JsonNode"}

# The packages that are always installed. All other packages in TRUSTED_TYPES are optional.
REQUIRED_PACKAGES = {"builtins", "collections", "digits", "numpy", "scipy", "sklearn"}

# A model may hold estimators and functions that are defined in these modules. `own` is the
# package of the user's project. `model_file.load` warns if modules of a model have changed.
OWN = "own"
MODULES_OF_ESTIMATORS = ("digits.features.", "digits.learning.classifiers.", f"{OWN}.")
MODULES_OF_FUNCTIONS = ("digits.features.", "digits.imaging.transforms.", f"{OWN}.")


def check_types(content: bytes, classifier: str) -> list[str]:
    """Return the types that a file creates, after checking that they are trusted.

    Args:
        content: the content of the file.
        classifier: the `classifier` of the model in params.yaml.

    Raises:
        UserError: a type is not trusted, or the classifier's package cannot be imported.
    """
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
    nodes = set()

    def add_node(item: dict[str, Any]) -> dict[str, Any]:
        kind = item.get("__loader__")
        if kind is not None and kind not in NODES_WITHOUT_TYPE:
            nodes.add((kind, f"{item['__module__']}.{item['__class__']}"))
        return item

    # json.loads calls `add_node` with each object of the JSON text.
    schema = json.loads(ZipFile(BytesIO(content)).read("schema.json"), object_hook=add_node)
    if schema["protocol"] != PROTOCOL:
        raise ValueError(f"its protocol is {schema['protocol']}, not {PROTOCOL}")
    return sorted(nodes)


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
    if package_of_type in {"numpy", "scipy"}:
        found = getattr(sys.modules.get(module_name), name, None)
        return kind == "FunctionNode" and isinstance(found, np.ufunc)

    if package_of_type == OWN and not is_installed(OWN):
        return False
    if module_name.startswith(("sklearn.", *MODULES_OF_ESTIMATORS, *MODULES_OF_FUNCTIONS)):
        module: Any = import_module(module_name)
    elif package_of_type == package:
        module = sys.modules.get(module_name)  # a file does not decide what else is imported
    else:
        return False
    found = getattr(module, name, None)
    if getattr(found, "__module__", None) != module_name:  # it is defined elsewhere
        return False
    if kind == "FunctionNode":  # loading a file may call it with arguments from the file
        return inspect.isfunction(found) and module_name.startswith(MODULES_OF_FUNCTIONS)
    is_estimator = inspect.isclass(found) and issubclass(found, BaseEstimator)
    return kind == "ObjectNode" and (is_estimator or is_classifier_class(found))
