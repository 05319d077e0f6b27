"""The command `digits`: every module of this folder, and of a room's folder `commands`, is a subcommand.

A module has `command`, a Click command. It is imported when it is called; `digits --help` reads the first line of its
docstring.
"""

import ast
import gc
import sys
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import Any

from digits.support import cli
from digits.support.errors import ParameterError, PipelineError

import click

PACKAGE = Path(__file__).parent.parent
GROUPS = {  # of the core's commands; a room's have its name
    "Look at data and results": ["show", "leaderboard", "compare", "runs"],
    "Edit params.yaml": ["check", "pin"],
    "Keep outputs whole, and share them": ["verify", "pushed", "prune"],
}
HIDDEN = {"merge-lock", "setup"}  # Git and `make venv` call them


class Commands(click.Group):
    """The group of all subcommands, one for each module that is here."""

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a subcommand, imported now; None if there is no such module."""
        if not (path := _modules().get(cmd_name)):
            return None
        module = ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
        gc.disable()  # what an import makes stays: to look through it takes a sixth of `digits predict`
        command: click.Command = import_module(module).command
        gc.freeze()
        gc.enable()
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the subcommands in their groups, with a line each."""
        modules, titles = _modules(), {name: title for title, names in GROUPS.items() for name in names}
        groups: dict[str, list[tuple[str, str]]] = {}
        for name in sorted(modules.keys() - HIDDEN, key=[*titles, *sorted(modules)].index):
            docstring = ast.get_docstring(ast.parse(modules[name].read_text(encoding="utf-8"))) or ""
            room = modules[name].parent.parent.name.capitalize()
            line = f"{name:12}", docstring.partition("\n")[0].removesuffix(".")
            groups.setdefault(titles.get(name, room), []).append(line)
        for title, lines in groups.items():
            with formatter.section(title):
                formatter.write_dl(lines)


def _modules() -> dict[str, Path]:
    found = PACKAGE.glob("**/commands/*.py")
    return {path.stem.replace("_", "-"): path for path in found if path.stem != "__init__"}


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def digits() -> None:
    """Look at the pipeline's data and results, edit params.yaml, keep outputs whole.

    Each command has a help text with examples: digits show --help.
    """


def main() -> None:
    """Run the command line; a wrong call is one line and exit status 2."""
    cli.run(_call)


def _call() -> None:
    try:
        # Not `digits.main`, which ends with 1 when whoever read our output, such as `head`, has seen enough.
        with suppress(click.exceptions.Exit), digits.make_context("digits", sys.argv[1:] or ["--help"]) as context:
            digits.invoke(context)
    except click.ClickException as error:
        raise ParameterError(error.format_message()) from None
    except Exception as error:
        if type(error).__module__.startswith("dvc."):  # to import DvcException takes half a second
            raise PipelineError(str(error)) from None
        raise


def examples(*lines: str) -> Any:
    """Return the `epilog` of a command: examples to copy, one a line."""
    return "\b\nExamples:\n" + "\n".join(f"  digits {line}" for line in lines)
