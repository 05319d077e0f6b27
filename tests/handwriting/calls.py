"""Calls of the command `digits predict` within the test's own process, which has scikit-learn loaded."""

import contextlib
from pathlib import Path

from digits.handwriting.commands.predict import command

from click.testing import CliRunner, Result


def predict(project: Path, *arguments: str, status: int = 0, stdin: bytes | None = None) -> Result:
    """Call `digits predict` in a project; `exception` of the result has the error of a call that must fail."""
    with contextlib.chdir(project):
        result = CliRunner().invoke(command, arguments, input=stdin, standalone_mode=False)
    assert result.exit_code == status, result.output + repr(result.exception)
    return result
