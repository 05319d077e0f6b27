"""Split the images of a dataset into a training set and a test set.

Reads `data/raw/<dataset>.parquet`, and writes `data/split/<split>/train.parquet`, with shuffled
rows, and `data/split/<split>/test.parquet`.
"""

from collections.abc import Sequence

import click
import pandas as pd

from digits.core import paths, tables
from digits.core.tables import Vector
from digits.data.splitting import split_rows
from digits.settings import params
from digits.settings.errors import warn
from digits.settings.stage import StageCommand


@click.command(cls=StageCommand)
@click.argument("name")
def main(name: str) -> None:
    """Make the split NAME."""
    settings = params.load()
    split = settings.splits[name]
    # X has the pixels, which need not fit into memory. `images` has all other columns.
    X, images = tables.read_images(paths.raw(split.dataset))
    train_rows, test_rows = split_rows(X, images, split.test, settings.seed)

    class_names = settings.datasets[split.dataset].class_names
    for subset, rows in [("train", train_rows), ("test", test_rows)]:
        selected_images = select_images(images, rows)
        warn_about_missing_classes(name, subset, class_names, selected_images)
        tables.write_images(paths.split(name, subset), X, selected_images)


def select_images(images: pd.DataFrame, rows: Vector) -> pd.DataFrame:
    """Return the images in some rows of a dataset, with these numbers as the column `row`.

    The index still says in which rows of X their pixels are.
    """
    selected_images = images.iloc[rows].assign(row=rows)
    # The checksums of the pictures have decided which images are selected. No later stage needs
    # them.
    return selected_images.drop(columns="sha256", errors="ignore")


def warn_about_missing_classes(
    name: str, subset: str, class_names: Sequence[int | str], images: pd.DataFrame
) -> None:
    """Print which classes none of the images of a subset shows."""
    present = set(images["class"])
    for number, class_name in enumerate(class_names):
        if number not in present:
            warn(f"{name}: no image of {class_name} is in the {subset} set")


if __name__ == "__main__":
    main()
