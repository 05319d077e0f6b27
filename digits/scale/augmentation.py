"""Augmentation: datasets with an `enlarged` block get deformed copies of their first images after download.

The idea is that of the infinite MNIST (G. Loosli, S. Canu, L. Bottou, Training invariant support vector machines using
selective sampling, 2007). `digits.learning.deformation` deforms them: it does not matter how many rows are asked for,
nor how many workers make them.
"""

from collections.abc import Iterator

from digits.io.tables import Pixels, Vector
from digits.learning import deformation
from digits.scale import batches
from digits.sources import Batch
from digits.support import cli, parallel
from digits.support.errors import ParameterError
from digits.support.parameters import Dataset
from stages.split import COPIES

import joblib
import numpy as np


def enlarge(images: Iterator[Batch], dataset: Dataset) -> Iterator[Batch]:
    """Yield the first images of a dataset, deformed copies of them, and the other images; memory holds the dataset."""
    assert dataset.enlarged
    first, seed = dataset.enlarged.first, dataset.enlarged.seed
    given = _together(list(images))
    originals = given.pixels[:first]
    last = dataset.enlarged.to - (len(given.classes) - first)

    def batch(pixels: Pixels, rows: Vector, origin: Vector) -> Batch:
        group = None if given.group is None else given.group[rows]
        return given._replace(pixels=pixels, classes=given.classes[rows], origin=origin, group=group)

    yield batch(originals, np.arange(first), np.arange(first, dtype=np.uint32))
    tasks = deformation.blocks(first, last)
    with parallel.parallel_backend(originals):
        calls = (joblib.delayed(deformation.deformed)(originals, dataset.shape, rows, seed) for rows in tasks)
        for rows, copies in zip(tasks, cli.progress(batches.imap(calls), len(tasks), "deformed"), strict=True):
            origin = np.arange(rows.start, rows.stop, dtype=np.uint32) % first
            yield batch(copies, origin, origin)
    others = np.arange(first, len(given.classes))
    yield batch(given.pixels[first:], others, np.arange(last, dataset.enlarged.to, dtype=np.uint32))


def _together(images: list[Batch]) -> Batch:
    """Return all batches as one."""
    pixels, classes = (np.concatenate(each) for each in zip(*((b.pixels, b.classes) for b in images), strict=True))
    groups = [batch.group for batch in images if batch.group is not None]
    return images[0]._replace(pixels=pixels, classes=classes, group=np.concatenate(groups) if groups else None)


def require_apart(train: Vector, test: Vector, origin: Vector) -> None:
    """Raise a ParameterError if copies of one image, which have the same `origin`, are in both parts."""
    if np.isin(origin[test], origin[train]).any():
        raise ParameterError(COPIES.format(len(test)))
