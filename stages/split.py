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
from stages.command import StageCommand


@click.command("split", cls=StageCommand)
@click.argument("name")
def main(name: str) -> None:
    """Make the split NAME."""
    settings = params.load()
    split = settings.splits[name]
    # X is the pixels, memory-mapped. `images` is a table of everything else about the images.
    X, images = tables.read_images(paths.raw(split.dataset))
    train_rows, test_rows = split_rows(X, images, split.test, settings.seed)

    class_names = settings.datasets[split.dataset].class_names
    for subset, rows in [("train", train_rows), ("test", test_rows)]:
        selected_images = select_images(images, rows)
        warn_about_missing_classes(name, subset, class_names, selected_images)
        tables.write_images(paths.split(name, subset), X, selected_images)


def select_images(images: pd.DataFrame, rows: Vector) -> pd.DataFrame:
    """Return some rows of a table of images, with their numbers as the column `row`.

    The column still identifies an image in later tables, whose index begins at 0 again.
    """
    # These columns were needed only to choose the rows.
    other_columns = images.drop(columns=["sha256", "test"], errors="ignore")
    # The index keeps these numbers, too: `write_images` finds the pixels by it.
    return other_columns.iloc[rows].assign(row=rows)


def warn_about_missing_classes(
    name: str, subset: str, class_names: Sequence[int | str], images: pd.DataFrame
) -> None:
    """Print a warning for each class that has no image in a subset."""
    present = set(images["class"])
    for number, class_name in enumerate(class_names):
        if number not in present:
            warn(f"{name}: no image of {class_name} is in the {subset} set")


if __name__ == "__main__":
    main()
