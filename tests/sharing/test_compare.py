"""`python -m tools.compare` between revisions, the workspace and experiments, and what it refuses."""

import json
import shutil
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq
import pytest
from PIL import Image

from digits.common import tables
from tests import tiny

COMPARE = ["python", "-m", "tools.compare"]
PREDICTIONS = "data/predictions/five-sgd.parquet"


@pytest.fixture(scope="module")
def changed(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the made project with another detector of fives committed, a much worse one. Not to be changed."""
    project = Path(shutil.copytree(made, tmp_path_factory.mktemp("compare") / "tiny", symlinks=True))
    values = tiny.params()
    values["experiments"]["five-sgd"]["classifier"] = "dummy"
    values["experiments"]["five-sgd"]["hyperparameters"] = {}
    tiny.write_params(project, values)
    tiny.repro(project)
    tiny.commit(project, "always no")
    return project


def counts(old: Path, new: Path) -> tuple[int, int]:
    """Count by hand which mistakes were fixed and which made."""
    one, other = (pq.read_table(project / PREDICTIONS) for project in (old, new))
    before, after = (tables.column(each, "label") == tables.column(each, "prediction") for each in (one, other))
    return int((after & ~before).sum()), int((before & ~after).sum())


def test_only_what_differs_is_compared_with_its_counts_and_a_conclusion(made: Path, changed: Path) -> None:
    fixed, broken = counts(made, changed)
    lines = tiny.run([*COMPARE, "HEAD~1"], changed).stdout.splitlines()
    assert lines[2].split()[0] == "five-sgd"
    assert lines[2].split()[-2:] == [str(fixed), str(broken)]
    assert len(lines) == 5
    assert lines[4].startswith(f"five-sgd: {broken - fixed} fewer of 100 right (p = ")
    assert lines[4].endswith("worse, by more than chance explains.")
    [figures] = json.loads(tiny.run([*COMPARE, "HEAD~1", "HEAD", "five-sgd", "--json"], changed).stdout)
    assert (figures["experiment"], figures["fixed"], figures["broken"]) == ("five-sgd", fixed, broken)
    assert figures["gain"] == pytest.approx((fixed - broken) / 100)
    assert figures["low"] < figures["gain"] < figures["high"] < 0
    back = tiny.run([*COMPARE, "HEAD", "HEAD~1", "--md"], changed).stdout.splitlines()
    assert back[2].split(" | ")[-2:] == [str(broken), f"{fixed} |"]
    assert back[4].endswith("better, by more than chance explains.")


def test_a_clone_without_data_asks_the_remote_and_says_what_it_lacks(changed: Path, tmp_path: Path) -> None:
    project = Path(shutil.copytree(changed, tmp_path / "origin", symlinks=True))
    tiny.run(["git", "clone", "--quiet", str(project), "clone"], tmp_path)
    (line,) = tiny.run([*COMPARE, "HEAD~1", "HEAD"], tmp_path / "clone", status=1).stderr.splitlines()
    assert line.startswith("compare: the predictions of HEAD~1, neither in the cache nor in the remote")
    assert line.endswith(": five-sgd; `dvc push` where they were made")
    for revision in ("HEAD", "HEAD~1"):
        tiny.run(["git", "checkout", "--quiet", revision], project)
        tiny.run(["dvc", "checkout"], project)
        tiny.run(["dvc", "push"], project)
    assert "five-sgd" in tiny.run([*COMPARE, "HEAD~1", "HEAD"], tmp_path / "clone").stdout


def test_the_images_that_changed_sides_are_drawn(made: Path, changed: Path, tmp_path: Path) -> None:
    tiny.run([*COMPARE, "HEAD~1", "--png", str(tmp_path / "sides.png")], changed)
    with Image.open(tmp_path / "sides.png") as sheet:
        assert np.asarray(sheet).min() == 0
        assert sheet.height > 160 * sum(counts(made, changed)) // 8


def test_the_same_predictions_are_said_to_be_the_same(made: Path) -> None:
    assert tiny.run([*COMPARE, "HEAD"], made).stdout == "The predictions are the same.\n"


def test_experiments_on_one_side_only_are_named(project: Path) -> None:
    values = tiny.params()
    values["experiments"]["new"] = tiny.experiment("tiny", "five", "raw", "dummy", 0)
    tiny.write_params(project, values)
    tiny.repro(project, "evaluate@new")
    done = tiny.run([*COMPARE, "HEAD"], project, status=1)
    assert done.stderr == "compare: new: HEAD has no predictions of it\n"
    between = tiny.run([*COMPARE, "--between", "five-sgd", "new"], project).stdout
    assert "five-sgd → new: " in between


def test_other_test_images_are_refused(project: Path) -> None:
    values = tiny.params()
    values["splits"]["tiny"]["test"] = 90
    tiny.write_params(project, values)
    tiny.repro(project, "evaluate@five-sgd")
    done = tiny.run([*COMPARE, "HEAD"], project, status=1)
    reason = "the two have other test images, so their accuracies cannot be compared"
    assert done.stderr == f"compare: five-sgd: {reason}\n"


@pytest.mark.parametrize(
    ("arguments", "status", "line"),
    [
        (["nope"], 2, "compare: error: REV: unknown Git revision 'nope'"),
        (["HEAD", "five-sdg"], 2, "compare: error: REV: unknown Git revision 'five-sdg'"),
        (
            ["HEAD", "HEAD", "five-sdg"],
            2,
            "compare: error: experiments of HEAD and HEAD: there is no 'five-sdg'. Did you",
        ),
        (["--between", "five-sgd", "digit"], 2, "compare: error: --between: there is no 'digit'."),
        (["--between", "five-sgd", "digit-logreg"], 1, "compare: error: five-sgd → digit-logreg: the two have other"),
    ],
)
def test_a_wrong_call_is_one_line(made: Path, arguments: list[str], status: int, line: str) -> None:
    done = tiny.run([*COMPARE, *arguments], made, status=status)
    assert done.stderr.startswith(line)
    assert done.stderr.count("\n") == 1


def test_a_revision_without_predictions_is_one_line(project: Path) -> None:
    tiny.run(["git", "checkout", "--quiet", "--orphan", "empty"], project)
    tiny.run(["git", "rm", "-r", "--quiet", "--cached", "."], project)
    (project / "note.txt").write_text("nothing else")
    tiny.run(["git", "add", "note.txt"], project)
    tiny.run(["git", "-c", "user.name=A", "-c", "user.email=a@example.org", "commit", "-q", "-m", "empty"], project)
    done = tiny.run([*COMPARE, "empty"], project, status=1)
    assert done.stderr == "compare: error: empty has no predictions: it is older than data/predictions/\n"
