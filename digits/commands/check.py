"""Check params.yaml before any work."""

import hashlib
from itertools import chain
from pathlib import Path

from digits.commands import examples
from digits.core import params
from digits.core.errors import PipelineError
from digits.core.params import FILE, Dataset, Params
from digits.learning import pipelines, thresholds
from stages.fetch import source
from stages.split import count_tested

import click


def check(settings: Params) -> None:
    """Check what the schema cannot: sources, counts, features, classifiers; a PipelineError names the first mistake."""
    block = ""
    try:
        for name, dataset in settings.datasets.items():
            block = f"datasets.{name}"
            require_unchanged(name, dataset)
        for name, split in settings.splits.items():
            block, dataset = f"splits.{name}", settings.datasets[split.dataset]
            if isinstance(split.test, int | float):
                count_tested(split.test, dataset.images)
            elif "groups" in split.test and "groups" not in dataset.sha256:
                raise PipelineError("test: its dataset has no groups; use a count or a share of images")
        for name, experiment in settings.experiments.items():
            block, task = f"experiments.{name}", settings.tasks[experiment.task]
            pipelines.build(experiment, settings.seed)
            classes = settings.datasets[settings.dataset_of(experiment.task)].classes
            thresholds.require_rule(experiment, 2 if task.positive else classes)
    except PipelineError as error:
        raise PipelineError(f"{FILE}: {block}: {error.message}") from None


def require_unchanged(name: str, dataset: Dataset) -> None:
    """Require that sources are of kinds that exist, and that a folder or table has the labels that are pinned."""
    for kind, place in chain(*(each.items() for each in dataset.sources)):
        list_labels = getattr(source(kind), "labels", None)
        if list_labels and Path(place).exists():  # it may never have been pulled
            found = list_labels(place, dataset)
            digest = hashlib.sha256(found["classes"].tobytes()).hexdigest()
            if (digest, found.get("names", dataset.names)) != (dataset.sha256["labels"], dataset.names):
                raise PipelineError(f"{place} has other images than are pinned; `digits pin {name}` accepts them")


@click.command(epilog=examples("check"))
def command() -> None:
    """Check every value of params.yaml, and that every name in it leads somewhere.

    Prints nothing if all is well, else the first mistake in one line, with exit status 1. So is a folder or a table of
    your own whose labels are not those that are pinned (an edited picture is not noticed).
    """
    check(params.load())
