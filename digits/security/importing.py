"""Import the class of the classifier that params.yaml names, from an installed package only.

Somebody who only inspects another person's project must not run code that lies in it.
"""

import inspect
import pkgutil
import sys
import sysconfig
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from sklearn.base import ClassifierMixin

from digits.messages.errors import UserError

# The folders of the installed packages.
LIBRARY_FOLDERS = [Path(sysconfig.get_path(name)) for name in ("purelib", "platlib")]


def find_package(classifier: str) -> str:
    """Return the package that has a classifier, such as `sklearn`, `digits` or `xgboost`."""
    package, _, class_path = classifier.partition(".")
    if not class_path:  # a name of this project, such as one_vs_rest_svc
        return "digits"
    return "sklearn" if find_spec(f"sklearn.{package}") else package


def import_class(name: str, package: str) -> Any:
    """Return the object with an import path, or None if its package has no such object.

    Args:
        name: the path. scikit-learn's is without its leading `sklearn.`.
        package: the first part of the path. Unless it is scikit-learn's, it must be installed.

    Raises:
        UserError: the package is not installed, or cannot be imported.
    """
    if "__" in name:  # the import of `__main__` would run a program
        return None
    is_in_sklearn = find_package(name) == "sklearn"
    if not (is_in_sklearn or is_installed(package)):
        raise UserError(
            f"classifier: {name}: there is no package {package}; to install one, see "
            "docs/extending.md"
        )
    try:
        return pkgutil.resolve_name(f"sklearn.{name}" if is_in_sklearn else name)
    except (AttributeError, ModuleNotFoundError, ValueError):
        return None
    except Exception as error:  # what another package raises can be anything
        raise UserError(f"classifier: {name} cannot be imported ({error})") from None


def is_classifier_class(found: object) -> bool:
    """Return whether an object is a class of classifiers, in scikit-learn's sense.

    Base classes such as `base.ClassifierMixin` are not.
    """
    if not inspect.isclass(found) or inspect.isabstract(found):
        return False
    if not (hasattr(found, "fit") and hasattr(found, "get_params")):
        return False
    if issubclass(found, ClassifierMixin):
        return True
    # CatBoost does not derive its class from scikit-learn's.
    return getattr(found, "_estimator_type", None) == "classifier"


def is_installed(package: str) -> bool:
    """Return whether a package was installed, and does not lie in a folder of the project.

    Modules of Python itself are refused, because the import of some runs a program.
    """
    if package == "digits":
        return True
    spec = find_spec(package)
    if spec is None or package in sys.stdlib_module_names:
        return False
    paths = [*(spec.submodule_search_locations or []), str(spec.origin)]
    return not any(is_in_project(Path(path)) for path in paths)


def is_in_project(path: Path) -> bool:
    """Return whether a module lies in the project, and not in its environment."""
    is_in_library = any(path.is_relative_to(folder) for folder in LIBRARY_FOLDERS)
    return path.is_relative_to(Path.cwd()) and not is_in_library
