"""Fetch the images of a dataset.

Reads one of the sources of the dataset, and writes `data/raw/<dataset>.parquet`. The images are
accepted only if their SHA-256 checksums are the ones in data/datasets.yaml.
"""

import click

from digits.core import paths
from digits.core.images import write_images
from digits.data.fetching import fetch_images
from digits.settings import params_file
from stages.command import StageCommand


@click.command("fetch", cls=StageCommand)
@click.argument("name")
def main(name: str) -> None:
    """Fetch the images of the dataset NAME."""
    dataset = params_file.load().datasets[name]
    images = fetch_images(name, dataset)
    write_images(paths.raw(name), images)


if __name__ == "__main__":
    main()
