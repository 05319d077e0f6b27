"""`python -m tools.compare` between revisions, the workspace and experiments, and what it refuses."""

import json
from pathlib import Path

from digits.io import tables
from tests import tiny

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

COMPARE = "python -m tools.compare"


@pytest.fixture(scope="module")
def changed(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the made project with a much worse detector of fives committed, and a new one. Not to be changed."""
    project = tiny.copy(made, tmp_path_factory.mktemp("compare") / "tiny")
    dummy = tiny.experiment("tiny", "five", "normalized", "dummy", 0)
    tiny.edit(project, {"experiments.five-sgd": dummy, "experiments.new": dummy})
    tiny.repro(project)
    tiny.commit(project, "always no")
    return project


def counts(old: Path, new: Path) -> tuple[int, int]:
    """Count by hand which mistakes were fixed and which made."""
    one, other = (pq.read_table(project / "data/predictions/five-sgd.parquet") for project in (old, new))
    before, after = (tables.column(each, "label") == tables.column(each, "prediction") for each in (one, other))
    return int((after & ~before).sum()), int((before & ~after).sum())


def test_only_what_differs_is_compared_with_its_counts_and_a_conclusion(made: Path, changed: Path) -> None:
    fixed, broken = counts(made, changed)
    done = tiny.run(f"{COMPARE} HEAD~1", changed, status=1)
    lines = done.stdout.splitlines()
    assert lines[2].split()[0] == "five-sgd"
    assert lines[2].split()[-2:] == [str(fixed), str(broken)]
    assert len(lines) == 5
    assert lines[4].startswith(f"five-sgd: {broken - fixed} fewer of 100 right (p = ")
    assert lines[4].endswith("worse, by more than chance explains.")
    assert done.stderr == "compare: new: HEAD~1 has no predictions of it\n"
    [figures] = json.loads(tiny.run(f"{COMPARE} HEAD~1 HEAD five-sgd --json", changed).stdout)
    assert (figures["experiment"], figures["fixed"], figures["broken"]) == ("five-sgd", fixed, broken)
    assert figures["gain"] == pytest.approx((fixed - broken) / 100)
    assert figures["low"] < figures["gain"] < figures["high"] < 0
    back = tiny.run(f"{COMPARE} HEAD HEAD~1 five-sgd --md", changed).stdout.splitlines()
    assert back[2].split(" | ")[-2:] == [str(broken), f"{fixed} |"]
    assert back[4].endswith("better, by more than chance explains.")
    assert "five-sgd → new: " in tiny.run(f"{COMPARE} --between five-sgd new", changed).stdout


def test_a_clone_without_data_asks_the_remote_and_says_what_it_lacks(changed: Path, tmp_path: Path) -> None:
    project = tiny.copy(changed, tmp_path / "origin")
    tiny.run("git clone --quiet origin clone", tmp_path)
    command = f"{COMPARE} HEAD~1 HEAD five-sgd"
    line = tiny.failure(command, tmp_path / "clone")
    assert line.startswith("compare: the predictions of HEAD~1, neither in the cache nor in the remote")
    assert line.endswith(": five-sgd; `dvc push` where they were made")
    for revision in ("HEAD", "HEAD~1"):
        tiny.run(f"git checkout --quiet {revision}", project)
        tiny.run("dvc push", project)
    assert "five-sgd" in tiny.run(command, tmp_path / "clone").stdout


def test_the_images_that_changed_sides_are_drawn(made: Path, changed: Path, tmp_path: Path) -> None:
    tiny.run([*COMPARE.split(), "HEAD~1", "HEAD", "five-sgd", "--png", str(tmp_path / "sides.png")], changed)
    with Image.open(tmp_path / "sides.png") as sheet:
        assert np.asarray(sheet).min() == 0
        assert sheet.height > 160 * sum(counts(made, changed)) // 8


def test_the_same_predictions_are_said_to_be_the_same(made: Path) -> None:
    assert tiny.run(f"{COMPARE} HEAD", made).stdout == "The predictions are the same.\n"


@pytest.mark.parametrize(
    ("arguments", "status", "line"),
    [
        ("nope", 2, "error: REV: unknown Git revision 'nope'"),
        ("HEAD five-sdg", 2, "error: REV: unknown Git revision 'five-sdg'"),
        ("HEAD HEAD five-sdg", 2, "error: experiments of HEAD and HEAD: there is no 'five-sdg'. Did you"),
        ("--between five-sgd digit", 2, "error: --between: there is no 'digit'."),
        ("--between five-sgd digit-logreg", 1, "error: five-sgd → digit-logreg: the two have other test images, so"),
    ],
)
def test_a_wrong_call_is_one_line(made: Path, arguments: str, status: int, line: str) -> None:
    assert tiny.failure(f"{COMPARE} {arguments}", made, status).startswith(f"compare: {line}")


def test_a_revision_without_predictions_is_one_line(project: Path) -> None:
    tiny.run("git checkout --quiet --orphan empty", project)
    tiny.run("git commit --quiet -m empty -- README.md", project)
    line = tiny.failure(f"{COMPARE} empty", project)
    assert line == "compare: error: empty has no predictions: it is older than data/predictions/"
