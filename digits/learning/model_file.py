"""Save and load models in the format of skops.

A file in this format holds no code. What may be created from it is decided in
digits/security/trust.py.
"""

import ast
import io
import json
import re
import sys
import tokenize
import warnings
from hashlib import sha256
from pathlib import Path, PurePath
from types import ModuleType
from typing import Any
from zipfile import ZipFile, ZipInfo

import numpy as np
from sklearn.exceptions import InconsistentVersionWarning
from sklearn.pipeline import Pipeline

from digits.core.files import atomic_write
from digits.learning.scores import compute_batch_scores
from digits.messages.errors import DAMAGED_FILE_HINT, UserError, check_exists
from digits.messages.terminal import warn
from digits.security.fitted_values import check_values
from digits.security.trust import check_types

# The folder of the repository, or of the installed packages.
ROOT = Path(__file__).parents[2]

# For a random generator, skops must also trust this type, which the file does not name.
RANDOM_NUMBERS = "numpy.random.PCG64"

# The key of schema.json under which a file has the checksums of code. skops ignores it.
CODE_KEY = "digits_code"


def save(path: Path, model: Pipeline, classifier: str = "") -> None:
    """Write a model, and create its folder. The same model gives the same bytes everywhere.

    Raises:
        UserError: the model holds a type that `load` would refuse.
    """
    content = import_skops().dumps(model)
    check_types(content, classifier)
    with atomic_write(path) as temporary:
        temporary.write_bytes(make_reproducible(content))


def load(path: Path, classifier: str = "") -> Pipeline:
    """Read a model. Print a warning if the code that it needs has changed since its training.

    Args:
        path: the file.
        classifier: the `classifier` of the model in params.yaml. The file may hold
            estimators of its package.

    Raises:
        UserError: the file is missing or damaged, was written with another version of
            scikit-learn, or holds a type that is not trusted.
    """
    check_exists(path)
    content = path.read_bytes()
    try:
        types = check_types(content, classifier)
        warn_about_code(path, content)
        with warnings.catch_warnings(action="error", category=InconsistentVersionWarning):
            model = import_skops().loads(content, trusted=[*types, RANDOM_NUMBERS])
        if not (isinstance(model, Pipeline) and hasattr(model, "classes_")):
            raise TypeError("it holds no fitted Pipeline")
        check_values(model[-1])
        check_prediction(model)
        return model
    except UserError as error:  # a type is not trusted
        raise UserError(f"{path}: {error.message}") from None
    except InconsistentVersionWarning as other:
        raise UserError(
            f"{path} was written with scikit-learn {other.original_sklearn_version}, but "
            f"{other.current_sklearn_version} is installed; `make -B venv` installs the pinned "
            "version, and `dvc repro` then trains the model again if it needs to"
        ) from None
    except Exception as error:  # a damaged file can raise any exception
        raise UserError(f"{path} cannot be loaded ({error}); {DAMAGED_FILE_HINT}") from None


def check_prediction(model: Pipeline) -> None:
    """Let a model predict an image.

    Raises:
        Exception: a fitted value has a shape or a type that does not fit.
    """
    image = np.zeros((1, model.n_features_in_), np.uint8)
    with warnings.catch_warnings(action="ignore"):  # the image may be unlike all others
        scores = compute_batch_scores(model, image)
    n_classes = len(model.classes_)
    is_whole = np.issubdtype(model.classes_.dtype, np.integer)
    if not is_whole or scores.shape != ((1,) if n_classes == 2 else (1, n_classes)):
        raise ValueError(f"its scores do not fit its classes {model.classes_}")


def import_skops() -> ModuleType:
    """Import skops.io without its own lists of trusted types.

    skops lists all types of scikit-learn, which takes as long as all other imports of a stage.
    Here, digits/security/trust.py checks all types of a file, so the lists may be empty.
    """
    name = "skops.io._trusted_types"
    if name not in sys.modules:
        sys.modules[name] = EmptyLists(name)
    import skops.io

    return skops.io


