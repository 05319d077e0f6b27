"""The command `digits`.

Each module of this folder, and of the folder `commands` of an optional component, is a
subcommand. It defines `command`, a Click command.
"""

import fnmatch
from collections.abc import Iterable, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import click

from digits.core.rounding import fix_rounding
from digits.settings.errors import UserError, report_os_errors, unknown_choice

PACKAGE = Path(__file__).parent.parent  # the folder digits/
HELP_WIDTH = 76  # columns of a help text, without the indentation

# The option of each subcommand that prints a table, which `print_table` prints.
format_option = click.option(
    "--format",
    "table_format",
    type=click.Choice(["table", "json", "markdown", "csv"]),
    default="table",
    show_default=True,
    metavar="FORMAT",
    help="Print table, json, markdown or csv.",
)

# The module of each subcommand.
MODULES = {
    "check": "digits.commands.check",
    "compare": "digits.commands.compare",
    "draw": "digits.handwriting.commands.draw",
    "experiments": "digits.commands.experiments",
    "leaderboard": "digits.commands.leaderboard",
    "merge-lock": "digits.commands.merge_lock",
    "pin": "digits.commands.pin",
    "predict": "digits.commands.predict",
    "report": "digits.report.commands.report",
    "repro": "digits.commands.repro",
    "setup": "digits.commands.setup",
    "show": "digits.commands.show",
    "start": "digits.commands.start",
}

# The line of each subcommand in the help of `digits`. Git calls `merge-lock`, and `make venv`
# calls `setup`.
HELP_LINES = {
    "check": "Validate params.yaml before any work.",
    "compare": "Compare the predictions of two revisions, or of two models.",
    "draw": "Serve a page to draw digits on.",
    "experiments": "List the experiments of a model, best first.",
    "leaderboard": "List the models by accuracy, the best of each task first.",
    "pin": "Record the size and the checksums of a dataset in params.yaml.",
    "predict": "Classify pictures.",
    "report": "Write an HTML report about the models that have been evaluated.",
    "repro": "Run the outdated stages, optionally several at a time.",
    "show": "Show images of a dataset, with the predictions of a model.",
    "start": "Turn this clone into a project about your own images.",
}


class LazyGroup(click.Group):
    """The subcommands, each of which is imported only if it is called.

    The subcommands of an optional component that was deleted are left out.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of the subcommands that the help shows."""
        return [name for name in HELP_LINES if has_module(name)]

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a subcommand. Return None if there is no such module."""
        if cmd_name not in MODULES or not has_module(cmd_name):
            return None
        return import_module(MODULES[cmd_name]).command

    def invoke(self, ctx: click.Context) -> Any:
        """Call a subcommand. Print an error of the operating system in one line."""
        fix_rounding()  # before a subcommand imports NumPy
        with report_os_errors():
            return super().invoke(ctx)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the list of subcommands without importing them."""
        with formatter.section("Commands"):
            names = self.list_commands(ctx)
            formatter.write_dl([(name, HELP_LINES[name]) for name in names])


def has_module(name: str) -> bool:
    """Return whether the module of a subcommand exists. A component may have been deleted."""
    path = MODULES[name].replace(".", "/")
    return (PACKAGE.parent / f"{path}.py").exists()


def columns(descriptions: Mapping[str, str]) -> str:
    """Return a list of the columns of a table, for a subcommand's help.

    Args:
        descriptions: what is in each column, by its heading.
    """
    formatter = click.HelpFormatter(width=HELP_WIDTH)
    with formatter.section("Columns"):
        formatter.write_dl(list(descriptions.items()))
    return keep_lines(formatter.getvalue())


def examples(*lines: str) -> str:
    """Return the examples at the end of a subcommand's help, one per line."""
    return keep_lines("Examples:\n" + "\n".join(f"  digits {line}" for line in lines))


def keep_lines(paragraph: str) -> str:
    """Return a paragraph of a help text in which Click keeps the line breaks."""
    return f"\b\n{paragraph}\n\n"


def select_models(option: str, pattern: str, names: Iterable[str]) -> list[str]:
    """Return the names of the models that match a pattern.

    Args:
        option: the name of the option or argument, for the error.
        pattern: the pattern, such as `small-*`, or a name.
        names: the names of all models.

    Raises:
        UserError: no model matches the pattern.
    """
    all_names = list(names)
    matching = fnmatch.filter(all_names, pattern)
    if not matching:
        raise unknown_choice(option, pattern, all_names)
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
    """Inspect the pipeline's data, models and results.

    Run `digits COMMAND --help` for details and examples.
    """
