"""`make pushed`: whether a clone of this commit can pull everything and has nothing to run, asked where no data is."""

import json
import re
import shutil
from pathlib import Path

import pytest
import yaml

from tests import tiny

WELL = "dvc.lock is complete and committed, the remote has all that it names"


@pytest.fixture(scope="module")
def origin(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Push the made project's cache to the folder beside it."""
    project = Path(shutil.copytree(made, tmp_path_factory.mktemp("pushed") / "origin", symlinks=True))
    tiny.run(["dvc", "push"], project)
    return project


@pytest.fixture
def clone(origin: Path, tmp_path: Path) -> Path:
    """Return a clone with neither data nor cache, and a copy of the remote beside it."""
    project = tmp_path / "clone"
    tiny.run(["git", "clone", "--quiet", str(origin), str(project)], tmp_path)
    shutil.copytree(origin.parent / "digits-remote", tmp_path / "digits-remote")
    return project


def check(project: Path, *arguments: str, status: int = 1) -> list[str]:
    """Run the check and return what it said, line by line."""
    done = tiny.run(["python", "-m", "tools.pushed", *arguments], project, status=status)
    assert bool(done.stderr) == bool(status)
    return (done.stdout + done.stderr).splitlines()


def set_alpha(project: Path, value: float) -> None:
    """Edit a parameter of one experiment."""
    values = tiny.params()
    values["experiments"]["five-sgd"]["hyperparameters"]["alpha"] = value
    tiny.write_params(project, values)


def test_all_is_well_in_a_clone_without_data(clone: Path) -> None:
    assert check(clone, status=0) == [WELL]
    assert not (clone / "data").exists()


def test_an_edit_that_nobody_ran_is_named_before_and_after_its_commit(clone: Path) -> None:
    set_alpha(clone, 0.01)
    stale = "pushed: dvc.lock is out of date for train@five-sgd, report; `dvc repro`, commit, `dvc push`"
    assert check(clone) == [stale, "pushed: not committed: params.yaml; `git add` and `git commit`"]
    tiny.commit(clone, "an edit alone")
    assert check(clone, "--lock-only") == [stale]


def test_a_new_module_that_was_not_added_is_named(clone: Path) -> None:
    (clone / "digits" / "common" / "new.py").write_text("")
    (clone / "notes.txt").write_text("no part of the pipeline")
    assert check(clone)[1] == "pushed: not committed: digits/common/new.py; `git add` and `git commit`"


def test_what_was_not_pushed_is_named(clone: Path) -> None:
    remote = clone.parent / "digits-remote"
    shutil.rmtree(remote)
    said = f"pushed: {remote} lacks data/raw/tiny.parquet, data/split/tiny, data/split/tiny-random, and 9 more; "
    assert check(clone) == [said + "`dvc push` where they were made"]
    assert check(clone, "--lock-only", status=0) == ["dvc.lock is complete"]


def test_one_file_that_went_missing_is_named_and_can_be_pushed_again(clone: Path, origin: Path) -> None:
    dependency = yaml.safe_load((clone / "dvc.lock").read_text())["stages"]["train@five-sgd"]["deps"][1]
    remote = clone.parent / "digits-remote"
    (remote / "files" / "md5" / dependency["md5"][:2] / dependency["md5"][2:]).unlink()
    (said,) = check(clone)
    assert said.startswith(f"pushed: {remote} lacks {dependency['path']}, and `dvc push` does not see it; delete ")
    tiny.run(["dvc", "remote", "modify", "--local", "shared", "url", str(remote)], origin)
    assert "up to date" in tiny.run(["dvc", "push"], origin).stdout
    Path(re.findall("delete (.*), then", said)[0]).unlink()
    tiny.run(["dvc", "push"], origin)
    assert check(clone, status=0) == [WELL]


@pytest.mark.fault
def test_a_changed_listing_of_a_folder_is_named_and_what_it_brought_is_made_anew(clone: Path, made: Path) -> None:
    labels = yaml.safe_load((clone / "dvc.lock").read_text())["stages"]["binarize@tiny"]["outs"][0]["md5"]
    listing = clone.parent / "digits-remote" / "files" / "md5" / labels[:2] / labels[2:]
    entries = json.loads(listing.read_bytes())
    entries[0]["md5"], entries[2]["md5"] = entries[2]["md5"], entries[0]["md5"]  # the labels of two tasks
    listing.chmod(0o644)
    listing.write_text(json.dumps(entries))
    told = f"pushed: data/labels/tiny is broken in the remote; delete {listing}, then `dvc push` where it was made"
    assert check(clone) == [told]
    tiny.run(["dvc", "pull"], clone)  # DVC does not compare a listing with its digest, only what it lists
    assert tiny.files(clone) != tiny.files(made)
    assert tiny.repro(clone) == ["binarize@tiny"]
    assert tiny.files(clone) == tiny.files(made)


@pytest.mark.parametrize(
    ("settings", "reason"),
    [
        (["url", "ssh://127.0.0.1:9/digits"], "Connect call failed"),
        (["url", "s3://digits/cache", "endpointurl", "http://127.0.0.1:9"], "Could not connect"),
    ],
    ids=["ssh", "s3"],
)
def test_a_remote_that_cannot_be_asked_does_not_count_as_pushed(clone: Path, settings: list[str], reason: str) -> None:
    for name, value in zip(settings[::2], settings[1::2], strict=True):
        tiny.run(["dvc", "remote", "modify", "--local", "shared", name, value], clone)
    access = ["AWS_ACCESS_KEY_ID=AKIAIOSFODNN7EXAMPLE", "AWS_SECRET_ACCESS_KEY=secret", "AWS_MAX_ATTEMPTS=1"]
    (said,) = tiny.run(["env", *access, "python", "-m", "tools.pushed"], clone, status=1).stderr.splitlines()
    assert said.startswith("pushed: error: the remote cannot be asked: ")
    assert reason in said


def test_a_broken_parameters_file_is_one_line(clone: Path) -> None:
    (clone / "params.yaml").write_text("seed: [")
    (said,) = check(clone)
    assert said.startswith("pushed: error: unable to read: 'params.yaml'")
