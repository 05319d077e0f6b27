"""Give the images of one task's split their labels.

Reads both parts of the split; writes `data/task/<task>/train.parquet` and `test.parquet`, the same images with a column
`label`. A task with `positive` classes labels them 1 and all others 0; if it has `negative` classes as well, images of
any other class are left out. Without `positive`, the label is the class.
"""

from collections.abc import Collection

from digits.core import params, paths, tables
from digits.core.errors import PipelineError, Stage

import click
import numpy as np
import pandas as pd


def binarize(images: pd.DataFrame, positive: Collection[int], negative: Collection[int]) -> pd.DataFrame:
    """Return the images that the task asks about, with a column `label`: 1 where the class is positive, 0 else."""
    if not positive:
        return images.assign(label=images["class"])
    asked = images[images["class"].isin([*positive, *negative])] if negative else images
    labelled = asked.assign(label=asked["class"].isin(positive).astype(np.uint8))
    labelled.attrs["names"] = None  # those of the classes name no labels
    return labelled


@click.command(cls=Stage, help=__doc__)
@click.argument("name")
def main(name: str) -> None:
    """Read, label, write."""
    task = params.find(params.load().tasks, name)
    for part in ("train", "test"):
        images = tables.read(paths.split(task.split, part))
        names = images.attrs.get("names")
        labelled = binarize(images, *params.sides(name, task, names or range(256)))
        if labelled.empty:
            raise PipelineError(f"{params.FILE}: tasks.{name}: the {part} part of {task.split} has none of its images")
        tables.write(paths.task(name, part), labelled)


if __name__ == "__main__":
    main()
