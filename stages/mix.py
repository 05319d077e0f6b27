"""Mix the training part of a split with your own images, so that a model learns your hand as well.

Reads the split's training part and both parts of your own split; writes `data/split/<mix>/train.parquet`, shuffled, and
`test.parquet`, which is your own. A weight of 3 is three copies of each image, which suits every classifier; copies are
one `group`, so that they are in one fold. `row` is the index in your own dataset; the others are numbered after those.
"""

from digits.core import params, paths, tables
from digits.core.errors import PipelineError, Stage

import click
import numpy as np
import pandas as pd


def mix_images(images: pd.DataFrame, own: pd.DataFrame, weight: int, first: int, seed: int) -> pd.DataFrame:
    """Return `images`, their rows and groups numbered from `first`, with each of `own` `weight` times, shuffled.

    An image without a group is one by itself.
    """
    images, own = (each if "group" in each else each.assign(group=each["row"]) for each in (images, own))
    others = images.assign(row=images["row"] + np.uint32(first), group=images["group"] + np.uint32(first))
    mixed = pd.concat([others, *[own] * weight], ignore_index=True)
    mixed.attrs = own.attrs  # which keeps its groups' numbers, and their names
    return mixed.iloc[np.random.RandomState(seed).permutation(len(mixed))]


@click.command(cls=Stage, help=__doc__)
@click.argument("name")
def main(name: str) -> None:
    """Read, mix, write."""
    settings = params.load()
    mix = params.find(settings.mixes, name)
    images, own = (tables.read(paths.split(split, "train")) for split in (mix.split, mix.own))
    test = tables.read(paths.split(mix.own, "test"))
    if any(images.attrs.get(key) != own.attrs.get(key) for key in ("shape", "maximum", "names")):
        raise PipelineError(f"mixes.{name}: {mix.split} and {mix.own} differ in shape, maximum or names of the classes")
    tables.write(paths.split(name, "train"), mix_images(images, own, mix.weight, len(own) + len(test), settings.seed))
    tables.write(paths.split(name, "test"), test)


if __name__ == "__main__":
    main()
