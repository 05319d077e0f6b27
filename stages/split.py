"""Split the images of a dataset into a training set and a test set.

Reads `data/raw/<dataset>.parquet`, and writes `data/split/<split>/train.parquet`, with shuffled
rows, and `data/split/<split>/test.parquet`.
"""

import click
import numpy as np

from digits.core import paths, tables
from digits.data.splitting import split_rows
from digits.settings import params
from digits.settings.errors import warn
from digits.settings.stage import StageCommand


@click.command(cls=StageCommand, depends_on=["seed", "splits"])
@click.argument("name")
def main(name: str) -> None:
    """Make the split NAME."""
    settings = params.load()
    split = settings.splits[name]
    class_names = settings.datasets[split.dataset].class_names
    # X has the pixels, which need not fit into memory. `images` has all other columns.
    X, images = tables.read_images(paths.raw(split.dataset))

    train_rows, test_rows = split_rows(X, images, split.test, settings.seed)
    images = images.drop(columns="sha256", errors="ignore")  # only `split_rows` uses it

    for subset, rows in [("train", train_rows), ("test", test_rows)]:
        # The index of the selected images still says in which rows of X their pixels are. Later
        # tables have another index, but keep the column `row`.
        selected_images = images.iloc[rows].assign(row=rows)
        for missing_class in np.setdiff1d(images["class"], selected_images["class"]):
            warn(f"{name}: no image of {class_names[missing_class]} is in the {subset} set")
        tables.write_images(paths.split(name, subset), X, selected_images)


if __name__ == "__main__":
    main()
