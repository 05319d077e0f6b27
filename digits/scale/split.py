"""Split the images of a dataset into a training set and a test set, and shuffle them on disk.

Like stages/split.py, but for tables that do not fit into memory. Reads
`data/raw/<dataset>.parquet`, and writes `data/split/<split>/train.parquet`, shuffled, and
`data/split/<split>/test.parquet`.

A bucket is a range of positions in the shuffled order, small enough for memory. First, each
image is written to its bucket in a temporary file. Then the images of one bucket after the
other are put into their order. Source:
A. Aggarwal, J. Vitter, "The input/output complexity of sorting and related problems" (1988).
"""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from digits.core import params, paths
from digits.core.errors import UserError
from digits.core.params import SplitParams
from digits.core.stage import StageCommand
from digits.core.tables import Pixels, Vector, pixels
from digits.data.splitting import split_rows
from digits.scale import row_groups

import click
import numpy as np
import pandas as pd

BUCKET_SIZE = 50_000  # images


@click.command(cls=StageCommand, depends_on=["seed", "splits"])
@click.argument("name")
def main(name: str) -> None:
    """Make the split NAME."""
    settings = params.load()
    split = settings.splits[name]
    raw_path = paths.raw(split.dataset)

    # All columns but the pixels fit into memory.
    columns = ["class", "group", "origin"]
    other_columns = pd.concat(row_groups.read(raw_path, columns))
    train_rows, test_rows = choose_rows(name, split, settings.seed, other_columns)

    buckets = {"train": divide(train_rows), "test": divide(test_rows)}
    blocks = (pixels(images) for images in row_groups.read(raw_path))
    all_buckets = [*buckets["train"], *buckets["test"]]
    contents = permute_rows(blocks, all_buckets, raw_path.parent)
    for subset in ["train", "test"]:
        images = make_tables(contents, buckets[subset], other_columns)
        row_groups.write(paths.split(name, subset), images)


def choose_rows(
    name: str, split: SplitParams, seed: int, other_columns: pd.DataFrame
) -> tuple[Vector, Vector]:
    """Return the row numbers of the training set, shuffled, and of the test set.

    Args:
        name: the name of the split.
        split: its entry of params.yaml.
        seed: the seed of the random numbers.
        other_columns: all columns of the table of images but the pixels.

    Raises:
        UserError: copies of an image, which have the same `origin`, would be in both sets.
    """
    copies_in_both_sets = UserError(
        f"splits.{name}.test: {split.test} would put copies of an image into both sets; use a "
        "number of images that have no copies"
    )
    if not isinstance(split.test, int):
        raise copies_in_both_sets
    train_rows, test_rows = split_rows(other_columns, split.test, seed)
    origin = other_columns["origin"].to_numpy()
    if np.isin(origin[test_rows], origin[train_rows]).any():
        raise copies_in_both_sets
    return train_rows, test_rows


def divide(rows: Vector) -> list[Vector]:
    """Divide rows into buckets."""
    starts = range(0, len(rows), BUCKET_SIZE)
    return [rows[start : start + BUCKET_SIZE] for start in starts]


def permute_rows(
    blocks: Iterable[Pixels], buckets: Sequence[Vector], folder: Path
) -> Iterator[Pixels]:
    """Yield the rows of a table in another order, the content of one bucket after the other.

    Args:
        blocks: consecutive rows of the table, each block of shape (n_rows, n_pixels).
        buckets: the row numbers of each bucket, in the new order. Each row of the table is in
            exactly one bucket.
        folder: where to keep a temporary file with all rows.
    """
    bucket_sizes = [len(rows) for rows in buckets]
    bucket_of_row = np.empty(sum(bucket_sizes), dtype=np.min_scalar_type(len(buckets)))
    for number, rows in enumerate(buckets):
        bucket_of_row[rows] = number

    with tempfile.TemporaryFile(dir=folder) as file:
        # Write each row into its bucket, where the rows keep the order of the table.
        next_positions = np.cumsum([0, *bucket_sizes])
        first_row = 0
        n_pixels = 0
        for block in blocks:
            n_pixels = block.shape[1]
            bucket_of_block = bucket_of_row[first_row : first_row + len(block)]
            first_row += len(block)
            for number in np.unique(bucket_of_block):
                rows_for_bucket = block[bucket_of_block == number]
                file.seek(int(next_positions[number]) * n_pixels)
                file.write(rows_for_bucket.data)
                next_positions[number] += len(rows_for_bucket)

        # Read one bucket after the other, and put its rows into the new order.
        file.seek(0)
        for rows in buckets:
            in_table_order = np.fromfile(file, dtype=np.uint8, count=len(rows) * n_pixels)
            in_new_order = np.empty((len(rows), n_pixels), dtype=np.uint8)
            positions = np.argsort(rows)  # the new position of the bucket's lowest row, …
            in_new_order[positions] = in_table_order.reshape(len(rows), n_pixels)
            yield in_new_order


def make_tables(
    contents: Iterator[Pixels], buckets: Sequence[Vector], other_columns: pd.DataFrame
) -> Iterator[pd.DataFrame]:
    """Yield a table of images for each bucket, with the column `row`.

    It takes only as many items of `contents` as there are buckets.
    """
    for rows in buckets:
        images = row_groups.make_images(next(contents), rows, other_columns)
        yield images.assign(row=rows)


if __name__ == "__main__":
    main()
