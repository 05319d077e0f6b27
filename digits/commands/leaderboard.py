"""List the models by accuracy, the best of each task first."""

import click
import pandas as pd

from digits.commands import (
    columns,
    examples,
    format_option,
    not_evaluated_error,
    select_models,
)
from digits.core import paths
from digits.messages.terminal import warn
from digits.results.leaderboard import (
    COLUMNS,
    format_cells,
    format_name,
    list_headings,
    list_legends,
    list_shown,
    make_leaderboard,
)
from digits.results.outdated import find_outdated_models
from digits.results.tables import print_table
from digits.settings import params_file
from digits.settings.params import Params

LAST_COLUMNS = {
    "test errors": "The number of wrong predictions on the test set.",
    "95 % interval": (
        "The confidence interval of the test accuracy. If the test images have fewer than six "
        "groups, such as writers, or if all groups have the same accuracy, it is the lowest "
        "and the highest accuracy of a group, preceded by a *."
    ),
}


def describe_columns() -> dict[str, str]:
    """Return what is in each column, by its heading."""
    descriptions = {}
    for column in COLUMNS.values():
        heading = column.heading.replace("\n", " ")
        condition = " Only for imbalanced classes." if column.only_if_imbalanced else ""
        descriptions[heading] = f"{column.help}{condition}"
    return descriptions | LAST_COLUMNS


@click.command(
    epilog=columns(describe_columns())
    + examples("leaderboard", "leaderboard 'small-*'", "leaderboard --format csv")
)
@click.argument("pattern", default="*")
@format_option
def command(pattern: str, table_format: str) -> None:
    """List the models that have been evaluated, the best of each task first.

    PATTERN selects models by their names, such as 'small-*'. A ! follows a model if its code,
    parameters or data have changed since it was evaluated. A ~ follows a model if its
    difference from the best model of the task is not significant. There is no ~ if the images
    have one to five groups, if the folds of both models differ, or if predictions have not
    been pulled. Classes are imbalanced if the task has no `positive` classes, and its largest
    class has more than twice as many test images as its smallest class.

    The majority-class baseline predicts the most frequent label of the training set for every
    image.
    """
    settings = params_file.load()
    names = select_models("PATTERN", pattern, settings.models)
    missing = [name for name in names if not paths.metrics(name).exists()]
    if missing == names:
        raise not_evaluated_error(pattern)

    evaluated = [name for name in names if name not in missing]
    outdated_names = find_outdated_models(evaluated)
    table = make_leaderboard(settings, evaluated, outdated_names)
    print_leaderboard(table, settings, table_format)
    if missing:
        warn(f"not evaluated yet: {', '.join(missing)}; `make repro` evaluates all models")


def print_leaderboard(table: pd.DataFrame, settings: Params, table_format: str) -> None:
    """Print a table with a section per task, and a legend of its marks."""
    shown = list_shown(table)
    headings = list_headings(table)
    no_cells = [""] * len(headings)
    rows = []
    for task_name, models in table.groupby("task", sort=False):
        title = f"{task_name} ({settings.tasks[str(task_name)].split})"
        rows.append([title, *no_cells])
        for row in models.to_dict("records"):
            cells = format_cells(row, shown)
            rows.append([f"  {format_name(row)}", *cells])
    legends = "\n".join(list_legends(table))
    print_table(table_format, table, ["task (split)\n  model", *headings], rows, legends)
