"""The command `digits`: every module of this folder, and of a room's folder `commands`, is a subcommand.

A module has `command`, a Click command, and is imported when it is called; for the list of all, the first line of its
docstring is read. So `digits --help` answers at once, and a room's commands are there while its folder is.
"""

import ast
from importlib import import_module
from pathlib import Path
from typing import Any

from digits.support import cli
from digits.support.errors import Interrupted, ParameterError

import click

FOLDER = Path(__file__).parent
GROUPS = {  # of the core's commands; a room's have its name
    "Look at data and results": ["show", "leaderboard", "compare"],
    "Edit params.yaml": ["check", "pin"],
    "Keep outputs whole, and share them": ["verify", "pushed", "prune"],
}
HIDDEN = {"merge-lock"}  # Git calls it


class Commands(click.Group):
    """The modules that are here."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all subcommands."""
        return sorted(_modules())

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a subcommand."""
        if (path := _modules().get(cmd_name)) is None:
            return None
        module = ".".join(path.relative_to(FOLDER.parent.parent).with_suffix("").parts)
        command: click.Command = import_module(module).command
        return command

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the subcommands in their groups, with a line each."""
        modules = {name: path for name, path in _modules().items() if name not in HIDDEN}
        width = max(map(len, modules))
        groups = {title: [name for name in names if name in modules] for title, names in GROUPS.items()}
        for name in sorted(set(modules).difference(*GROUPS.values())):
            groups.setdefault(_room(modules[name]), []).append(name)
        for title, names in groups.items():
            with formatter.section(title):
                formatter.write_dl([(name.ljust(width), _first_line(modules[name])) for name in names])


def _modules() -> dict[str, Path]:
    found = [*FOLDER.glob("*.py"), *FOLDER.parent.glob("*/commands/*.py")]
    return {path.stem.replace("_", "-"): path for path in found if path.stem != "__init__"}


def _room(path: Path) -> str:
    room = path.parent.parent.name
    return "Other" if room == FOLDER.parent.name else room.capitalize()


def _first_line(path: Path) -> str:
    docstring = ast.get_docstring(ast.parse(path.read_text(encoding="utf-8"))) or ""
    return docstring.partition("\n")[0].removesuffix(".")


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
def digits() -> None:
    """Look at the pipeline's data and results, and keep them whole.

    Each command explains itself: digits show --help.
    """


def main() -> None:
    """Run the command line; a wrong call is one line and exit status 2."""

    def call() -> None:
        try:
            digits.main(prog_name="digits", standalone_mode=False)
        except click.ClickException as error:
            raise ParameterError(error.format_message()) from None
        except click.Abort:
            raise Interrupted from None

    cli.run(call)


def examples(*lines: str) -> Any:
    """Return the `epilog` of a command: examples to copy, one a line."""
    return "\b\nExamples:\n" + "\n".join(f"  digits {line}" for line in lines)
