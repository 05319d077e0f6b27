"""Check all of params.yaml before any work: every value, and that every name leads somewhere.

Says nothing when all is well. On the first fault: one line, exit status 2. Where pictures or a table of your own are no
longer what is pinned, by the labels of the images, that is said in a line too; a change inside of a picture does not
show here.
"""

import hashlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from digits import sources
from digits.learning import registry, thresholds
from digits.sources import SourceError
from digits.support import cli, parameters
from digits.support.errors import ParameterError, require_choice
from digits.support.parameters import COPIES, FILE, SECTIONS, Dataset, Experiment, Mix, Parameters, Search, Split, Task


def check(params: Parameters) -> None:
    """Check the content of params.yaml: the blocks, the names and modules that they refer to, every hyperparameter.

    Raises:
        ParameterError: something is wrong; the first fault is named.
    """
    for section in params.values:
        require_choice(f"{FILE}", section, ["seed", *SECTIONS.values()])
    _ = params.seed
    datasets = params.blocks(Dataset)
    splits, tasks, experiments = params.blocks(Split), params.blocks(Task), params.blocks(Experiment)
    for name, dataset in datasets.items():
        with _naming(f"datasets.{name}."):
            for source in dataset.sources:
                for kind in source:
                    sources.require_source(kind)
    for name, split in splits.items():
        require_choice(f"{FILE}: splits.{name}.dataset", split.dataset, datasets)
        dataset = datasets[split.dataset]
        with _naming(f"splits.{name}."):
            if split.test_rows(dataset.rows) > dataset.images - (dataset.enlarged.first if dataset.enlarged else 0):
                raise ParameterError(COPIES.format(split.test))
    for name, mix in params.blocks(Mix).items():
        require_mixable(name, mix, splits, datasets)
    for name, experiment in experiments.items():
        require_choice(f"{FILE}: experiments.{name}.split", experiment.split, [*splits, *params.names(Mix)])
        require_choice(f"{FILE}: experiments.{name}.task", experiment.task, tasks)
        dataset_name = params.dataset_of(name)
        task, classes = tasks[experiment.task], datasets[dataset_name].classes
        with _naming(f"tasks.{experiment.task}."):
            require_positive(task, dataset_name, datasets[dataset_name])
        with _naming(f"experiments.{name}: "):
            registry.build(experiment, params.seed)
            thresholds.require_rule(experiment, 2 if task.positive else classes)
    for name, search in params.blocks(Search).items():
        require_choice(f"{FILE}: searches", name, experiments)
        with _naming(f"searches.{name}."):
            grid_points(search, experiments[name], params.seed)


def require_mixable(name: str, mix: Mix, splits: Mapping[str, Split], datasets: Mapping[str, Dataset]) -> None:
    """Require that a mix has a name of its own and two splits whose images are alike; else raise a ParameterError."""
    if name in splits:
        raise ParameterError(f"{FILE}: mixes.{name}: a split is called the same; choose another name")
    for key, split in (("split", mix.split), ("own", mix.own)):
        require_choice(f"{FILE}: mixes.{name}.{key}", split, splits)
    first, second = (datasets[splits[split].dataset] for split in (mix.split, mix.own))
    for key in ("shape", "maximum", "classes", "names"):
        if (one := getattr(first, key)) != (other := getattr(second, key)):
            differing = f"{mix.split} has {key} {one}, {mix.own} has {other}"
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
    """Yield a line for each place that has other labels than those that are pinned, or is no dataset any more."""
    for name, dataset in params.blocks(Dataset).items():
        for source in dataset.sources:
            for kind, place in source.items():
                module = sources.module(kind)
                if not hasattr(module, "labels") or not Path(place).exists():  # it may never have been pulled
                    continue
                try:
                    found = module.labels(place)
                    digest = hashlib.sha256(found.classes.tobytes()).hexdigest()
                    if digest != dataset.sha256.labels or (found.names and found.names != dataset.names):
                        yield f"{kind} {place} is no longer what is pinned; `python -m tools.pin {name}` takes it over"
                except SourceError as error:
                    yield f"{kind} {place}: {error}"


@contextmanager
def _naming(where: str) -> Iterator[None]:
    """Say in an error's line which block of the file it is about."""
    try:
        yield
    except ParameterError as error:
        raise ParameterError(f"{FILE}: {where}{error}") from None


def main() -> None:
    """Read and check."""
    cli.parser(__doc__, "").parse_args()
    params = parameters.load()
    check(params)
    for line in changed(params):
        cli.note(line)


if __name__ == "__main__":
    cli.run(main)
