"""Import the class of the classifier that params.yaml names, from an installed package only.

Somebody who only inspects another person's project must not run code that lies in it.
"""

import inspect
import json
import pkgutil
import sys
import sysconfig
from importlib.metadata import PackageNotFoundError, distribution
from importlib.util import find_spec
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlparse

from sklearn.base import ClassifierMixin

from digits.messages.errors import UserError

# The folders of the installed packages.
LIBRARY_FOLDERS = [Path(sysconfig.get_path(name)) for name in ("purelib", "platlib")]


def find_package(classifier: str) -> str | None:
    """Return the package that has a classifier, such as `sklearn`, `digits` or `xgboost`.

    A name that is no import path, such as `one_vs_rest_svc`, has no package.
    """
    package, _, class_path = classifier.partition(".")
    if not (package and class_path):
        return None
    return "sklearn" if find_spec(f"sklearn.{package}") else package


def import_class(name: str) -> Any:
    """Return the object with an import path, or None if its package has no such object.

    Args:
        name: the path. scikit-learn's paths are without the leading `sklearn.`.

    Raises:
        UserError: the package is not installed, or cannot be imported.
    """
    package = find_package(name)
    if package is None or "__" in name:  # the import of `__main__` would run a program
        return None
    if not is_installed(package):
        raise UserError(
            f"classifier: {name}: there is no package {package}; to install one, see "
            "docs/extending.md"
        )
    try:
        return pkgutil.resolve_name(f"sklearn.{name}" if package == "sklearn" else name)
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
    """Return whether a package was installed, including as an editable install of this project.

    Modules of Python itself are refused, because the import of some runs a program.
    """
    if package in {"digits", "sklearn"}:  # both are imported already
        return True
    spec = find_spec(package)
    if spec is None or package in sys.stdlib_module_names:
        return False
    paths = [*(spec.submodule_search_locations or []), str(spec.origin)]
    return not any(is_in_project(Path(path)) for path in paths) or is_editable(package)


def is_in_project(path: Path) -> bool:
    """Return whether a module lies in the project, and not in its environment."""
    is_in_library = any(path.is_relative_to(folder) for folder in LIBRARY_FOLDERS)
    return path.is_relative_to(Path.cwd()) and not is_in_library


def is_editable(package: str) -> bool:
    """Return whether the environment has a package of this project as an editable installation.

    https://packaging.python.org/en/latest/specifications/direct-url/
    """
    try:
        installed = distribution(package)
    except PackageNotFoundError:
        return False
    origin = json.loads(installed.read_text("direct_url.json") or "{}")
    folder = Path(unquote(urlparse(origin.get("url", "")).path))
    is_in_library = Path(str(installed.locate_file(""))) in LIBRARY_FOLDERS
    return is_in_library and Path.cwd().is_relative_to(folder)
