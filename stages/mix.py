"""Mix the training part of a split with your own images, so that a model learns your hand as well.

Reads the split's training part and both parts of your own split; writes `data/split/<mix>/train.parquet`, shuffled, and
`test.parquet`, which is your own. A weight is so many copies, which works for every classifier; `origin` keeps them in
one fold. `row` is the image's index in your own dataset, and the other images' numbers start after those.
"""

from digits.io import parquet, paths, tables
from digits.io.tables import IMAGES, ImageInfo
from digits.support import cli, parameters
from digits.support.errors import ParameterError
from digits.support.parameters import Mix

import numpy as np
import pyarrow as pa


def mix_images(images: pa.Table, own: pa.Table, weight: int, first: int, seed: int) -> pa.Table:
    """Return `images`, their rows and groups numbered from `first`, with each of `own` `weight` times, shuffled."""
    names = ["group", "origin", "row"] if "group" in {*images.column_names, *own.column_names} else ["origin", "row"]
    mixed = pa.concat_tables([_numbered(images, first, names), *[_numbered(own, 0, names)] * weight])
    mixed = mixed.replace_schema_metadata(own.schema.metadata)  # `own` keeps its groups' numbers, and their names
    return mixed.take(tables.array(np.random.RandomState(seed).permutation(len(mixed))))


def _numbered(images: pa.Table, first: int, names: list[str]) -> pa.Table:
    """Return images with the named columns, counted from `first`; of one that is missing each image's is its row."""
    kept = images.drop_columns([name for name in names if name in images.column_names])
    for name in names:
        numbers = tables.column(images, name if name in images.column_names else "row") + np.uint32(first)
        kept = kept.append_column(name, tables.array(numbers))
    return kept


def main() -> None:
    """Read, mix, write."""
    name = cli.block_name(__doc__, "mixes", "mnist-and-own")
    params = parameters.load()
    mix = params.block(Mix, name)
    parts = (mix.split, "train"), (mix.own, "train"), (mix.own, "test")
    images, own, test = (parquet.read(paths.split(*part), IMAGES) for part in parts)
    if not ImageInfo.of(images.schema).is_like(ImageInfo.of(own.schema)):
        differing = "the shape, the largest pixel or the classes' names of their images"
        raise ParameterError(f"{parameters.FILE}: mixes.{name}: {mix.split} and {mix.own} differ in {differing}")
    mixed = mix_images(images, own, mix.weight, len(own) + len(test), params.seed)
    parquet.write(paths.split(name, "train"), mixed)
    parquet.write(paths.split(name, "test"), test)


if __name__ == "__main__":
    cli.run(main)
