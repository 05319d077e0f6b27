"""Print the experiments' accuracies, the best first."""

import fnmatch
from collections.abc import Iterator
from itertools import groupby

from digits.commands import examples
from digits.io import parquet, paths, tables
from digits.io.tables import PREDICTIONS
from digits.results import measured
from digits.results.intervals import compare
from digits.results.wording import print_table
from digits.support import cli, parameters
from digits.support.errors import ParameterError, PipelineError
from digits.support.parameters import Experiment

import click


def ties(best: str, others: list[str]) -> Iterator[str]:
    """Yield which experiments of a task cannot be told apart from the best, each with its p."""
    here = [name for name in [best, *others] if paths.predictions(name).exists()]
    if best in here:
        first, *predictions = (parquet.read(paths.predictions(name), PREDICTIONS) for name in here)
        for name, other in zip(here[1:], predictions, strict=True):
            right = [tables.column(each, "label") == tables.column(each, "prediction") for each in (first, other)]
            if other["row"].equals(first["row"]) and (p := compare(*right).p) >= 0.05:
                yield f"{name} (p = {p:.2g})"


@click.command(epilog=examples("leaderboard 'digits-*'"))
@click.argument("pattern", default="*")
def command(pattern: str) -> None:
    """Print the accuracies and errors of all experiments, or of those whose names match PATTERN.

    Experiments of one split and task stand together, the best out of fold first. Below the table stand those that the
    exact McNemar test on the test images cannot tell apart from the best (p of 0.05 or more), if predictions are here.
    """
    experiments = parameters.load().blocks(Experiment)
    names = fnmatch.filter(experiments, pattern)
    if not names:
        raise ParameterError(f"no experiment is called {pattern!r}; there are: {', '.join(experiments)}")
    evaluated = {name: measured.read(name) for name in names if paths.metrics(name).exists()}
    if not evaluated:
        raise PipelineError("nothing has been evaluated yet; `make demo` or `make repro` does it")
    ranked = sorted(evaluated, key=lambda name: evaluated[name].rank(experiments[name]))
    tasks = {name: f"{experiments[name].task} on {experiments[name].split}" for name in ranked}
    rows = [[name, tasks[name], *evaluated[name].cells(measured.count_tested(name))] for name in ranked]
    print_table(["experiment", "task", *measured.HEADINGS], rows, left=2)
    for task, (best, *others) in groupby(ranked, key=tasks.__getitem__):
        if named := ", ".join(ties(best, others)):
            print(f"Not told apart from {best}, the best for {task}: {named}")
    if missing := [name for name in names if name not in evaluated]:
        cli.note(f"not evaluated yet: {', '.join(missing)}")
