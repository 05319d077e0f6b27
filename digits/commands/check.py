"""Check params.yaml before any work."""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

from digits import sources
from digits.commands import examples
from digits.learning import registry, thresholds
from digits.sources import SourceError
from digits.support import cli, parameters
from digits.support.errors import ParameterError, require_choice
from digits.support.parameters import COPIES, FILE, SECTIONS, Dataset, Experiment, Mix, Parameters, Split, Task
from stages.split import count_test_rows

import click


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
        require_choice(f"{FILE}: splits.{name}.dataset", split.dataset, datasets)
        dataset = datasets[split.dataset]
        with _inside(f"splits.{name}."):
            tested = count_test_rows(split, dataset.rows)
            if dataset.enlarged and tested > dataset.images - dataset.enlarged.first:
                raise ParameterError(COPIES.format(split.test))
    for name, mix in mixes.items():
        for key, part in (("split", mix.split), ("own", mix.own)):
            require_choice(f"{FILE}: mixes.{name}.{key}", part, splits)
        large, own = (datasets[splits[part].dataset] for part in (mix.split, mix.own))
        for key in ("shape", "maximum", "classes", "names"):
            if (first := getattr(large, key)) != (second := getattr(own, key)):
                differing = f"{mix.split} has {key} {first}, {mix.own} has {second}"
                raise ParameterError(f"{FILE}: mixes.{name}: {differing}; a mix needs two that are alike")
    for name, experiment in experiments.items():
        require_choice(f"{FILE}: experiments.{name}.split", experiment.split, [*splits, *mixes])
        require_choice(f"{FILE}: experiments.{name}.task", experiment.task, tasks)
        task, dataset_name = tasks[experiment.task], params.dataset_of(name)
        with _inside(f"tasks.{experiment.task}."):
            require_positive(task, dataset_name, datasets[dataset_name])
        with _inside(f"experiments.{name}: "):
            registry.build(experiment, params.seed)
            thresholds.require_rule(experiment, 2 if task.positive else datasets[dataset_name].classes)


def require_positive(task: Task, name: str, dataset: Dataset) -> None:
    """Require that a task's positive classes are some of a dataset's, and not all; else raise a ParameterError."""
    positive = set(task.labels(dataset.names) or [])
    if unknown := positive.difference(range(dataset.classes)):
        raise ParameterError(f"positive: {name} has no class {min(unknown)}; allowed: 0 to {dataset.classes - 1}")
    if len(positive) == dataset.classes:
        raise ParameterError(f"positive: all {dataset.classes} classes of {name} are positive; leave one out")


def changed(params: Parameters) -> Iterator[str]:
    """Yield a line for each folder or table whose labels are not those that are pinned, or that is no dataset now."""
    for name, dataset in params.blocks(Dataset).items():
        for kind, place in chain(*(source.items() for source in dataset.sources)):
            list_labels = getattr(sources.module(kind), "labels", None)
            if not list_labels or not Path(place).exists():  # it may never have been pulled
                continue
            try:
                labels, names = list_labels(place)
                digest = hashlib.sha256(labels.tobytes()).hexdigest()
                if digest != dataset.sha256.labels or (names and names != dataset.names):
                    remedy = f"`digits pin {name}` takes over what is there now"
                    yield f"{kind} {place} is no longer what is pinned; {remedy}"
            except SourceError as error:
                yield f"{kind} {place}: {error}"


@contextmanager
def _inside(block: str) -> Iterator[None]:
    """Name the block of the file that an error is about."""
    try:
        yield
    except ParameterError as error:
        raise ParameterError(f"{FILE}: {block}{error}") from None


@click.command(epilog=examples("check"))
def command() -> None:
    """Check every value of params.yaml, and that every name in it leads somewhere.

    Prints nothing when all is well. The first mistake is one line, with exit status 2. A folder or table of your own
    whose labels are no longer those that are pinned is named as well; an edited picture is not noticed here.
    """
    params = parameters.load()
    check(params)
    for line in changed(params):
        cli.note(line)
