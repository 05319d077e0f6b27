"""Save and load models in the format of skops.

A file in this format holds no code. digits/security/trust.py decides what may be created from
it.
"""

import warnings
from collections.abc import Iterable
from pathlib import Path

import numpy as np
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.pipeline import Pipeline

from digits.core.files import atomic_write
from digits.learning.code_checksums import compute_code_checksums
from digits.learning.scores import compute_batch_scores
from digits.learning.skops_format import CODE_KEY, import_skops, make_reproducible, read_schema
from digits.messages.errors import DAMAGED_FILE_HINT, UserError, check_exists
from digits.messages.terminal import warn
from digits.security.fitted_values import check_values
from digits.security.trust import check_types

# skops must trust this type for NumPy's random generators. It is not among the types that
# `check_types` returns.
BIT_GENERATOR_TYPE = "numpy.random.PCG64"


def save(path: Path, model: Pipeline, classifier: str | None = None) -> None:
    """Write a model, and create its folder. The same model gives the same bytes everywhere.

    Raises:
        UserError: the model holds a type that `load` would refuse.
    """
    content = import_skops().dumps(model)
    types = check_types(content, classifier)
    reproducible = make_reproducible(content, compute_code_checksums(types))
    with atomic_write(path) as temporary:
        temporary.write_bytes(reproducible)


def load(path: Path, classifier: str | None = None) -> Pipeline:
    """Read a model. Print a warning if the code that it needs has changed since its training.

    Args:
        path: the file.
        classifier: the `classifier` of the model in params.yaml. The file may hold
            estimators of its package. With None, it may hold those of no other package.

    Raises:
        UserError: the file is missing or damaged, was written with another version of
            scikit-learn, or holds a type that is not trusted.
    """
    check_exists(path)
    content = path.read_bytes()
    try:
        types = check_types(content, classifier)
        warn_about_code(path, content, types)
        with warnings.catch_warnings(action="error", category=InconsistentVersionWarning):
            model = import_skops().loads(content, trusted=[*types, BIT_GENERATOR_TYPE])
        if not (isinstance(model, Pipeline) and hasattr(model, "classes_")):
            raise TypeError("it holds no fitted Pipeline")
        check_values(model[-1])
        check_prediction(model)
        return model
    except UserError as error:  # a type is not trusted
        raise UserError(f"{path}: {error.message}") from None
    except InconsistentVersionWarning as versions:
        raise UserError(
            f"{path} was written with scikit-learn {versions.original_sklearn_version}, but "
            f"{versions.current_sklearn_version} is installed; `make -B venv` installs the "
            "version in requirements.lock, and `dvc repro` then trains the model again if it "
            "needs to"
        ) from None
    except Exception as error:  # a damaged file can raise any exception
        raise UserError(f"{path} cannot be loaded ({error}); {DAMAGED_FILE_HINT}") from None


def warn_about_code(path: Path, content: bytes, types: Iterable[str]) -> None:
    """Print a warning if a model would predict with other code than it was trained with."""
    schema, _ = read_schema(content)
    trained_with = schema.get(CODE_KEY, {})
    code = compute_code_checksums(types)
    changed = [name for name in trained_with if trained_with[name] != code.get(name)]
    if changed:
        warn(
            f"{path} was trained with other code in {', '.join(changed)}, so its predictions "
            "may be wrong; `dvc repro` trains it again"
        )


def check_prediction(model: Pipeline) -> None:
    """Check that a model can predict, by letting it predict a black image.

    Raises:
        Exception: a fitted value has a shape or a type that does not fit.
    """
    image = np.zeros((1, model.n_features_in_), np.uint8)
    # Some models divide by 0 for a black image, which is not an error.
    with warnings.catch_warnings(action="ignore"):
        scores = compute_batch_scores(model, image)
    n_classes = len(model.classes_)
    expected_shape = (1,) if n_classes == 2 else (1, n_classes)
    has_integer_labels = np.issubdtype(model.classes_.dtype, np.integer)
    if scores.shape != expected_shape or not has_integer_labels:
        raise ValueError(f"its scores do not fit its classes {model.classes_}")
