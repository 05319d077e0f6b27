"""Check whether Git works here, and read files of the last commit."""

import subprocess
from pathlib import Path
from typing import Any

from ruamel.yaml import YAML
from ruamel.yaml.error import YAMLError

from digits.messages.errors import UserError


def has_repository() -> bool:
    """Return whether this folder, or one above it, has a Git repository."""
    here = Path.cwd()
    return any((folder / ".git").exists() for folder in [here, *here.parents])


def check_git() -> None:
    """Check that Git works in this folder, if it has a Git repository.

    Raises:
        UserError: it does not, for example because another user owns the folder.
    """
    command = ["git", "rev-parse", "--git-dir"]
    if has_repository():
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise UserError(done.stderr)  # it has the command that helps


def read_committed(path: Path) -> Any:
    """Return the content of a YAML or JSON file in the last commit, or {} if there is none."""
    command = ["git", "show", f"HEAD:./{path.as_posix()}"]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False)
    try:
        return YAML(typ="safe").load(done.stdout) or {}
    except (YAMLError, ValueError):
        return {}
