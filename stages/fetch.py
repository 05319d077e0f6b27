"""Fetch the images of a dataset.

Reads one of the sources of the dataset, and writes

- `data/raw/<dataset>.parquet`: the images.
- `data/datasets/<dataset>.yaml`: what they are, such as the names of the classes.

It prints what the images are, so that a mistake is seen at once, and warns if there are fewer
than in the last commit.
"""

import click

from digits.core import paths
from digits.core.images import write_images
from digits.fetching.fetch import fetch_images
from digits.fetching.summary import (
    Summary,
    describe_losses,
    read_committed_summary,
    summarize,
    write_summary,
)
from digits.messages.errors import UserError
from digits.messages.terminal import echo, shorten, to_one_line, warn
from digits.networks import compute_checksums, list_files
from digits.results.overview import describe_images
from digits.running.command import StageCommand, read_declared
from digits.running.storage import list_paths
from digits.settings import params_file
from digits.settings.params import DatasetParams


@click.command("fetch", cls=StageCommand)
@click.argument("name")
def main(name: str) -> None:
    """Fetch the images of the dataset NAME."""
    dataset = params_file.load().datasets[name]
    check_dependencies(name, dataset)
    images = fetch_images(name, dataset)
    summary = summarize(images, compute_checksums(dataset))
    warn_about_losses(name, summary)
    write_images(paths.raw(name), images)
    write_summary(name, summary)
    for line in describe_images(images, summary):
        echo(to_one_line(line))


def warn_about_losses(name: str, summary: Summary) -> None:
    """Print a warning if a dataset has fewer images than in the last commit."""
    committed = read_committed_summary(name)
    losses = describe_losses(committed, summary) if committed else []
    if losses:
        warn(f"{name} has fewer images than in the last commit: {shorten(losses)}")


def check_dependencies(name: str, dataset: DatasetParams) -> None:
    """Check that dvc.yaml declares the files that a dataset reads without a checksum.

    Raises:
        UserError: the stage would not run again after a change of them.
    """
    declared, _ = read_declared("fetch", name)
    read = list_files(dataset)  # of its networks
    if dataset.sha256 is None:
        read += list_paths(dataset.sources)
    for path in read:
        if declared and not any(path.is_relative_to(each) for each in declared):
            raise UserError(
                f"dvc.yaml: the stage `fetch` does not depend on {path}; add it to `deps`"
            )


if __name__ == "__main__":
    main()
