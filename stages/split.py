"""Split one dataset into a training part and a test part.

Reads `data/raw/<dataset>.parquet`; writes `data/split/<split>/train.parquet` and `test.parquet`, with each image's
index in the dataset in the column `row`. The one decision: which rows are tested on. A count takes the last rows, in
their order, as MNIST's authors meant it; a share draws them at random. The training part is shuffled by the seed.
"""

import math

from digits.io import parquet, paths, tables
from digits.io.tables import IMAGES, Vector
from digits.support import cli, parameters, rooms
from digits.support.errors import ParameterError
from digits.support.parameters import COPIES, Split

import numpy as np

IN_MEMORY = 500_000  # rows; more are shuffled on disk, which gives the same bytes (digits/scale/shuffle.py)


def count_test_rows(split: Split, rows: int) -> int:
    """Return how many of `rows` are in the test part; a ParameterError if a part would be empty."""
    tested = split.test if isinstance(split.test, int) else math.ceil(split.test * rows)
    if not 0 < tested < rows:
        allowed = f"allowed: 1 to {rows - 1}, or a share of less"
        raise ParameterError(f"test: {split.test} of {rows} images leaves none to train on; {allowed}")
    return tested


def split_rows(split: Split, rows: int, seed: int) -> tuple[Vector, Vector]:
    """Choose the training and the test rows.

    Returns:
        The training rows, shuffled, and the test rows: in order for a count, as drawn for a share. For a share they
        are exactly those of scikit-learn's `train_test_split(test_size=test, random_state=seed)`; two lines stand in
        for it here because importing scikit-learn takes longer than all the rest of this stage.
    """
    random = np.random.RandomState(seed)
    order = np.arange(rows, dtype=np.uint32)
    tested = count_test_rows(split, rows)
    if isinstance(split.test, int):
        random.shuffle(order[:-tested])
        return order[:-tested], order[-tested:]
    random.shuffle(order)
    return order[tested:], order[:tested]


def require_apart(train: Vector, test: Vector, origin: Vector) -> None:
    """Require that no image of the test part is a copy of one of the training part, or the reverse.

    Args:
        train: shape (training rows,).
        test: shape (test rows,).
        origin: shape (rows,), the row of the image that each was made of.

    Raises:
        ParameterError: there is one.
    """
    trained = np.zeros(len(origin), bool)
    trained[origin[train]] = True
    if trained[origin[test]].any():
        raise ParameterError(COPIES.format(len(test)))


def main() -> None:
    """Read, split, write."""
    name = cli.block_name(__doc__, "splits", "mnist")
    params = parameters.load()
    split = params.block(Split, name)
    images = paths.raw(split.dataset)
    count = parquet.count(images, IMAGES)
    orders = split_rows(split, count, params.seed)
    if (origin := parquet.read_origin(images)) is not None:
        require_apart(*orders, origin)
    outputs = [paths.split(name, part) for part in ("train", "test")]
    if count > IN_MEMORY:
        rooms.load("scale.shuffle", f"splits.{name}, of {count} images,").split_file(images, orders, outputs)
        return
    table = parquet.read(images, IMAGES)
    for path, rows in zip(outputs, orders, strict=True):
        parquet.write(path, table.take(tables.array(rows)).append_column(tables.ROW, tables.array(rows)))


if __name__ == "__main__":
    cli.run(main)
