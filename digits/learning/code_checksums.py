"""Compute checksums of the code that a model needs to predict.

A model's file stores them, so that `model_file.load` notices if the code was edited since.
"""

import ast
import tokenize
from collections.abc import Iterable
from hashlib import sha256
from io import StringIO
from pathlib import Path

# The folder of the repository, or of the installed packages.
ROOT = Path(__file__).parents[2]


def compute_code_checksums(types: Iterable[str]) -> dict[str, str]:
    """Return the SHA-256 of each module that a model needs to predict, by its relative path.

    These are the modules of digits, and of the user's package `own`, that define the model's
    types, and all modules of digits/imaging/transforms, which they may import.

    Args:
        types: the types in the model, such as `digits.features.normalized.normalize`.
    """
    transforms = ROOT.glob("digits/imaging/transforms/*.py")
    relative_paths = {path.relative_to(ROOT).as_posix() for path in transforms}
    for type_name in types:
        module, _, _ = type_name.rpartition(".")
        if module.startswith(("digits.", "own.")):
            relative_paths.add(f"{module.replace('.', '/')}.py")
    checksums = {}
    for relative_path in sorted(relative_paths):
        # The package `own` is in the user's project, which is the working directory.
        folder = Path() if relative_path.startswith("own/") else ROOT
        path = folder / relative_path
        if path.exists():
            checksums[relative_path] = sha256(read_code(path).encode()).hexdigest()
    return checksums


def read_code(path: Path) -> str:
    """Return the text of a module without comments, docstrings and blank lines.

    `ast.unparse` would do that, but its text depends on the version of Python.
    """
    source = path.read_text(encoding="utf-8")
    lines = source.splitlines()
    for token in tokenize.generate_tokens(StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            row, column = token.start
            lines[row - 1] = lines[row - 1][:column]
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):  # a docstring
            for row in range(node.lineno, (node.end_lineno or node.lineno) + 1):
                lines[row - 1] = ""
    return "\n".join(line.rstrip() for line in lines if line.strip())
