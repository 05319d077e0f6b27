"""Calls of `digits` within the test's own process, which is ten times faster than one of its own."""

import contextlib
from pathlib import Path

from digits.commands import main

from click.testing import CliRunner, Result


def digits(project: Path, *arguments: str, status: int = 0) -> Result:
    """Call `digits` in a project, 80 columns wide, and expect an exit status."""
    with contextlib.chdir(project):
        result = CliRunner().invoke(main, arguments, env={"COLUMNS": "80"})
    if not isinstance(result.exception, SystemExit | None):
        raise result.exception  # a traceback, to the user
    assert result.exit_code == status, result.output
    return result


def failure(project: Path, *arguments: str) -> str:
    """Call `digits`, which must fail with one line, and return it."""
    result = digits(project, *arguments, status=1)
    assert result.stdout == ""
    [line] = result.stderr.splitlines()
    return line
