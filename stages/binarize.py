"""Label the images of a split for a task.

Reads `data/split/<split>/train.parquet` and `test.parquet`, and writes
`data/task/<task>/train.parquet` and `test.parquet`: the same images with a column `label`.

- Without `positive` classes, the label is the class.
- With `positive` classes, their label is 1, and the label of all other classes is 0.
- If `negative` classes are given as well, images of any other class are left out.
"""

import click

from digits.core import paths
from digits.core.images import list_classes, read_images, write_images
from digits.data.labels import check_classes, label_images
from digits.messages.errors import UserError
from digits.running.command import StageCommand
from digits.settings import params_file


@click.command("binarize", cls=StageCommand)
@click.argument("name")
def main(name: str) -> None:
    """Label the images of the task NAME."""
    task = params_file.load().tasks[name]
    train_images = read_images(paths.split(task.split, "train"))
    test_images = read_images(paths.split(task.split, "test"))
    check_classes(task, list_classes(train_images, test_images))
    for subset, images in [("train", train_images), ("test", test_images)]:
        labelled_images = label_images(images, task.positive, task.negative)
        if len(labelled_images) == 0:
            raise UserError(f"the {subset} set of {task.split} has no image of this task")
        write_images(paths.task(name, subset), labelled_images)


if __name__ == "__main__":
    main()
