"""Check whether Git works here."""

import subprocess
from pathlib import Path

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
