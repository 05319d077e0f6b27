"""Calls of stages and of `digits` within the test's own process, which is ten times faster than one of their own."""

import contextlib
import signal
from importlib import import_module
from pathlib import Path

from digits.commands import main
from tests.tiny import ROOT

from click.testing import CliRunner, Result

STAGES = {path.stem for path in ROOT.glob("stages/*.py")}


def call(project: Path, *words: str, status: int = 0, stdin: bytes | None = None) -> Result:
    """Call a stage or a subcommand of `digits` in a project, 80 columns wide, and expect an exit status."""
    command, arguments = main, words
    if words[0] in STAGES:
        command, arguments = import_module(f"stages.{words[0]}").main, words[1:]
    handler = signal.getsignal(signal.SIGINT)
    with contextlib.chdir(project):
        result = CliRunner().invoke(command, arguments, input=stdin, env={"COLUMNS": "80"})
    signal.signal(signal.SIGINT, handler)  # `train` gives Ctrl-C to the system
    if not isinstance(result.exception, SystemExit | None):
        raise result.exception  # a traceback, to the user
    assert result.exit_code == status, result.output
    return result


def failure(project: Path, *words: str) -> str:
    """Call what must fail, and return its error, which must be a single line and all that it prints."""
    result = call(project, *words, status=1)
    assert result.stdout == ""
    [line] = result.stderr.splitlines()
    return line
