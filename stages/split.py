"""Split one dataset into a training part and a test part.

Reads `data/raw/<dataset>.parquet`; writes `data/split/<split>/train.parquet` and `test.parquet`, with each image's
number in the dataset in the column `row`. The one decision: which rows are tested on. A count takes the last rows, in
their order, as MNIST's authors meant it; a share draws them at random. The training part is shuffled by the
seed, however large it is (digits/shuffle.py).
"""

import math
from pathlib import Path

import numpy as np
from pydantic import field_validator

from digits import shuffle
from digits.common import cli, files, parameters, tables
from digits.common.cli import ParameterError
from digits.common.parameters import Section
from digits.common.tables import Vector


class Split(Section):
    """One block of `splits` in params.yaml."""

    dataset: str
    test: int | float

    @field_validator("test", mode="before")
    @classmethod
    def _count_or_share(cls, test: object) -> object:
        if (type(test) is int and test >= 1) or (type(test) is float and 0 < test < 1):
            return test
        raise ValueError("must be a count of images, from 1, or a share between 0 and 1")


def count_tested(count: int, test: int | float) -> int:
    """Return how many of `count` rows are tested on.

    Raises:
        ParameterError: a part would be empty.
    """
    tested = test if isinstance(test, int) else math.ceil(test * count)
    if not 0 < tested < count:
        raise ParameterError(
            f"test: {test} of {count} images leaves none to train on; allowed: 1 to {count - 1}, or a share of less"
        )
    return tested


def split_rows(count: int, test: int | float, seed: int) -> tuple[Vector, Vector]:
    """Choose the training and the test rows.

    Args:
        count: the number of rows, numbered from 0.
        test: how many of the last rows to test on, or which share of all, drawn at random.
        seed: of the shuffle.

    Returns:
        The training rows, shuffled, and the test rows: in order for a count, as drawn for a share. For a share they
        are exactly those of scikit-learn's `train_test_split(test_size=test, random_state=seed)`; two lines stand in
        for it here because importing scikit-learn takes longer than all the rest of this stage.

    Raises:
        ParameterError: a part would be empty.
    """
    random = np.random.RandomState(seed)
    rows = np.arange(count, dtype=np.uint32)
    tested = count_tested(count, test)
    if isinstance(test, int):
        random.shuffle(rows[:-tested])
        return rows[:-tested], rows[-tested:]
    random.shuffle(rows)
    return rows[tested:], rows[:tested]


def main() -> None:
    """Read, split, write."""
    parser = cli.parser(
        __doc__,
        "-m stages.split mnist data/raw/mnist.parquet data/split/mnist/train.parquet data/split/mnist/test.parquet",
    )
    parser.add_argument("split", help="a split of params.yaml")
    parser.add_argument("images", type=Path, help="the dataset's parquet file")
    parser.add_argument("train", type=Path, help="the parquet file to write the training part to")
    parser.add_argument("test", type=Path, help="the parquet file to write the test part to")
    arguments = parser.parse_args()

    values = parameters.load()
    split = parameters.block(values, "splits", arguments.split, Split)
    seed = parameters.seed(values)
    shape = tables.image_shape(arguments.images)
    orders = split_rows(tables.count(arguments.images), split.test, seed)
    images = map(tables.stack, tables.groups(arguments.images, ["class", *tables.pixel_names(math.prod(shape))]))
    with files.writing(arguments.train):
        in_order = shuffle.in_order(images, orders, arguments.train.parent)
        for path, blocks in zip((arguments.train, arguments.test), in_order, strict=True):
            with tables.writing(path) as append:
                for numbers, block in blocks:
                    table = tables.image_table(block[:, 1:], block[:, 0], shape)
                    append(table.append_column("row", tables.array(numbers)))


if __name__ == "__main__":
    cli.run(main)
