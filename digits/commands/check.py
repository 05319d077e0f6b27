"""Check params.yaml before any work."""

import hashlib
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

from digits import sources
from digits.commands import examples
from digits.io import paths, tables
from digits.learning import registry, thresholds
from digits.results import lock
from digits.sources import SourceError
from digits.support import cli, parameters
from digits.support.errors import ParameterError, require_choice
from digits.support.parameters import FILE, SECTIONS, Dataset, Experiment, Mix, Parameters, Split, Task
from stages.split import COPIES, NO_GROUPS, count_tested

import click

PIPELINE = Path("dvc.yaml")


def check(params: Parameters) -> None:
    """Check all blocks, the names that they refer to, and hyperparameters; a ParameterError names the first mistake."""
    for section in params.values:
        require_choice(str(FILE), section, ["seed", *SECTIONS.values()])
    datasets, splits, mixes = params.blocks(Dataset), params.blocks(Split), params.blocks(Mix)
    tasks, experiments = params.blocks(Task), params.blocks(Experiment)
    for name, dataset in datasets.items():
        with _inside(f"datasets.{name}."):
            for kind in chain(*dataset.sources):
                sources.module(kind)
    for name, split in splits.items():
        with _inside(f"splits.{name}."):
            require_choice("dataset", split.dataset, datasets)
            dataset = datasets[split.dataset]
            if isinstance(split.test, dict):
                if "groups" in split.test and not dataset.sha256.groups:
                    raise ParameterError(NO_GROUPS.format(split.test))
                continue
            tested = count_tested(split.test, dataset.rows)
            if dataset.enlarged and tested > dataset.images - dataset.enlarged.first:
                raise ParameterError(COPIES.format(split.test))
    for name, mix in mixes.items():
        with _inside(f"mixes.{name}."):
            require_choice("split", mix.split, splits)
            require_choice("own", mix.own, splits)
    for name, experiment in experiments.items():
        with _inside(f"experiments.{name}."):
            require_choice("split", experiment.split, [*splits, *mixes])
            require_choice("task", experiment.task, tasks)
        task, about = tasks[experiment.task], params.dataset_of(name)
        classes = datasets[about].classes
        with _inside(f"tasks.{experiment.task}."):
            positive, negative = map(set, tables.labels_of(task, datasets[about].names))
            for key, side in (("positive", positive), ("negative", negative)):
                if unknown := side.difference(range(classes)):
                    raise ParameterError(f"{key}: {about} has no class {min(unknown)}; allowed: 0 to {classes - 1}")
            if len(positive) == classes:
                raise ParameterError(f"positive: all {classes} classes of {about} are positive; leave one out")
        with _inside(f"experiments.{name}: "):
            registry.build(experiment, params.seed)
            thresholds.require_rule(experiment, 2 if positive else classes)


def changed(params: Parameters) -> Iterator[str]:
    """Yield a line for each folder or table that cannot be read, or whose labels are not those that are pinned."""
    for name, dataset in params.blocks(Dataset).items():
        for kind, place in chain(*(source.items() for source in dataset.sources)):
            list_labels = getattr(sources.module(kind), "labels", None)
            if not list_labels or not Path(place).exists():  # it may never have been pulled
                continue
            try:
                labels, names, group, _ = list_labels(place, dataset)
                found = [labels.tobytes(), None if group is None else group.tobytes()]
                digests = [each and hashlib.sha256(each).hexdigest() for each in found]
                if digests != [dataset.sha256.labels, dataset.sha256.groups] or names not in (None, dataset.names):
                    again = f"`digits pin {name}` takes over what is there now"
                    yield f"{kind} {place} is no longer what is pinned; {again}"
            except SourceError as error:
                yield f"{kind} {place}: {error}"


def undrawn(params: Parameters) -> Iterator[str]:
    """Yield the line to add to dvc.yaml for each experiment that a chart called `TASK on SPLIT, …` there lacks."""
    charts = parameters.load(PIPELINE).values.get("plots") if PIPELINE.exists() else None
    for title, chart in chain(*(each.items() for each in charts or [] if isinstance(each, dict))):
        drawn = (chart or {}).get("y")
        if isinstance(drawn, dict) and drawn:
            path, column = next(iter(drawn.items()))
            for name, experiment in params.blocks(Experiment).items():
                table = (paths.plots(name) / Path(path).name).as_posix()
                if title.startswith(f"{experiment.task} on {experiment.split},") and table not in drawn:
                    yield f"{PIPELINE}: add `{table}: {column}` to {title!r}"


@contextmanager
def _inside(block: str) -> Iterator[None]:
    """Put the block's name before the message of a ParameterError."""
    try:
        yield
    except ParameterError as error:
        raise ParameterError(f"{FILE}: {block}{error}") from None


@click.command(epilog=examples("check"))
def command() -> None:
    """Check every value of params.yaml, and that every name in it leads somewhere.

    Prints nothing if all is well, else the first mistake in one line, with exit status 2. A folder or table of your own
    whose labels are not those that are pinned is named with exit status 1 (an edited picture is not noticed).

    Two more things are printed, with exit status 0: an experiment that dvc.yaml leaves out of a chart of its task, and
    the stages that dvc.lock has lost, which `dvc repro` may bring back.
    """
    params = parameters.load()
    check(params)
    stale = [*changed(params)]
    for line in filter(None, [*stale, *undrawn(params), lock.fault()]):
        cli.note(line)
    if stale:
        sys.exit(1)
