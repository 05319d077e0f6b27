"""The command `digits`.

Each module of this folder is a subcommand. It defines `command`, a Click command, and the first
line of its docstring is shown in the help of `digits`. Other packages add such modules as entry
points of the group `digits.commands`.

No stage depends on this folder, because it changes no output.
"""

import ast
import fnmatch
import io
import sys
from collections.abc import Collection, Mapping
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import click

from digits.core.rounding import fix_rounding
from digits.messages.errors import UserError, report_os_errors, unknown_choice_error

FOLDER = Path(__file__).parent
HELP_WIDTH = 76  # columns of a help text, without the indentation

# The option of each subcommand that calls `print_table` of digits/results/tables.py.
format_option = click.option(
    "--format",
    "table_format",
    type=click.Choice(["table", "json", "markdown", "csv"]),
    default="table",
    show_default=True,
    metavar="FORMAT",
    help="Print table, json, markdown or csv.",
)

# The module of each subcommand in this folder.
MODULES = {
    path.stem.replace("_", "-"): f"digits.commands.{path.stem}"
    for path in FOLDER.glob("[a-z]*.py")
}

# The help omits this subcommand, which `make venv` calls.
HIDDEN_COMMANDS = {"setup"}


class LazyGroup(click.Group):
    """The subcommands, each of which is imported only if it is called."""

    def make_context(self, *args: Any, **options: Any) -> click.Context:
        """Parse the command line, after which Click may print a help text."""
        # A terminal or file may be in an encoding without a character such as →.
        if isinstance(sys.stdout, io.TextIOWrapper):
            sys.stdout.reconfigure(errors="replace")
        return super().make_context(*args, **options)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the subcommands that the help shows, in alphabetical order."""
        return sorted(list_modules().keys() - HIDDEN_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a subcommand. Return None if there is no such subcommand."""
        # Looking for subcommands of other packages is slow, and most calls do not need it.
        modules = MODULES if cmd_name in MODULES else list_modules()
        if cmd_name not in modules:
            return None
        return import_module(modules[cmd_name]).command

    def invoke(self, ctx: click.Context) -> Any:
        """Call a subcommand. Print an error of the operating system in one line."""
        fix_rounding()  # before a subcommand imports NumPy
        with report_os_errors():
            return super().invoke(ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of subcommands without importing them."""
        modules = list_modules()
        lines = [(name, read_summary(modules[name])) for name in self.list_commands(ctx)]
        with formatter.section("Commands"):
            formatter.write_dl(lines)


def list_modules() -> dict[str, str]:
    """Return the module of each subcommand, also of those that other packages add."""
    # Here, because it imports modules that most commands don't need.
    from digits.entry_points import find_entry_points

    others = find_entry_points("digits.commands")
    return {name: entry_point.module for name, entry_point in others.items()} | MODULES


def read_summary(module: str) -> str:
    """Return the first line of a module's docstring, without importing the module."""
    spec = find_spec(module)
    assert spec is not None, module
    assert spec.origin is not None, module
    source = Path(spec.origin).read_text(encoding="utf-8")
    docstring = ast.get_docstring(ast.parse(source)) or ""
    return docstring.partition("\n")[0]


def columns(descriptions: Mapping[str, str]) -> str:
    """Return what is in each column of a table, by its heading, for a subcommand's help."""
    formatter = click.HelpFormatter(width=HELP_WIDTH)
    with formatter.section("Columns"):
        formatter.write_dl(list(descriptions.items()))
    return keep_lines(formatter.getvalue())


def examples(*lines: str) -> str:
    """Return the examples at the end of a subcommand's help, one per line."""
    return keep_lines("Examples:\n" + "\n".join(f"  digits {line}" for line in lines))


def keep_lines(paragraph: str) -> str:
    """Return a paragraph of a help text, with Click's marker for keeping its line breaks."""
    return f"\b\n{paragraph}\n\n"


def select_models(option: str, pattern: str, names: Collection[str]) -> list[str]:
    """Return the names of the models that match a pattern, such as `small-*`, or a name.

    Raises:
        UserError: no model matches the pattern. The message begins with `option`.
    """
    matching = fnmatch.filter(names, pattern)
    if not matching:
        raise unknown_choice_error(option, pattern, names)
    return matching


def not_evaluated_error(pattern: str) -> UserError:
    """Return the error if none of the models that match a pattern has been evaluated."""
    return UserError(
        f"no model that matches {pattern!r} has been evaluated; run `digits repro '{pattern}'`"
    )


@click.command(
    cls=LazyGroup,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
def main() -> None:
    """Run the pipeline, and inspect its data, models and results.

    Run `digits COMMAND --help` for details and examples.
    """
