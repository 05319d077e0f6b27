"""A project in which all names are hostile that params.yaml and the data allow to be."""

import contextlib
from pathlib import Path

import pandas as pd

from digits.core import paths
from digits.core.images import read_images
from digits.fetching.summary import summarize, write_summary
from tests.helpers import tiny
from tests.helpers.calls import call

# Names that must not be taken for HTML, for a template or for a missing value.
NAMES = ["</script><img src=x onerror=hit=1>", "{{ 1 + 1 }}<b>'\"", "null"]

CLASSES = [*NAMES, *"defghij"]
GROUPS = [*"abcdefghi", *NAMES]  # the last ones are those of the test set
DESCRIPTION = f"A description. {NAMES[0]}"
TUTORIAL = f"A tutorial. {NAMES[1]}"


def name_file(row: int) -> str:
    """Return the name of the file of an image."""
    return f"{row} {NAMES[row % len(NAMES)]}"


def make(project: Path) -> None:
    """Make a copy of the tiny project hostile, and write its report.

    The names of models are those of sections of the report. The names of tasks, splits and
    datasets are omitted because params.yaml allows only letters, digits and hyphens in them.
    There are two models of one task, `best` and the worse `menu`.
    """
    words = {"task": "name", "description": DESCRIPTION, "tutorial": TUTORIAL}
    slow = tiny.params()["models"]["five-sgd"] | words
    quick = slow | {"features": "raw", "hyperparameters": {"max_iter": 1, "tol": None}}
    changes = {
        "datasets.tiny.sha256": ...,
        "splits.tiny.test": {"groups": len(NAMES)},
        "tasks": {"name": {"split": "tiny"}},
        "models": {"best": slow, "menu": quick},
    }
    tiny.edit(project, changes)
    tiny.change_images(project / "data/raw/tiny.parquet", name_images)
    with contextlib.chdir(project):
        write_summary("tiny", summarize(read_images(paths.raw("tiny"))))
    for stage, name in [("split", "tiny"), ("binarize", "name")]:
        call(project, stage, name)
    for name in ["best", "menu"]:
        call(project, "train", name)
        call(project, "evaluate", name)
    call(project, "report")


def name_images(images: pd.DataFrame) -> pd.DataFrame:
    """Return a table of images with names of classes, groups and files."""
    images.attrs |= {"names": CLASSES, "group_names": GROUPS}
    rows = range(len(images))
    files = [name_file(row) for row in rows]
    groups = [row % len(GROUPS) for row in rows]
    return images.assign(file=files, group=groups)
