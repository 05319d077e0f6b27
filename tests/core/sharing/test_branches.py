"""Merging branches that have run stages, and what a clone without data can tell about them."""

from pathlib import Path

import pytest
import yaml

from tests.helpers import tiny
from tests.helpers.calls import call, failure, reproduce

# This command is in .ci/lock.
DRY = "repro --dry --allow-missing --keep-going"

# The task that each person adds: the text of params.yaml to replace, and the new text.
ANNA = ("tasks:\n", "tasks:\n  two:\n    split: tiny\n    positive:\n    - 2\n")
BEN = ("models:\n", "  three:\n    split: tiny\n    positive:\n    - 3\nmodels:\n")


def commit_branch(project: Path, name: str, change: tuple[str, str], task: str) -> None:
    """Create a branch in which a person adds a task, runs it, and commits its results."""
    tiny.run(f"git switch --quiet -c {name} main", project)
    path = project / "params.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(*change), encoding="utf-8")
    reproduce(project, f"binarize@{task}")
    (project / "plots" / "table.csv").write_text(name)
    tiny.commit(project, name)


LOCK = "schema: '2.0'\nstages:\n  a: {cmd: x}\n"


@pytest.mark.parametrize("empty", ["", "schema: '2.0'\nstages:\n"])
def test_a_lock_without_stages_is_merged(tmp_path: Path, empty: str) -> None:
    (tmp_path / "base").write_text(empty)
    (tmp_path / "ours").write_text(empty)
    (tmp_path / "theirs").write_text(LOCK)
    call(tmp_path, "merge-lock", "base", "ours", "theirs")
    assert yaml.safe_load((tmp_path / "ours").read_text())["stages"] == {"a": {"cmd": "x"}}


@pytest.mark.parametrize(
    "content",
    [
        f"{LOCK}datasets: []\n",
        LOCK.replace("2.0", "3.0"),
        "stages: {}\n",  # without the version of the schema
        "schema: '2.0'\nstages: 7\n",
        "- a\n",
        "7\n",
    ],
)
@pytest.mark.parametrize("name", ["base", "ours", "theirs"])
def test_what_is_not_known_is_not_merged(tmp_path: Path, name: str, content: str) -> None:
    for side in ["base", "ours", "theirs"]:
        (tmp_path / side).write_text(LOCK)
    (tmp_path / name).write_text(content)
    before = tiny.files(tmp_path)
    line = failure(tmp_path, "merge-lock", "base", "ours", "theirs")
    assert line.startswith(f"Error: dvc.lock cannot be merged: {name} has other content than ")
    assert tiny.files(tmp_path) == before  # Git reports a conflict, and keeps our side


def test_the_work_of_two_people_is_merged_and_nothing_runs_again(
    project: Path, tmp_path: Path
) -> None:
    commit_branch(project, "anna", ANNA, "two")
    commit_branch(project, "ben", BEN, "three")
    # Ben also edits the words of the schema, on which no stage depends.
    tiny.replace(
        project / "digits/settings/params.py", "A part of params", "A section of params"
    )
    tiny.commit(project, "Better words")
    before = tiny.lock(project)
    attributes = project / ".git/info/attributes"
    attributes.parent.mkdir(exist_ok=True)
    attributes.write_text("*.png binary")  # without a final newline
    call(project, "setup")
    call(project, "setup")  # a second call changes nothing
    tiny.run("git merge --quiet --no-edit anna", project)
    assert set(tiny.lock(project)) - set(before) == {"binarize@two"}
    tiny.run(["git", "clone", "--quiet", str(project), str(tmp_path / "clone")], tmp_path)
    output = tiny.run_dvc(DRY, tmp_path / "clone")
    assert "Data and pipelines are up to date." in output


@pytest.fixture
def clone(made: Path, tmp_path: Path) -> Path:
    """Return a clone by a Git that is set to convert line ends, without any data."""
    options = ["--quiet", "--config", "core.autocrlf=true"]
    tiny.run(["git", "clone", *options, str(made), "clone"], tmp_path)
    return tmp_path / "clone"


def test_a_clone_has_the_same_bytes_where_git_converts_line_ends(
    made: Path, clone: Path
) -> None:
    cloned = tiny.files(clone)
    original = tiny.files(made)
    for name, content in cloned.items():
        assert content == original[name], name
    assert "params.yaml" in cloned
