"""List the models by accuracy, the best of each task first."""

from collections.abc import Mapping, Sequence

from digits.commands import columns, examples, nothing_evaluated, select_models
from digits.core import params, paths
from digits.core.errors import warn
from digits.results.formatting import format_table
from digits.results.leaderboard import (
    ERRORS_HEADING,
    HEADINGS,
    INTERVAL_HEADING,
    RANGE,
    Row,
    make_rows,
    rank_models,
    used_legends,
)

import click

N_HEADER_LINES = 3  # two lines of headings and a rule

COLUMNS = {
    "CV accuracy": (
        "The mean accuracy of the folds, in cross-validation on the training set. Use it to "
        "choose a model. The rows are sorted by it. Models without it come last."
    ),
    "test accuracy": "The accuracy on the test set, which no model was trained on.",
    "test errors": "The number of wrong predictions on the test set.",
    "95 % interval": (
        "The confidence interval of the test accuracy. If the test images have fewer than six "
        "groups, such as writers, it is the lowest and the highest accuracy of a group, "
        "followed by a *."
    ),
}


@click.command(epilog=columns(COLUMNS) + examples("leaderboard", "leaderboard 'small-*'"))
@click.argument("pattern", default="*")
def command(pattern: str) -> None:
    """List the models that have been evaluated, the best of each task first.

    PATTERN selects models by their names, such as 'small-*'. A ~ follows a model if its
    difference from the best model of the task is not significant.

    The majority-class baseline predicts the most frequent label of the training set for every
    image. `dvc metrics show` prints precision and recall. `digits compare --between A B`
    compares two models.
    """
    settings = params.load()
    names = select_models("PATTERN", pattern, settings.models)
    missing = [name for name in names if not paths.metrics(name).exists()]
    if missing == names:
        raise nothing_evaluated(pattern)

    rows_by_title = {}
    for task_name, task in settings.tasks.items():
        ranked = rank_models(settings, task_name)
        rows = make_rows(ranked, shown=names)
        if rows:
            rows_by_title[f"{task_name} ({task.split})"] = rows
    print_leaderboard(rows_by_title)
    if missing:
        warn(f"not evaluated yet: {', '.join(missing)}; `make repro` evaluates all models")


def print_leaderboard(rows_by_title: Mapping[str, Sequence[Row]]) -> None:
    """Print the rows of each task below its title, then the legends of the marks.

    Args:
        rows_by_title: the rows, by the name of the task and of its split.
    """
    headings = ["task (split)\n  model", *HEADINGS.values(), ERRORS_HEADING]
    # With a space behind each line, the heading ends above the numbers, not above the mark.
    headings.append(INTERVAL_HEADING.replace("\n", " \n") + " ")
    all_rows = [row for rows in rows_by_title.values() for row in rows]
    table = format_table(headings, [format_row(row) for row in all_rows])
    lines = table.splitlines()
    print("\n".join(lines[:N_HEADER_LINES]))
    lines_of_models = iter(lines[N_HEADER_LINES:])
    # The titles are not in the table, so that a long one does not widen its first column.
    for title, rows in rows_by_title.items():
        print(title)
        for _ in rows:
            print(next(lines_of_models))

    legends = used_legends(all_rows)
    if legends:
        print("\n" + "\n".join(legends))


def format_row(row: Row) -> list[str]:
    """Return the cells of a row."""
    name = f"  {row.name} {row.mark}".rstrip()
    # The numbers stand below each other, whether a mark follows or not.
    interval = row.interval if row.interval.endswith(RANGE) else row.interval + " "
    return [name, *row.metrics, str(row.n_errors), interval]
