"""Validate params.yaml before any work."""

from collections.abc import Iterable
from pathlib import Path

import click

from digits.commands import examples
from digits.core import paths
from digits.core.images import ImageFormat
from digits.core.pixels import PIXEL_MAX
from digits.data.labels import check_classes
from digits.fetching.summary import read_summary
from digits.learning.network_features import check_network
from digits.learning.pipelines import build_pipeline
from digits.messages.errors import prefix_errors
from digits.messages.git import check_git
from digits.messages.terminal import echo, warn
from digits.networks import list_files, load_networks
from digits.running.storage import find_dvc_file, warn_about_unstored
from digits.settings import params_file
from digits.settings.params import DatasetParams, Params, list_addresses
from digits.sources import load_source


def check(settings: Params) -> None:
    """Check what the schema of params.yaml cannot: sources, features and classifiers.

    Raises:
        UserError: names the first mistake.
    """
    for name, dataset in settings.datasets.items():
        with prefix_errors(f"{params_file.FILE}: datasets.{name}"):
            for kind, _ in list_addresses(dataset.sources):
                load_source(kind)  # raises an error for an unknown kind
            if not is_pulled_later(dataset):
                load_networks(dataset)
    for name, task in settings.tasks.items():
        dataset_name = settings.dataset_name_of_task(name)
        with prefix_errors(f"{params_file.FILE}: tasks.{name}"):
            if paths.summary(dataset_name).exists():
                check_classes(task, read_summary(dataset_name).class_names)
    for name, model_params in settings.models.items():
        dataset = settings.dataset_of_task(model_params.task)
        image_format = ImageFormat(dataset.shape, dataset.pixel_max or PIXEL_MAX)
        with prefix_errors(f"{params_file.FILE}: models.{name}"):
            build_pipeline(model_params, image_format, settings.seed)
            check_network(model_params, has_network=dataset.network is not None)


def is_pulled_later(dataset: DatasetParams) -> bool:
    """Return whether DVC has a file of a dataset's networks, but it was not pulled."""
    files = list_files(dataset)
    return any(not file.exists() and find_dvc_file(file).exists() for file in files)


def warn_about_unrecorded(models: Iterable[str]) -> None:
    """Print which models have metrics that dvc.lock does not record.

    If both branches have changed a stage, a merge leaves its entry out, and takes the metrics
    of one branch.
    """
    lock = Path("dvc.lock")
    recorded = lock.read_text(encoding="utf-8") if lock.exists() else ""
    stages = [
        f"evaluate@{name}"
        for name in models
        if f"\n  evaluate@{name}:\n" not in recorded and paths.metrics(name).exists()
    ]
    if recorded and stages:
        warn(
            f"dvc.lock has no entry for {', '.join(stages)}, so the metrics may be those of "
            f"another branch; run `dvc repro {' '.join(stages)}`"
        )


@click.command(epilog=examples("check"))
def command() -> None:
    """Validate params.yaml, and print the first mistake in it.

    Every value is checked, and every name must refer to an existing entry, kind of source, set
    of features or classifier. The ONNX file of a network must be usable. The classes of a task
    must exist, if the stage `fetch` has read the images of its dataset. The command says which
    images and ONNX files are in neither Git nor DVC, and which metrics have no entry in
    dvc.lock.
    """
    settings = params_file.load()
    check(settings)
    check_git()
    warn_about_unrecorded(settings.models)
    for dataset in settings.datasets.values():
        warn_about_unstored(dataset.sources, list_files(dataset))
    echo(f"{params_file.FILE} is valid.")
