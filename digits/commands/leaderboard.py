"""Print the experiments' accuracies, the best first."""

import fnmatch

from digits.commands import examples
from digits.core import params, paths
from digits.core.errors import PipelineError, note
from digits.evaluation.metrics import METRICS
from digits.results import differences, read
from digits.results.wording import print_table

import click

COLUMNS = [metric for metric in METRICS if metric.heading]


@click.command(epilog=examples("leaderboard", "leaderboard 'small-*'"))
@click.argument("pattern", default="*")
def command(pattern: str) -> None:
    """Print the accuracies of all experiments, or of those whose names match PATTERN.

    Experiments of one task stand together, sorted by their accuracy out of fold. The error, in percent, is of the test
    part, with its 95 % interval; where images have fewer than six groups, with the mistakes and the error of each.
    """
    settings = params.load()
    names = fnmatch.filter(settings.experiments, pattern)
    evaluated = [name for name in names if paths.metrics(name).exists()]
    if not evaluated:
        raise PipelineError(f"nothing called {pattern!r} has been evaluated yet; `make demo` or `make repro` does it")
    rows = []
    for task, block in settings.tasks.items():
        of_task = [name for name in evaluated if settings.experiments[name].task == task]
        ranked = sorted(of_task, key=lambda name: -read.metrics(name).get("cv_accuracy", 0))
        for i, name in enumerate(ranked):
            found = read.metrics(name)
            if i == 0:
                baseline, *empty = f"{found['baseline']:.4f}", *[""] * (len(COLUMNS) - 1)
                rows.append([f"{task} ({block.split})", baseline, *empty, "always the majority"])
            mark = " ~" if i and is_alike(ranked[0], name) else ""
            cells = [f"{found[metric.key]:.4f}" if metric.key in found else "–" for metric in COLUMNS]
            rows.append([f"  {name}{mark}", *cells, read.error(name)])
    print_table(["experiment", *(str(metric.heading) for metric in COLUMNS), "error, %"], rows)
    if any(row[0].endswith(" ~") for row in rows):
        print("\n~ not told apart from the first of its task: see `digits compare --help`")
    if len(evaluated) < len(names):
        note(f"not evaluated yet: {', '.join(sorted({*names} - {*evaluated}))}; `make repro` evaluates all")


def is_alike(one: str, other: str) -> bool:
    """Tell whether two experiments are not told apart; False if their predictions are not here."""
    try:
        return not differences.between(one, other).differs
    except PipelineError:
        return False
