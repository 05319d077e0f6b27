"""Label the images of a split for a task, one row group at a time.

Like stages/binarize.py, but for tables that do not fit into memory. Reads
`data/split/<split>/train.parquet` and `test.parquet`, and writes
`data/task/<task>/train.parquet` and `test.parquet`.
"""

from digits.core import params, paths
from digits.core.stage import StageCommand
from digits.data.labels import label_images
from digits.scale import row_groups

import click


@click.command(cls=StageCommand, depends_on=["tasks"])
@click.argument("name")
def main(name: str) -> None:
    """Label the images of the task NAME."""
    settings = params.load()
    task = settings.tasks[name]
    positive, negative = settings.task_classes(name)

    for subset in ["train", "test"]:
        images = row_groups.read(paths.split(task.split, subset))
        labelled_images = (label_images(row_group, positive, negative) for row_group in images)
        row_groups.write(paths.task(name, subset), labelled_images)


if __name__ == "__main__":
    main()