class EmptyLists(ModuleType):
    """A module of which every name, such as `PRIMITIVES_TYPES`, is an empty list."""

    def __getattr__(self, name: str) -> list[Any]:
        """Return the empty list for a name in capitals."""
        if not name.isupper():
            raise AttributeError(name)
        return []


def warn_about_code(path: Path, content: bytes) -> None:
    """Print a warning if a model would predict with other code than it was trained with."""
    schema = ZipFile(io.BytesIO(content)).read("schema.json").decode()
    trained_with = json.loads(schema).get(CODE_KEY, {})
    code = compute_code_checksums(schema)
    changed = [name for name in trained_with if trained_with[name] != code.get(name)]
    if changed:
        warn(
            f"{path} was trained with other code in {', '.join(changed)}, so its predictions "
            "may be wrong; `dvc repro` trains it again"
        )


def compute_code_checksums(schema: str) -> dict[str, str]:
    """Return the SHA-256 of each module of this project that a model needs to predict.

    They are the modules that the model's schema.json names, and all modules of
    digits/imaging/transforms, which they may import. Comments do not count.
    """
    modules = re.findall(r'"__module__":\s*"(digits\.[\w.]+)"', schema)  # as skops writes it
    files = {ROOT / f"{module.replace('.', '/')}.py" for module in modules}
    files.update(ROOT.glob("digits/imaging/transforms/*.py"))
    return {
        path.relative_to(ROOT).as_posix(): sha256(read_code(path).encode()).hexdigest()
        for path in sorted(files)
        if path.exists()
    }


def read_code(path: Path) -> str:
    """Return the text of a module without comments, docstrings and blank lines.

    `ast.unparse` would do that, but its text depends on the version of Python.
    """
    source = path.read_text(encoding="utf-8")
    lines = source.splitlines()
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
            for row in range(node.lineno, (node.end_lineno or node.lineno) + 1):
                lines[row - 1] = ""
    return "\n".join(line.rstrip() for line in lines if line.strip())


def make_reproducible(content: bytes) -> bytes:
    """Return a skops file whose bytes depend only on the model and its code.

    DVC compares the bytes of a model to decide whether to evaluate it again. A model that is
    trained again, also on another machine, should therefore have the same bytes.

    - The members of the archive have no dates.
    - The memory addresses, by which skops recognizes objects, are removed.
    - Equal arrays are stored once, whether or not they were the same object.
    - The padding between the fields of records, which is not set, becomes 0.

    The checksums of the code that the model needs to predict are added.
    """
    original = ZipFile(io.BytesIO(content))
    names: dict[bytes, str] = {}  # the new name of each different member, by its content

    def clean(node: dict[str, Any]) -> dict[str, Any]:
        node.pop("__id__", None)  # the memory address
        if isinstance(node.get("file"), str):
            suffix = PurePath(node["file"]).suffix
            member = original.read(node["file"])
            if suffix == ".npy":
                member = clear_padding(member)
            node["file"] = names.setdefault(member, f"{len(names)}{suffix}")
        return node

    schema = json.loads(original.read("schema.json"), object_hook=clean)
    reproducible = io.BytesIO()
    with ZipFile(reproducible, "w") as archive:
        for member, name in names.items():
            archive.writestr(ZipInfo(name), member)  # ZipInfo sets a fixed date
        schema[CODE_KEY] = compute_code_checksums(json.dumps(schema))
        text = json.dumps(schema, separators=(",", ":"))
        archive.writestr(ZipInfo("schema.json"), text)
    return reproducible.getvalue()


def clear_padding(npy_file: bytes) -> bytes:
    """Return an .npy file with zeros between the fields of its records, if it has records.

    The nodes of a decision tree are records.
    """
    array = np.load(io.BytesIO(npy_file))
    if array.dtype.names is None:
        return npy_file
    cleared = np.zeros(array.shape, array.dtype)
    for field in array.dtype.names:
        cleared[field] = array[field]
    file = io.BytesIO()
    np.save(file, cleared)
    return file.getvalue()
