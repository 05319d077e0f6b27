"""Turn the digits of one experiment's split into the labels of its task.

Reads the split's images; writes `data/labels/<experiment>/train.parquet` and `test.parquet`. A task with
`positive` classes gives 1 for them and 0 for all others, or for its `negative` classes alone: then images of other
classes have no label, and no later stage sees them. A task without `positive` keeps the class.
"""

from collections.abc import Collection

from digits.io import parquet, paths, tables
from digits.io.tables import IMAGES, Pixels
from digits.support import cli, parameters
from digits.support.errors import PipelineError
from digits.support.parameters import Experiment, Task

import numpy as np


def binarize(classes: Pixels, positive: Collection[int]) -> Pixels:
    """Return the labels, of the same shape: 1 where the class is one of `positive`, else 0; without any, the class."""
    return np.isin(classes, list(positive)).astype(np.uint8) if positive else classes


def main() -> None:
    """Read, binarize, write."""
    name = cli.block_name(__doc__, "experiments", "two-logreg")
    params = parameters.load()
    experiment = params.block(Experiment, name)
    names = parquet.image_info(paths.split(experiment.split, "train")).names
    positive, negative = tables.labels_of(params.block(Task, experiment.task), names)
    sides = {"positive": positive, "negative": negative}
    metadata = {key: " ".join(map(str, side)) for key, side in sides.items() if side} or None
    for part in ("train", "test"):
        images = parquet.read(paths.split(experiment.split, part), IMAGES, ["row", "class"])
        row, classes = tables.column(images, "row"), tables.column(images, "class")
        if negative:
            asked = np.isin(classes, positive + negative)
            row, classes = row[asked], classes[asked]
            if not len(row):
                raise PipelineError(f"the {part} part of {experiment.split} has no image of {experiment.task}")
        table = tables.table({"row": row, "label": binarize(classes, positive)})
        parquet.write(paths.labels(name, part), table.replace_schema_metadata(metadata))


if __name__ == "__main__":
    cli.run(main)
