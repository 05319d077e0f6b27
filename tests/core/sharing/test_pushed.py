"""`make pushed`: whether a clone of this commit can pull everything and has nothing to run, asked where no data is."""

import re
import shutil
from pathlib import Path

from tests import tiny

import pytest

WELL = "dvc.lock is complete and committed; the remote has all that it names"


@pytest.fixture(scope="module")
def origin(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Push the cache of the made project, and of a folder, to the remote beside it."""
    project = tiny.copy(made, tmp_path_factory.mktemp("pushed") / "origin")
    tiny.add_folder(project)
    tiny.run("dvc push", project)
    return project


@pytest.fixture
def clone(origin: Path, tmp_path: Path) -> Path:
    """Return a clone with neither data nor cache, and a copy of the remote beside it."""
    tiny.run(["git", "clone", "--quiet", str(origin), "clone"], tmp_path)
    shutil.copytree(origin.parent / "digits-remote", tmp_path / "digits-remote")
    return tmp_path / "clone"


def check(project: Path, *arguments: str, status: int = 1) -> list[str]:
    """Run the check and return what it printed, line by line."""
    done = tiny.run(["digits", "pushed", *arguments], project, status=status)
    assert bool(done.stderr) == bool(status)
    return (done.stdout + done.stderr).splitlines()


def test_all_is_well_in_a_clone_without_data(clone: Path) -> None:
    assert check(clone, status=0) == [WELL]
    assert not (clone / "data" / "raw").exists()


def test_an_edit_that_nobody_ran_is_named_before_and_after_its_commit(clone: Path) -> None:
    tiny.edit(clone, {"experiments.five-sgd.hyperparameters.alpha": 0.01})
    assert check(clone) == ["pushed: not committed: params.yaml; `git add` and `git commit`"]
    tiny.commit(clone, "an edit alone")
    stale = "pushed: dvc.lock is out of date for train@five-sgd; `dvc repro`, commit, `dvc push`"
    assert check(clone, "--lock-only") == [stale]


@pytest.mark.parametrize(
    ("path", "stages"),
    [
        (
            "digits/learning/models.py",
            ["evaluate@digit-logreg", "evaluate@five-sgd", "train@digit-logreg", "train@five-sgd"],
        ),
        ("metrics/five-sgd.json", ["evaluate@five-sgd"]),
    ],
)
def test_a_commit_of_what_no_run_read_or_wrote_is_named(clone: Path, path: str, stages: list[str]) -> None:
    with (clone / path).open("a", encoding="utf-8") as file:
        file.write("\n")
    tiny.commit(clone, "by hand")
    (line,) = check(clone, "--lock-only")
    assert sorted(re.findall(r"\w+@[\w-]+", line)) == stages


@pytest.mark.slow
def test_labels_that_nobody_trained_on_are_named_though_no_data_is_here(origin: Path, tmp_path: Path) -> None:
    project = tiny.copy(origin, tmp_path / "mine")
    tiny.edit(project, {"tasks.five.positive": [5, 6]})
    assert tiny.repro(project, "binarize@five-sgd") == ["binarize@five-sgd"]
    tiny.commit(project, "another task, half run")
    tiny.run("git clone --quiet mine theirs", tmp_path)
    (line,) = check(tmp_path / "theirs", "--lock-only")
    assert re.findall(r"\w+@[\w-]+", line) == ["train@five-sgd", "evaluate@five-sgd"]
    assert line.startswith("pushed: dvc.lock is out of date for ")


def test_a_dep_on_another_stage_is_one_of_its_outs(made: Path) -> None:
    """A dep inside of an out, or one that holds outs, cannot be compared by who has no data."""
    deps, outs = ({entry["path"] for stage in tiny.lock(made).values() for entry in stage[k]} for k in ("deps", "outs"))
    assert len(outs) > 10
    for dep in deps - outs:
        assert not [out for out in outs if Path(out).is_relative_to(dep) or Path(dep).is_relative_to(out)], dep


def test_a_new_module_that_was_not_added_is_named(clone: Path) -> None:
    (clone / "digits" / "io" / "new.py").write_text("")
    (clone / "notes.txt").write_text("no part of the pipeline")
    assert check(clone) == ["pushed: not committed: digits/io/new.py; `git add` and `git commit`"]


def test_what_was_not_pushed_is_named(clone: Path) -> None:
    shutil.rmtree(clone.parent / "digits-remote")
    (line,) = check(clone)
    assert re.fullmatch(r"pushed: the remote lacks data/parts, .*, and \d+ more; `dvc push` where they w.*", line)
    assert check(clone, "--lock-only", status=0) == ["dvc.lock is complete"]


def test_a_remote_that_cannot_be_asked_does_not_count_as_pushed(clone: Path) -> None:
    (clone / ".dvc/config.local").write_text("['remote \"shared\"']\nurl = ssh://127.0.0.1:9/digits\n")
    line = tiny.failure("digits pushed", clone)
    assert line.startswith("pushed: error: the remote cannot be asked: ")
    assert "Connect call failed" in line
