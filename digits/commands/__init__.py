"""The command `digits`.

Each module of this folder, and of the folder `commands` of an optional component, is a
subcommand. It defines `command`, a Click command. It is imported only if its subcommand is
called, so that `digits --help` is fast.
"""

import fnmatch
import textwrap
from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from digits.core.errors import UserError, report_os_errors, unknown_choice

import click

PACKAGE = Path(__file__).parent.parent  # the folder digits/
HELP_WIDTH = 76  # columns of a help text, without the indentation
HIDDEN = {"merge-lock", "setup"}  # Git and `make venv` call these


class CommandGroup(click.Group):
    """The group of all subcommands."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the subcommands that the help shows."""
        return sorted(find_modules().keys() - HIDDEN)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a subcommand. Return None if there is no such module."""
        path = find_modules().get(cmd_name)
        if path is None:
            return None
        parts = path.relative_to(PACKAGE.parent).with_suffix("").parts
        return import_module(".".join(parts)).command

    def invoke(self, ctx: click.Context) -> Any:
        """Call a subcommand. Print errors of the operating system and of DVC in one line."""
        try:
            with report_os_errors():
                return super().invoke(ctx)
        except Exception as error:
            # The import of DvcException takes half a second, so its module's name is compared.
            if type(error).__module__.startswith("dvc."):
                raise UserError(error) from None
            raise

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the first line of each subcommand's docstring, without importing the module."""
        modules = find_modules()
        lines = []
        for name in self.list_commands(ctx):
            text = modules[name].read_text(encoding="utf-8")
            first_line = text.partition("\n")[0]
            lines.append((name, first_line.strip('"')))
        with formatter.section("Commands"):
            formatter.write_dl(lines)


def find_modules() -> dict[str, Path]:
    """Return the module of each subcommand, by the name of the subcommand."""
    paths = PACKAGE.glob("**/commands/[a-z]*.py")  # all but __init__.py
    return {path.stem.replace("_", "-"): path for path in paths}


def columns(descriptions: Mapping[str, str]) -> str:
    """Return a list of the columns of a table, for a subcommand's help.

    Args:
        descriptions: what is in each column, by its heading.
    """
    indent = 2 + max(len(heading) for heading in descriptions) + 2
    lines = []
    for heading, description in descriptions.items():
        text = textwrap.fill(
            description, HELP_WIDTH, initial_indent=" " * indent, subsequent_indent=" " * indent
        )
        lines.append(f"  {heading}" + text[2 + len(heading) :])
    # After \b, Click keeps the line breaks of a paragraph.
    return "\b\nColumns:\n" + "\n".join(lines) + "\n\n"


def examples(*lines: str) -> str:
    """Return the examples at the end of a subcommand's help, one per line."""
    indented = [f"  digits {line}" for line in lines]
    # After \b, Click keeps the line breaks of a paragraph.
    return "\b\nExamples:\n" + "\n".join(indented)


def select_models(where: str, pattern: str, names: Iterable[str]) -> list[str]:
    """Return the names of the models that match a pattern.

    Args:
        where: the argument or the option that has the pattern.
        pattern: the pattern, such as `small-*`, or a name.
        names: the names of all models.

    Raises:
        UserError: no model matches the pattern.
    """
    all_names = list(names)
    matching = fnmatch.filter(all_names, pattern)
    if not matching:
        raise no_match(where, pattern, all_names)
    return matching


def no_match(where: str, pattern: str, names: Iterable[str]) -> UserError:
    """Return the error for a pattern that matches no model.

    Args:
        where: the argument or the option that has the pattern.
        pattern: the pattern, or a misspelt name.
        names: the names of the models.
    """
    if not any(character in pattern for character in "*?["):
        return unknown_choice(where, pattern, names)
    return UserError(
        f"{where}: no model matches {pattern!r}. The models in params.yaml are "
        f"{', '.join(names)}."
    )


def nothing_evaluated(pattern: str) -> UserError:
    """Return the error if none of the models that match a pattern has been evaluated."""
    if pattern == "*":
        return UserError("no model has been evaluated; run `make demo` or `make repro`")
    return UserError(
        f"no model that matches {pattern!r} has been evaluated; run `digits repro '{pattern}'`"
    )


@click.command(
    cls=CommandGroup,
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
)
def main() -> None:
    """Inspect the pipeline's data, models and results.

    Run `digits COMMAND --help` for details and examples.
    """
