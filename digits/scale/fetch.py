"""Fetch one dataset, and add deformed copies of its first images.

Reads a source, and `enlarged.yaml`; writes `data/raw/<dataset>.parquet`: the first images, deformed copies, which have
the same `origin`, and the other images. After G. Loosli, S. Canu, L. Bottou, Training invariant SVMs (2007).
"""

from collections.abc import Iterator
from pathlib import Path

from digits.core import params, paths, tables
from digits.core.errors import PipelineError, Stage
from digits.core.params import Count, Section
from digits.learning import scoring
from digits.scale import deformation, parts
from stages.fetch import fetch

import click
import joblib
import numpy as np
import pandas as pd
from pydantic import Field, TypeAdapter, ValidationError
from ruamel.yaml import YAML
from tqdm import tqdm

FILE = Path("enlarged.yaml")


class Enlarged(Section):
    """A block of enlarged.yaml: the `first` images are deformed, again and again, until there are `to` rows in all."""

    first: Count
    to: Count
    seed: int = Field(ge=0, lt=2**32)


def load(name: str, images: int) -> Enlarged:
    """Return the block of a dataset of so many images; a PipelineError names the first mistake."""
    try:
        blocks = TypeAdapter(dict[str, Enlarged]).validate_python(YAML(typ="safe").load(FILE))
    except ValidationError as invalid:
        error = invalid.errors()[0]
        raise PipelineError(f"{FILE}: {'.'.join(map(str, error['loc']))}: {error['msg']}") from None
    if name not in blocks or not blocks[name].first <= images <= blocks[name].to:
        raise PipelineError(f"{FILE}: {name} needs a `first` of at most, and a `to` of at least, its {images} images")
    return blocks[name]


def enlarge(images: pd.DataFrame, enlarged: Enlarged) -> Iterator[pd.DataFrame]:
    """Yield the first images, deformed copies of them, and the other images, with the column `origin`."""
    first, last = enlarged.first, enlarged.to - (len(images) - enlarged.first)
    originals = images[:first].assign(origin=np.arange(first, dtype=np.uint32))
    yield originals
    pixels, labels = tables.pixels(originals), originals.filter(["class", "group", "origin"])
    blocks = deformation.blocks(first, last)
    with scoring.parallel_backend(pixels), joblib.Parallel() as run:
        step = 5 * joblib.effective_n_jobs()  # tasks, that no core waits long for the last one
        for start in tqdm(range(0, len(blocks), step), "deformed", disable=None, leave=False):
            batch = blocks[start : start + step]
            tasks = ((pixels, images.attrs["shape"], rows, enlarged.seed) for rows in batch)
            copies = np.concatenate(run(joblib.delayed(deformation.deformed)(*task) for task in tasks))
            yield parts.images(copies, np.arange(batch[0].start, batch[-1].stop) % first, labels)
    yield images[first:].assign(origin=np.arange(last, enlarged.to, dtype=np.uint32))


@click.command(cls=Stage, help=__doc__)
@click.argument("name")
def main(name: str) -> None:
    """Fetch, enlarge, write."""
    dataset = params.find(params.load().datasets, name)
    enlarged = load(name, dataset.images)
    parts.write(paths.raw(name), parts.ahead(enlarge(fetch(name, dataset), enlarged)))


if __name__ == "__main__":
    main()
