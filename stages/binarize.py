"""Turn the digits of one split into the labels of every task.

Reads the `row` and `class` columns of `data/split/<split>/`; writes `data/labels/<split>/<task>/train.parquet` and
`test.parquet`. The one decision: what counts as a yes. A task with `positive` digits gives 1 for them and 0 for all
others; a task without keeps the digit.
"""

from collections.abc import Collection, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Annotated

import numpy as np
import numpy.typing as npt
from pydantic import Field

from digits.common import cli, parameters, tables
from digits.common.parameters import Section
from digits.common.tables import Vector


class Task(Section):
    """One block of `tasks` in params.yaml."""

    positive: Annotated[list[Annotated[int, Field(ge=0, le=255)]], Field(min_length=1)] | None = None


def binarize(classes: npt.NDArray[np.uint8], positive: Collection[int] | None) -> npt.NDArray[np.uint8]:
    """Return the labels, of the same shape: 1 where the class is among `positive` and 0 elsewhere, or the class itself.

    A comparison of numbers with numbers: the text `"2"` equals no class.
    """
    return classes if positive is None else np.isin(classes, list(positive)).astype(np.uint8)


def known(path: Path) -> Iterator[tuple[Vector, Vector]]:
    """Read the rows and the classes of a part of the split, some rows at a time."""
    for table in tables.groups(path, ["row", "class"]):
        yield tables.column(table, "row"), tables.column(table, "class")


def main() -> None:
    """Read, binarize for each task, write."""
    parser = cli.parser(
        __doc__,
        "-m stages.binarize data/split/mnist/train.parquet data/split/mnist/test.parquet data/labels/mnist",
    )
    parser.add_argument("train", type=Path, help="the training part")
    parser.add_argument("test", type=Path, help="the test part")
    parser.add_argument("labels", type=Path, help="the folder to write a folder for each task to")
    arguments = parser.parse_args()

    tasks = parameters.section(parameters.load(), "tasks", Task)
    parts = {"train": arguments.train, "test": arguments.test}
    present = {digit for path in parts.values() for _, classes in known(path) for digit in np.unique(classes).tolist()}
    asked = {}
    for name, task in tasks.items():
        if absent := sorted({*(task.positive or [])} - present):
            cli.note(f"{arguments.labels} has no task {name}: the split has no digit {absent[0]}")
        else:
            asked[name] = task
    for part, path in parts.items():
        with ExitStack() as files:
            writers = {
                name: files.enter_context(tables.writing(arguments.labels / name / f"{part}.parquet")) for name in asked
            }
            for rows, classes in known(path):
                for name, append in writers.items():
                    labels = binarize(classes, asked[name].positive)
                    append(tables.table({"row": rows, "label": labels}))


if __name__ == "__main__":
    cli.run(main)
