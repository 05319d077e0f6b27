"""Label the images of a split for a task.

Reads `data/split/<split>/train.parquet` and `test.parquet`, and writes
`data/task/<task>/train.parquet` and `test.parquet`: the same images with a column `label`.

- Without `positive` classes, the label is the class.
- With `positive` classes, their label is 1, and the label of all other classes is 0.
- If `negative` classes are given as well, images of any other class are left out.
"""

import click

from digits.core import paths, tables
from digits.data.labels import label_images
from digits.settings import params
from digits.settings.errors import UserError
from stages.command import StageCommand


@click.command("binarize", cls=StageCommand)
@click.argument("name")
def main(name: str) -> None:
    """Label the images of the task NAME."""
    task = params.load().tasks[name]
    for subset in ["train", "test"]:
        X, images = tables.read_images(paths.split(task.split, subset))
        labelled_images = label_images(images, task.positive, task.negative)
        if labelled_images.empty:
            raise UserError(f"the {subset} set of {task.split} has no image of this task")
        tables.write_images(paths.task(name, subset), X, labelled_images)


if __name__ == "__main__":
    main()
