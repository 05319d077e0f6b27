"""Fetch the images of a dataset, and add deformed copies of some of them.

Reads one of the sources of the dataset, and `enlarged.yaml`. Writes
`data/raw/<dataset>.parquet`, in this order:

- the first images, which are copied;
- deformed copies of them, as many as needed;
- all other images.

The column `origin` has the row of the image that a row is a copy of. An image that is no copy
is its own origin.

Source: G. Loosli, S. Canu, L. Bottou, "Training invariant support vector machines using
selective sampling" (2007).
"""

from collections.abc import Iterator, Sequence
from pathlib import Path

from digits.core import params, paths, tables
from digits.core.errors import UserError
from digits.core.params import Entry
from digits.core.stage import StageCommand
from digits.core.tables import Pixels
from digits.data.fetching import fetch_images
from digits.learning import deformation
from digits.learning.parallel import parallel_backend
from digits.scale import row_groups

import click
import joblib
import numpy as np
import pandas as pd
from pydantic import Field, PositiveInt, TypeAdapter, ValidationError
from ruamel.yaml import YAML
from tqdm import tqdm

FILE = Path("enlarged.yaml")

# Deformed images are made in batches of this many blocks per core. With smaller batches, cores
# would wait more often for the last block.
BLOCKS_PER_CORE = 5


class EnlargementParams(Entry):
    """An entry of enlarged.yaml: how a dataset is enlarged by deformed copies."""

    first: PositiveInt  # how many images, from the first one on, are copied
    to: PositiveInt  # the number of images after the enlargement
    seed: int = Field(ge=0, lt=2**32)


@click.command(cls=StageCommand, depends_on=["datasets"])
@click.argument("name")
def main(name: str) -> None:
    """Fetch the images of the dataset NAME, and add deformed copies."""
    dataset = params.load().datasets[name]
    enlargement = load_enlargement(name, dataset.images)
    images = fetch_images(name, dataset)
    enlarged_images = row_groups.prefetch(enlarge(images, enlargement))
    row_groups.write(paths.raw(name), enlarged_images)


def load_enlargement(name: str, n_images: int) -> EnlargementParams:
    """Return the entry of enlarged.yaml for a dataset.

    Args:
        name: the name of the dataset.
        n_images: how many images the dataset has.

    Raises:
        UserError: the entry is missing or wrong. The message names the first mistake.
    """
    content = YAML(typ="safe").load(FILE)
    try:
        entries = TypeAdapter(dict[str, EnlargementParams]).validate_python(content)
    except ValidationError as invalid:
        error = invalid.errors()[0]
        location = ".".join(str(key) for key in error["loc"])
        raise UserError(f"{FILE}: {location}: {error['msg']}") from None

    if name not in entries:
        raise UserError(f"{FILE}: there is no entry for the dataset {name}")
    enlargement = entries[name]
    if enlargement.first > n_images:
        raise UserError(
            f"{FILE}: {name}.first: {enlargement.first}, but {name} has only {n_images} images"
        )
    if enlargement.to < n_images:
        raise UserError(
            f"{FILE}: {name}.to: {enlargement.to}, but {name} already has {n_images} images"
        )
    return enlargement


def enlarge(images: pd.DataFrame, enlargement: EnlargementParams) -> Iterator[pd.DataFrame]:
    """Yield the first images, deformed copies of them, and all other images.

    Each table has the column `origin`.

    Args:
        images: the images of the dataset.
        enlargement: how many of them are copied, and how many images there are at the end.
    """
    n_originals = enlargement.first
    n_others = len(images) - n_originals
    end_of_copies = enlargement.to - n_others

    originals = images[:n_originals].assign(origin=np.arange(n_originals, dtype=np.uint32))
    yield originals
    yield from make_copies(originals, end_of_copies, enlargement.seed)
    other_rows = np.arange(end_of_copies, enlargement.to, dtype=np.uint32)
    yield images[n_originals:].assign(origin=other_rows)


def make_copies(originals: pd.DataFrame, end_row: int, seed: int) -> Iterator[pd.DataFrame]:
    """Yield deformed copies, for the rows from after the originals to before `end_row`.

    Args:
        originals: a table of images with the column `origin`.
        end_row: the row after the last copy.
        seed: the seed of the deformations.
    """
    X = tables.pixels(originals)
    other_columns = originals.filter(["class", "group", "origin"])
    shape = originals.attrs["shape"]
    blocks = deformation.list_blocks(len(originals), end_row)
    with parallel_backend(X), joblib.Parallel() as parallel:
        batch_size = BLOCKS_PER_CORE * joblib.effective_n_jobs()
        starts = range(0, len(blocks), batch_size)
        for start in tqdm(starts, "deformed images", disable=None, leave=False):
            batch = blocks[start : start + batch_size]
            copies = deform_blocks(parallel, X, shape, batch, seed)
            rows = np.arange(batch[0].start, batch[-1].stop)
            yield row_groups.make_images(copies, rows % len(originals), other_columns)


def deform_blocks(
    parallel: joblib.Parallel, X: Pixels, shape: Sequence[int], blocks: list[range], seed: int
) -> Pixels:
    """Return the deformed images of several blocks. Each block is a task of joblib."""
    deform = joblib.delayed(deformation.deform_rows)
    tasks = [deform(X, shape, rows, seed, deformation.STRONG) for rows in blocks]
    return np.concatenate(parallel(tasks))


if __name__ == "__main__":
    main()
