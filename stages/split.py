"""Split one dataset into a training part and a test part.

Reads `data/raw/<dataset>.parquet`; writes `data/split/<split>/train.parquet` and `test.parquet`, with each image's
index in the dataset in the column `row`. The one decision: which rows are tested on. A count takes the last rows, in
their order, as MNIST's authors meant it; a share draws them at random. The training part is shuffled by the seed,
however large it is (`digits/shuffle.py`).
"""

import math

from digits.io import files, parquet, paths, tables
from digits.io.tables import IMAGES, Vector
from digits.scale.shuffle import permute_rows
from digits.support import cli, parameters
from digits.support.errors import ParameterError
from digits.support.parameters import Split

import numpy as np


def split_rows(split: Split, rows: int, seed: int) -> tuple[Vector, Vector]:
    """Choose the training and the test rows.

    Returns:
        The training rows, shuffled, and the test rows: in order for a count, as drawn for a share. For a share they
        are exactly those of scikit-learn's `train_test_split(test_size=test, random_state=seed)`; two lines stand in
        for it here because importing scikit-learn takes longer than all the rest of this stage.
    """
    random = np.random.RandomState(seed)
    order = np.arange(rows, dtype=np.uint32)
    tested = split.test_rows(rows)
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
        raise ParameterError(parameters.COPIES.format(len(test)))


def main() -> None:
    """Read, split, write."""
    name = cli.block_name(__doc__, "splits", "mnist")
    params = parameters.load()
    split = params.block(Split, name)
    images = paths.raw(split.dataset)
    facts = shape, _, _ = parquet.image_shape(images), parquet.maximum(images), parquet.class_names(images)
    orders = split_rows(split, parquet.count(images, IMAGES), params.seed)
    if (origin := parquet.read_origin(images)) is not None:
        require_apart(*orders, origin)
    columns = ["class", *tables.pixel_names(math.prod(shape))]
    blocks = map(tables.stack, parquet.groups(images, IMAGES, columns))
    outputs = [paths.split(name, part) for part in ("train", "test")]
    with files.writable(outputs[0]):
        permuted = permute_rows(blocks, orders, outputs[0].parent)
        for path, batches in zip(outputs, permuted, strict=True):
            with parquet.writer(path) as append:
                for rows, batch in batches:
                    of_rows = None if origin is None else origin[rows]
                    pixels, classes = batch[:, 1:], batch[:, 0]
                    append(tables.image_table(pixels, classes, *facts, origin=of_rows, row=rows))


if __name__ == "__main__":
    cli.run(main)
