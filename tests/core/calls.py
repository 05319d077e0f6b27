"""Calls of `digits` and of stages within the test's own process, which is ten times faster than one of their own."""

import contextlib
import signal
from importlib import import_module
from pathlib import Path

from digits.commands import main

from click import Command
from click.testing import CliRunner, Result


def call(command: Command, project: Path, arguments: list[str], status: int = 0) -> Result:
    """Call a command in a project, 80 columns wide, and expect an exit status."""
    with contextlib.chdir(project):
        result = CliRunner().invoke(command, arguments, env={"COLUMNS": "80"})
    if not isinstance(result.exception, SystemExit | None):
        raise result.exception  # a traceback, to the user
    assert result.exit_code == status, result.output
    return result


def digits(project: Path, *arguments: str, status: int = 0) -> Result:
    return call(main, project, [*arguments], status)


def stage(project: Path, words: str, status: int = 0) -> Result:
    """Call a stage in a project: `train five-sgd`."""
    name, *arguments = words.split()
    handler = signal.getsignal(signal.SIGINT)
    try:
        return call(import_module(f"stages.{name}").main, project, arguments, status)
    finally:
        signal.signal(signal.SIGINT, handler)  # `train` gives Ctrl-C to the system


def failure(project: Path, *arguments: str) -> str:
    return _only_line(digits(project, *arguments, status=1))


def stage_failure(project: Path, words: str) -> str:
    return _only_line(stage(project, words, status=1))


def _only_line(result: Result) -> str:
    assert result.stdout == ""
    [line] = result.stderr.splitlines()
    return line
