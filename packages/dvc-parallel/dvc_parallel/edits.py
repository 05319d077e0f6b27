"""Notice what somebody edits while a stage runs that reads it.

DVC computes the hashes of the dependencies again when the command has ended, and records these
(treeverse/dvc#11058). The outputs may come from the old versions.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

from dvc.dependency.param import ParamsDependency
from dvc.stage import Stage
from dvc_data.hashfile.tree import Tree


class Input(NamedTuple):
    """What DVC has computed for a dependency. Databases and datasets have none of it.

    Attributes:
        hash_info: the hash of a file or folder, or the values of parameters.
        content: the files of a folder.
    """

    hash_info: Any
    content: Any


def read_inputs(stage: Stage) -> list[Input]:
    """Return what DVC has computed for each dependency of a stage, in their order."""
    return [
        Input(getattr(dep, "hash_info", None), getattr(dep, "obj", None)) for dep in stage.deps
    ]


def find_edits(stage: Stage, before: list[Input]) -> list[str]:
    """Return the files and parameters that a stage reads and whose content has changed.

    Args:
        stage: the stage, after DVC has computed the hashes of its dependencies again.
        before: its inputs before the command started.
    """
    edits: list[str] = []
    for dep, old, new in zip(stage.deps, before, read_inputs(stage)):  # noqa: B905
        if not old.hash_info or old.hash_info == new.hash_info:
            continue
        if isinstance(dep, ParamsDependency):
            keys = find_differences(old.hash_info.value, new.hash_info.value)
            edits += [f"{dep}: {key}" for key in keys]
        elif isinstance(old.content, Tree) and isinstance(new.content, Tree):
            files = find_differences(list_hashes(old.content), list_hashes(new.content))
            # Python writes into __pycache__ when it imports a module.
            edits += [
                f"{dep}/{file}" for file in files if "__pycache__" not in Path(file).parts
            ]
        else:
            edits.append(str(dep))
    return sorted(edits)


def find_differences(old: dict[str, Any], new: dict[str, Any]) -> list[str]:
    """Return the keys of two dictionaries whose values are not the same."""
    return [key for key in {**old, **new} if old.get(key) != new.get(key)]


def list_hashes(tree: Tree) -> dict[str, Any]:
    """Return the hashes of the files of a folder, by their paths in the folder."""
    return {"/".join(parts): hash_info for parts, _, hash_info in tree}
