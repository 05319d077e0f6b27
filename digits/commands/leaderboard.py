"""Print the experiments' accuracies, the best first."""

import fnmatch
from itertools import groupby

from digits.commands import examples
from digits.io import paths
from digits.results import measured
from digits.results.predictions import not_told_apart
from digits.results.wording import listed, print_table
from digits.support import cli, parameters
from digits.support.errors import ParameterError, PipelineError, printable
from digits.support.parameters import Experiment, Task

import click


def uneven(name: str) -> str | None:
    """Return an experiment's balanced accuracy and least recall in words, where classes differ by more than 3 to 1."""
    of_test = {key[1:]: value for key, value in measured.figures(name).items() if key[0] == "test"}
    counts = {label: count for (figure, label), count in of_test.items() if figure == "count" and count}
    if max(counts.values()) <= 3 * min(counts.values()):
        return None
    recalls = {label: of_test["recall", label] for label in counts}
    rarest, least = min(counts, key=counts.__getitem__), min(recalls, key=recalls.__getitem__)
    return (
        f"{name}: balanced accuracy {sum(recalls.values()) / len(recalls):.4f}, least recall {recalls[least]:.4f} "
        f"({least}); of {rarest} there are {counts[rarest]:.0f} test images, of others up to {max(counts.values()):.0f}"
    )


def by_group(name: str) -> str | None:
    """Return an experiment's accuracy on each group of the test part in words."""
    of_test = {of: value for (part, _, of), value in measured.figures(name).items() if part == "test"}
    found = [f"{printable(of[6:])}: {value:.4f}" for of, value in of_test.items() if of.startswith("group ")]
    return f"{name} by group: {', '.join(found)}" if found else None


@click.command(epilog=examples("leaderboard", "leaderboard 'small-*'"))
@click.argument("pattern", default="*")
@click.option("--groups", is_flag=True, help="Print the accuracy on each group of the test part as well.")
def command(pattern: str, groups: bool) -> None:
    """Print the accuracies and errors of all experiments, or of those whose names match PATTERN.

    Experiments of one split and task stand together, sorted by their accuracy out of fold. Below the table are the
    pairs that do not differ significantly, if their predictions are available: p is 0.05 or more, with Holm's
    correction, by the exact McNemar test, or by a t-test of the groups where images have groups.
    """
    params = parameters.load()
    experiments = params.blocks(Experiment)
    names = fnmatch.filter(experiments, pattern)
    if not names:
        raise ParameterError(f"no experiment is called {pattern!r}; there are: {', '.join(experiments)}")
    evaluated = {name: measured.read(name) for name in names if paths.metrics(name).exists()}
    if not evaluated:
        raise PipelineError("nothing has been evaluated yet; `make demo` or `make repro` does it")
    ranked = sorted(evaluated, key=lambda name: evaluated[name].rank(experiments[name]))
    tasks = {name: f"{experiments[name].task} on {experiments[name].split}" for name in ranked}
    rows = [[name, tasks[name], *evaluated[name].cells(name)] for name in ranked]
    print_table(["experiment", "task", *measured.HEADINGS], rows, left=2)
    if any(row[-1].endswith("*") for row in rows):
        print(f"\n{measured.BY_IMAGES}")
    tell = [name for name in ranked if not params.block(Task, experiments[name].task).positive]
    for line in filter(None, [*map(uneven, tell), *map(by_group, ranked if groups else [])]):
        print(line)
    alike = {task: not_told_apart([*of_task]) for task, of_task in groupby(ranked, key=tasks.__getitem__)}
    if any(alike.values()):
        print("\nThese do not differ significantly (p is 0.05 or more):")
        print(*(f"  {task}: {pair}" for task, pairs in alike.items() for pair in pairs), sep="\n")
    if missing := [name for name in names if name not in evaluated]:
        cli.note(f"not evaluated yet: {listed(missing)}; `make repro` evaluates all")
