"""Check params.yaml before any work."""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from itertools import chain
from pathlib import Path

from digits import sources
from digits.commands import examples
from digits.io.tables import MAXIMUM
from digits.learning import registry, thresholds
from digits.sources import SourceError
from digits.support import cli, parameters
from digits.support.errors import ParameterError, require_choice
from digits.support.parameters import COPIES, FILE, SECTIONS, Dataset, Experiment, Mix, Parameters, Split, Task
from stages.split import count_test_rows

import click


def check(params: Parameters) -> None:
    """Check the content of params.yaml: the blocks, the names that they refer to, every hyperparameter.

    Raises:
        ParameterError: something is wrong; the first mistake is named.
    """
    for section in params.values:
        require_choice(str(FILE), section, ["seed", *SECTIONS.values()])
    seed, datasets, splits = params.seed, params.blocks(Dataset), params.blocks(Split)
    tasks, experiments, mixes = params.blocks(Task), params.blocks(Experiment), params.blocks(Mix)
    for name, dataset in datasets.items():
        with _inside(f"datasets.{name}."):
            for kind in chain(*dataset.sources):
                sources.require_source(kind)
    for name, split in splits.items():
        require_choice(f"{FILE}: splits.{name}.dataset", split.dataset, datasets)
        dataset = datasets[split.dataset]
        with _inside(f"splits.{name}."):
            tested = count_test_rows(split, dataset.rows)
            if dataset.enlarged and tested > dataset.images - dataset.enlarged.first:
                raise ParameterError(COPIES.format(split.test))
    for name, mix in mixes.items():
        require_mixable(name, mix, splits, datasets)
    for name, experiment in experiments.items():
        require_choice(f"{FILE}: experiments.{name}.split", experiment.split, [*splits, *mixes])
        require_choice(f"{FILE}: experiments.{name}.task", experiment.task, tasks)
        task, dataset_name = tasks[experiment.task], params.dataset_of(name)
        with _inside(f"tasks.{experiment.task}."):
            require_positive(task, dataset_name, datasets[dataset_name])
        with _inside(f"experiments.{name}: "):
            registry.build(experiment, seed)
            thresholds.require_rule(experiment, 2 if task.positive else datasets[dataset_name].classes)


def require_mixable(name: str, mix: Mix, splits: Mapping[str, Split], datasets: Mapping[str, Dataset]) -> None:
    """Require that a mix has a name of its own and two splits whose images are alike; else raise a ParameterError."""
    if name in splits:
        raise ParameterError(f"{FILE}: mixes.{name}: a split is called the same; choose another name")
    for key, split in (("split", mix.split), ("own", mix.own)):
        require_choice(f"{FILE}: mixes.{name}.{key}", split, splits)
    pair = [datasets[splits[split].dataset].model_dump(exclude_none=True) for split in (mix.split, mix.own)]
    for key, default in (("shape", None), ("maximum", MAXIMUM), ("classes", None), ("names", None)):
        first, second = (dataset.get(key, default) for dataset in pair)
        if first != second:
            differing = f"{mix.split} has {key} {first}, {mix.own} has {second}"
            raise ParameterError(f"{FILE}: mixes.{name}: {differing}; a mix needs two that are alike")


def require_positive(task: Task, name: str, dataset: Dataset) -> None:
    """Require that a task's positive classes are some of a dataset's; a ParameterError says what is wrong."""
    positive, classes = task.labels(dataset.names) or [], dataset.classes
    if unknown := [label for label in positive if not 0 <= label < classes]:
        raise ParameterError(f"positive: {name} has no class {unknown[0]}; allowed: 0 to {classes - 1}")
    if len(set(positive)) < len(positive):
        raise ParameterError(f"positive: {task.positive} has a class twice")
    if len(positive) == classes:
        raise ParameterError(f"positive: all {classes} classes of {name} are positive; leave one out")


def changed(params: Parameters) -> Iterator[str]:
    """Yield a line for each folder or table whose labels are not those that are pinned, or that is no dataset now."""
    for name, dataset in params.blocks(Dataset).items():
        for kind, place in (each for source in dataset.sources for each in source.items()):
            module = sources.module(kind)
            if not hasattr(module, "labels") or not Path(place).exists():  # it may never have been pulled
                continue
            try:
                found = module.labels(place)
            except SourceError as error:
                yield f"{kind} {place}: {error}"
                continue
            digest = hashlib.sha256(found.classes.tobytes()).hexdigest()
            if digest != dataset.sha256.labels or (found.names and found.names != dataset.names):
                yield f"{kind} {place} is no longer what is pinned; `digits pin {name}` takes over what is there now"


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
