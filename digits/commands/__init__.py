"""The command `digits`: every module of this folder, and of a room's folder `commands`, is a subcommand.

A module has `command`, a Click command. It is imported when it is called; `digits --help` reads its first line.
"""

from importlib import import_module
from pathlib import Path
from typing import Any

from digits.core.errors import PACKAGE, PipelineError, failures_in_one_line

import click

HIDDEN = {"merge-lock", "setup"}  # Git and `make venv` call them


class Commands(click.Group):
    """The group of all subcommands, one for each module that is here."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the subcommands."""
        return sorted(_modules().keys() - HIDDEN)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a subcommand, imported now; None if there is no such module."""
        path = _modules().get(cmd_name)
        name = path and ".".join(path.relative_to(PACKAGE.parent).with_suffix("").parts)
        return import_module(name).command if name else None

    def invoke(self, ctx: click.Context) -> Any:
        """Call a subcommand; what a file, a disk or DVC refuses is one line."""
        try:
            with failures_in_one_line():
                return super().invoke(ctx)
        except Exception as error:
            if type(error).__module__.startswith("dvc."):  # to import DvcException takes half a second
                raise PipelineError(error) from None
            raise

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write a line for each subcommand, without importing it."""
        first = {name: path.read_text(encoding="utf-8").partition("\n")[0] for name, path in _modules().items()}
        with formatter.section("Commands"):
            formatter.write_dl([(name, first[name].strip('"')) for name in self.list_commands(ctx)])


def _modules() -> dict[str, Path]:
    return {path.stem.replace("_", "-"): path for path in PACKAGE.glob("**/commands/[a-z]*.py")}


@click.command(cls=Commands, no_args_is_help=True, context_settings={"help_option_names": ["-h", "--help"]})
def main() -> None:
    """Look at the pipeline's data and results, edit params.yaml.

    Each command has a help text with examples: digits show --help.
    """


def examples(*lines: str) -> Any:
    """Return the `epilog` of a command: examples to copy, one a line."""
    return "\b\nExamples:\n" + "\n".join(f"  digits {line}" for line in lines)
