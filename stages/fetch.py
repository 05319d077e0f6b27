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
from digits.fetching.fetch import fetch_images, find_sources
from digits.fetching.summary import summarize, write_summary
from digits.networks import compute_checksums
from digits.results.overview import print_overview
from digits.running.command import StageCommand
from digits.running.storage import check_dependencies
from digits.settings import params_file


@click.command("fetch", cls=StageCommand)
@click.argument("name")
def main(name: str) -> None:
    """Fetch the images of the dataset NAME."""
    dataset = params_file.load().datasets[name]
    check_dependencies(name, dataset)
    images = fetch_images(name, dataset)
    summary = summarize(images, compute_checksums(dataset))

    write_images(paths.raw(name), images)
    write_summary(name, summary)
    print_overview(name, images, summary, find_sources(dataset))


if __name__ == "__main__":
    main()
