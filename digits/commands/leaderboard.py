"""Print the models' accuracies, the best first."""

import fnmatch

from digits.commands import examples
from digits.core import params, paths
from digits.core.errors import PipelineError, unknown_choice, warn
from digits.core.params import Params
from digits.results.differences import compare_models
from digits.results.read import read_metrics, read_metrics_table
from digits.results.wording import format_error, format_metrics, print_table

import click

# The heading of each column of accuracies, by the key of metrics/<model>.json.
HEADINGS = {"accuracy": "test", "cv_accuracy": "CV"}

INSIGNIFICANT = " ~"  # follows the name of a model


@click.command(epilog=examples("leaderboard", "leaderboard 'small-*'"))
@click.argument("pattern", default="*")
def command(pattern: str) -> None:
    """Print the accuracies of all models, or of those whose names match PATTERN.

    Models of one task stand together, sorted by their cross-validated accuracy. The error, in
    percent, is that on the test set, with its 95 % interval. If the images have fewer than six
    groups, the number of mistakes and the error of each group stand in place of the interval.
    """
    settings = params.load()
    names = fnmatch.filter(settings.models, pattern)
    if not names:
        raise unknown_choice("PATTERN", pattern, settings.models)
    evaluated = [name for name in names if paths.metrics(name).exists()]
    if not evaluated:
        raise PipelineError(
            f"nothing called {pattern!r} has been evaluated yet; `digits repro '{pattern}'` "
            "does it"
        )

    rows = []
    for task_name in settings.tasks:
        ranked = rank_models(settings, task_name, evaluated)
        if ranked:
            rows += make_rows(settings, task_name, ranked)
    print_table(["model", *HEADINGS.values(), "error, %"], rows)
    if any(row[0].endswith(INSIGNIFICANT) for row in rows):
        print("\n~ not told apart from the first of its task: see `digits compare --help`")
    missing = sorted(set(names) - set(evaluated))
    if missing:
        warn(f"not evaluated yet: {', '.join(missing)}; `make repro` evaluates all")


def rank_models(settings: Params, task_name: str, model_names: list[str]) -> list[str]:
    """Return the models of a task, those with the highest cross-validated accuracy first.

    Models without cross-validation come last.
    """
    models_of_task = [name for name in model_names if settings.model(name).task == task_name]

    def cv_accuracy(name: str) -> float:
        return read_metrics(name).get("cv_accuracy", 0)

    return sorted(models_of_task, key=cv_accuracy, reverse=True)


def make_rows(settings: Params, task_name: str, ranked: list[str]) -> list[list[str]]:
    """Return the rows of a task: the baseline, then the models.

    Args:
        settings: the content of params.yaml.
        task_name: the task.
        ranked: its models, the best first.
    """
    best = ranked[0]
    baseline = read_metrics(best)["baseline"]
    title = f"{task_name} ({settings.task(task_name).split})"
    # The baseline is an accuracy on the test set, the first column of HEADINGS.
    empty_cells = [""] * (len(HEADINGS) - 1)
    rows = [[title, f"{baseline:.4f}", *empty_cells, "always the majority"]]
    for name in ranked:
        label = f"  {name}"
        if name != best and is_difference_insignificant(best, name):
            label += INSIGNIFICANT
        accuracies = format_metrics(read_metrics(name), HEADINGS)
        error = format_error(read_metrics_table(name))
        rows.append([label, *accuracies, error])
    return rows


def is_difference_insignificant(first: str, second: str) -> bool:
    """Return whether there is no significant difference between two models.

    If their predictions cannot be compared, for example because they are missing, it is False.
    """
    try:
        difference = compare_models(first, second)
    except PipelineError:
        return False
    return not difference.is_significant
