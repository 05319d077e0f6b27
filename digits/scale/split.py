"""Split one dataset into a training part and a test part, as the core's stage does, but shuffled on disk.

Reads `data/raw/<dataset>.parquet`; writes `data/split/<split>/train.parquet`, shuffled by the seed, and `test.parquet`,
the last rows, with each image's index in the dataset in the column `row`.

Every row goes to the bucket on disk that its place falls into; each bucket then fits into memory and is put in order.
Source: A. Aggarwal, J. S. Vitter, The input/output complexity of sorting and related problems (1988).
"""

import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from digits.core import params, paths, tables
from digits.core.errors import PipelineError, Stage
from digits.core.params import Split
from digits.core.tables import Pixels, Vector
from digits.scale import parts
from stages.split import split_rows

import click
import numpy as np
import pandas as pd

BUCKET = 5 * parts.ROW_GROUP


def choose_rows(name: str, split: Split, seed: int, labels: pd.DataFrame) -> tuple[Vector, Vector]:
    """Return the training rows, shuffled, and the test rows of a table, whose `labels` are all but its pixels.

    A PipelineError if copies of one image, which have the same `origin`, would be in both parts.
    """
    if isinstance(split.test, int):
        no_pixels = np.empty(0, np.uint8)  # only a share by digests looks at them
        group, origin = labels.get("group"), labels["origin"].to_numpy()
        train, test = split_rows(split, seed, labels["class"].to_numpy(), group, no_pixels)
        if not np.isin(origin[test], origin[train]).any():
            return train, test
    remedy = "use a count of images that have none"
    raise PipelineError(f"splits.{name}.test: {split.test} puts copies of an image into both parts; {remedy}")


def permute_rows(blocks: Iterable[Pixels], buckets: Sequence[Vector], folder: Path) -> Iterator[Pixels]:
    """Yield the rows of a table, `blocks` of shape (rows, width), in another order, that of the buckets.

    Each row is in one of these, and as many are in one as fit into memory. Their file is in `folder` meanwhile.
    """
    bucket_of = np.empty(sum(map(len, buckets)), np.min_scalar_type(len(buckets)))
    for i, rows in enumerate(buckets):
        bucket_of[rows] = i
    filled = np.cumsum([0, *map(len, buckets)])  # where the next row of each goes
    first, width = 0, 0
    with tempfile.TemporaryFile(dir=folder) as file:
        for block in blocks:
            width = block.shape[1]
            of_block = bucket_of[first : first + len(block)]
            first += len(block)
            for i in np.unique(of_block):
                moved = block[of_block == i]
                file.seek(int(filled[i]) * width)
                file.write(moved.data)
                filled[i] += len(moved)
        file.seek(0)
        for rows in buckets:
            content = np.empty((len(rows), width), np.uint8)
            content[np.argsort(rows)] = np.fromfile(file, np.uint8, content.size).reshape(content.shape)
            yield content


@click.command(cls=Stage, help=__doc__)
@click.argument("name")
def main(name: str) -> None:
    """Read, split, write."""
    settings = params.load()
    split = params.find(settings.splits, name)
    raw = paths.raw(split.dataset)
    labels = pd.concat(parts.read(raw, ["class", "group", "origin"]))
    orders = choose_rows(name, split, settings.seed, labels)
    buckets = [[order[start : start + BUCKET] for start in range(0, len(order), BUCKET)] for order in orders]
    contents = permute_rows(map(tables.pixels, parts.read(raw)), [*buckets[0], *buckets[1]], raw.parent)
    for part, of_part in zip(("train", "test"), buckets, strict=True):
        images = (parts.images(next(contents), rows, labels).assign(row=rows) for rows in of_part)
        parts.write(paths.split(name, part), images)


if __name__ == "__main__":
    main()
