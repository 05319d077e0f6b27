"""Check params.yaml before any work."""

from pathlib import Path

from digits.commands import examples
from digits.core import params
from digits.core.errors import PipelineError
from digits.core.params import FILE, Params
from digits.learning import folds, pipelines
from stages.fetch import fetch, source
from stages.split import count_tested

import click


def check(settings: Params) -> None:
    """Check what the schema cannot: sources, counts, features, classifiers; a PipelineError names the first mistake."""
    block = ""
    try:
        for name, dataset in settings.datasets.items():
            block, places = f"datasets.{name}", [place for each in dataset.sources for place in each.items()]
            are_local = [getattr(source(kind), "LOCAL", False) for kind, _ in places]
            if all(are_local) and any(Path(place).exists() for _, place in places):  # it may never have been pulled
                fetch(name, dataset)
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
            folds.require_threshold_rule(experiment, 2 if task.positive else classes)
    except PipelineError as error:
        raise PipelineError(f"{FILE}: {block}: {error.message}") from None


@click.command(epilog=examples("check"))
def command() -> None:
    """Check every value of params.yaml, and that every name in it leads somewhere.

    Prints nothing if all is well, else the first mistake, such as a folder that holds other images than are pinned.
    """
    check(params.load())
