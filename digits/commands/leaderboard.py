"""Print the experiments with their test accuracy, out-of-fold accuracy, baseline and error.

Reads params.yaml for the experiments, and metrics/ and plots/ for their figures; an experiment that has not been run is
left out. Where the predictions are here too, those that cannot be told apart from the best of their task are named: the
exact McNemar test on the same test images gives a p of 0.05 or more.
"""

import fnmatch
from collections.abc import Iterator, Sequence
from itertools import groupby

from digits.io import parquet, paths, tables
from digits.io.tables import PREDICTIONS
from digits.results import measured as results
from digits.results.intervals import compare
from digits.results.table import print_table
from digits.support import cli, parameters
from digits.support.errors import ParameterError, PipelineError
from digits.support.parameters import Experiment


def alike(names: Sequence[str]) -> Iterator[str]:
    """Yield which of the experiments of one task cannot be told apart from the first, each with its p."""
    here = [name for name in names if paths.predictions(name).exists()]
    if here[:1] != list(names[:1]):
        return
    best, *others = (parquet.read(paths.predictions(name), PREDICTIONS) for name in here)
    for name, other in zip(here[1:], others, strict=True):
        if other["row"].equals(best["row"]):
            right = [tables.column(each, "label") == tables.column(each, "prediction") for each in (best, other)]
            if (p := compare(*right).p) >= 0.05:
                yield f"{name} (p = {p:.2g})"


def main() -> None:
    """Read and print, the best out of fold of a task first."""
    parser = cli.parser(__doc__, "'digits-*'")
    parser.add_argument("pattern", nargs="?", default="*", help="which experiments (default: all)")
    pattern = parser.parse_args().pattern
    experiments = parameters.load().blocks(Experiment)
    names = fnmatch.filter(experiments, pattern)
    if not names:
        raise ParameterError(f"no experiment is called {pattern!r}; there are: {', '.join(experiments)}")
    evaluated = {name: results.read(name) for name in names if paths.metrics(name).exists()}
    if not evaluated:
        raise PipelineError("nothing has been evaluated yet; `make demo` or `make repro` does it")
    ranked = sorted(evaluated, key=lambda name: evaluated[name].rank(experiments[name]))
    tasks = {name: f"{experiments[name].task} on {experiments[name].split}" for name in ranked}
    rows = [[name, tasks[name], *evaluated[name].cells(results.count_tested(name))] for name in ranked]
    print_table(["experiment", "task", *results.HEADINGS], rows, left=2)
    for task, of_task in groupby(ranked, key=tasks.__getitem__):
        best, *others = of_task
        if named := ", ".join(alike([best, *others])):
            print(f"Not told apart from {best}, the best for {task}: {named}")
    if missing := [name for name in names if name not in evaluated]:
        cli.note(f"not evaluated yet: {', '.join(missing)}")


if __name__ == "__main__":
    cli.run(main)
