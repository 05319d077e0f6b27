"""Split one dataset into a training part and a test part.

Reads `data/raw/<dataset>.parquet`; writes `data/split/<split>/train.parquet`, shuffled by the seed, and `test.parquet`,
each image's index in the dataset in the column `row`. A count tests on the last rows, in their order, as MNIST's
authors meant it; a share draws them at random.
"""

import math

from digits.io import parquet, paths, tables
from digits.io.tables import IMAGES, Vector
from digits.support import cli, parameters, rooms
from digits.support.errors import ParameterError
from digits.support.parameters import Split

import numpy as np

IN_MEMORY = 500_000  # rows; more are shuffled on disk, which gives the same bytes (digits/scale/shuffle.py)


def count_test_rows(split: Split, rows: int) -> int:
    """Return how many of `rows` are in the test part; neither part may be empty."""
    tested = split.test if isinstance(split.test, int) else math.ceil(split.test * rows)
    if not 0 < tested < rows:
        allowed = f"allowed: 1 to {rows - 1}, or a share of less"
        raise ParameterError(f"test: {split.test} of {rows} images leaves none to train on; {allowed}")
    return tested


def split_rows(split: Split, rows: int, seed: int) -> tuple[Vector, Vector]:
    """Return the training rows, shuffled, and the test rows: in order for a count, as drawn for a share.

    A share gives those of scikit-learn's `train_test_split`, whose import takes longer than the rest of this stage.
    """
    random = np.random.RandomState(seed)
    order = np.arange(rows, dtype=np.uint32)
    tested = count_test_rows(split, rows)
    if isinstance(split.test, int):
        random.shuffle(order[:-tested])
        return order[:-tested], order[-tested:]
    random.shuffle(order)
    return order[tested:], order[:tested]


def main() -> None:
    """Read, split, write."""
    name = cli.block_name(__doc__, "splits", "mnist")
    params = parameters.load()
    split = params.block(Split, name)
    images = paths.raw(split.dataset)
    count = parquet.count(images, IMAGES)
    orders = split_rows(split, count, params.seed)
    if (origin := parquet.read_origin(images)) is not None:
        rooms.load("scale.augmentation", f"splits.{name}").require_apart(*orders, origin)
    outputs = [paths.split(name, part) for part in ("train", "test")]
    if count > IN_MEMORY:
        rooms.load("scale.shuffle", f"splits.{name}, of {count} images,").split_file(images, orders, outputs)
        return
    table = parquet.read(images, IMAGES)
    for path, rows in zip(outputs, map(tables.array, orders), strict=True):
        parquet.write(path, table.take(rows).append_column(tables.ROW, rows))


if __name__ == "__main__":
    cli.run(main)
