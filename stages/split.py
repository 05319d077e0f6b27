"""Split the images of a dataset into a training set and a test set.

Reads `data/raw/<dataset>.parquet`, and writes `data/split/<split>/train.parquet`, with shuffled
rows, and `data/split/<split>/test.parquet`.
"""

from collections.abc import Sequence
from dataclasses import replace

import click

from digits.core import paths
from digits.core.images import Images, list_classes, read_images, write_images
from digits.core.pixels import Vector
from digits.data.splitting import split_rows
from digits.messages.terminal import warn
from digits.running.command import StageCommand
from digits.settings import params_file


@click.command("split", cls=StageCommand)
@click.argument("name")
def main(name: str) -> None:
    """Make the split NAME."""
    settings = params_file.load()
    split = settings.splits[name]
    images = read_images(paths.raw(split.dataset))
    train_rows, test_rows = split_rows(images, split.test, settings.seed)

    class_names = list_classes(images)
    for subset, rows in [("train", train_rows), ("test", test_rows)]:
        selected_images = select_images(images, rows)
        warn_about_missing_classes(name, subset, class_names, selected_images)
        write_images(paths.split(name, subset), selected_images)


def select_images(images: Images, rows: Vector) -> Images:
    """Return some of the images, with the numbers of their rows as the column `row`.

    The column identifies an image in all later tables.
    """
    selected = images.select(rows)
    # The columns that are dropped were needed only to choose the rows.
    table = selected.table.drop(columns=["sha256", "test"], errors="ignore").assign(row=rows)
    return replace(selected, table=table)


def warn_about_missing_classes(
    name: str, subset: str, class_names: Sequence[int | str], images: Images
) -> None:
    """Print a warning for each class that has no image in a subset."""
    present = set(images.table["class"])
    for number, class_name in enumerate(class_names):
        if number not in present:
            warn(f"{name}: no image of {class_name} is in the {subset} set")


if __name__ == "__main__":
    main()
