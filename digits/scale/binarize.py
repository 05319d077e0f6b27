"""Give the images of one task's split their labels, as the core's stage does, ten thousand at a time.

Reads both parts of the split; writes `data/task/<task>/train.parquet` and `test.parquet`.
"""

from digits.core import params, paths
from digits.core.errors import Stage
from digits.scale import parts
from stages.binarize import binarize

import click


@click.command(cls=Stage, help=__doc__)
@click.argument("name")
def main(name: str) -> None:
    """Read, label, write."""
    settings = params.load()
    task = params.find(settings.tasks, name)
    dataset = settings.datasets[settings.dataset_of(name)]
    sides = params.sides(name, task, dataset.names or range(dataset.classes))
    for part in ("train", "test"):
        images = parts.read(paths.split(task.split, part))
        parts.write(paths.task(name, part), (binarize(batch, *sides) for batch in images))


if __name__ == "__main__":
    main()
