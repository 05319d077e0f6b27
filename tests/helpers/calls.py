"""Call stages and `digits` in the process of the test, ten times faster than by a command."""

import contextlib
import shlex
import sys
from collections.abc import Iterator
from importlib import import_module
from pathlib import Path
from types import ModuleType

import click
from click.testing import CliRunner, Result

from tests.helpers.tiny import ROOT, run_dvc

VALID = "params.yaml is valid.\n"  # what `digits check` prints
STAGES = {path.stem for path in ROOT.glob("stages/*.py")}


def call(project: Path, *words: str, status: int = 0, stdin: bytes | None = None) -> Result:
    """Call a stage or a subcommand of `digits` in a project, and expect an exit status.

    The first word is its name. The terminal is 80 columns wide.
    """
    with contextlib.chdir(project):
        command, arguments = find_command(words)
        result = CliRunner().invoke(command, arguments, input=stdin, env={"COLUMNS": "80"})
    if not isinstance(result.exception, SystemExit | None):
        raise result.exception  # a user would see a traceback
    assert result.exit_code == status, result.output
    return result


def reproduce(project: Path, *stages: str) -> None:
    """Run stages in the process of the test, and record them as `dvc repro` does."""
    for stage in stages:
        call(project, *stage.split("@"))
    run_dvc(shlex.join(["commit", "--force", *stages]), project)


def find_command(words: tuple[str, ...]) -> tuple[click.Command, list[str]]:
    """Return the command that is called by some words, and its arguments."""
    if words[0] in STAGES:
        return import_module(f"stages.{words[0]}").main, list(words[1:])
    return import_module("digits.commands").main, list(words)


def loaded(*packages: str) -> dict[str, ModuleType]:
    """Return the modules of some packages that this process has imported, by their names."""
    return {
        name: module
        for name, module in sys.modules.items()
        if name.partition(".")[0] in packages
    }


@contextlib.contextmanager
def import_anew(*packages: str) -> Iterator[None]:
    """Let a `with` block import the modules of some packages again, as a new process does.

    Afterwards, this process has the modules that it had before.
    """
    before = loaded(*packages)
    for name in before:
        del sys.modules[name]
    try:
        yield
    finally:
        for name in loaded(*packages):
            del sys.modules[name]
        sys.modules.update(before)


def failure(project: Path, *words: str) -> str:
    """Call what must fail, and return its error.

    The error must be a single line, and all that is printed.
    """
    result = call(project, *words, status=1)
    assert result.stdout == ""
    [line] = result.stderr.splitlines()
    return line
