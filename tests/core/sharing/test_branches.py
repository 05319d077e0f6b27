"""Merging branches that have run stages, and what a clone without data can tell about them."""

from pathlib import Path
from typing import Any

from digits.commands.merge_lock import merge
from tests.helpers import tiny
from tests.helpers.calls import call, failure, reproduce

import pytest
import yaml

# This command is on docs/sharing.md.
DRY = "repro --dry --allow-missing --keep-going"

# The task that each person adds: the text of params.yaml to replace, and the new text.
ANNA = ("tasks:\n", "tasks:\n  two:\n    split: tiny\n    positive:\n    - 2\n")
BEN = ("models:\n", "  three:\n    split: tiny\n    positive:\n    - 3\nmodels:\n")
CARLA = ("tasks:\n", "tasks:\n  two:\n    split: tiny\n    positive:\n    - 2\n    - 3\n")


def commit_branch(project: Path, name: str, change: tuple[str, str], task: str) -> None:
    """Create a branch in which a person adds a task, runs it, and commits its results."""
    tiny.run(f"git switch --quiet -c {name} main", project)
    path = project / "params.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace(*change), encoding="utf-8")
    reproduce(project, f"binarize@{task}")
    (project / "plots" / "table.csv").write_text(name)
    tiny.commit(project, name)


@pytest.mark.parametrize(
    ("base", "ours", "theirs", "merged"),
    [
        pytest.param(0, 0, 0, 0, id="nobody changed it"),
        pytest.param(0, 1, 0, 1, id="we changed it"),
        pytest.param(0, 0, 2, 2, id="they changed it"),
        pytest.param(0, 1, 1, 1, id="both changed it in the same way"),
        pytest.param(0, 1, 2, None, id="both changed it in different ways"),
        pytest.param(None, 1, None, 1, id="we added it"),
        pytest.param(None, None, 2, 2, id="they added it"),
        pytest.param(0, None, 0, None, id="we removed it"),
        pytest.param(0, 1, None, None, id="we changed it and they removed it"),
    ],
)
def test_stages_are_merged_one_by_one(
    base: int | None, ours: int | None, theirs: int | None, merged: int | None
) -> None:
    def entries(value: int | None) -> dict[str, Any]:
        """Return the entry of the stage in a dvc.lock, beside that of another stage."""
        entry = {} if value is None else {"stage": value}
        return {"other": 0, **entry}

    found = merge(entries(base), entries(ours), entries(theirs))
    assert found == entries(merged)


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
    before = tiny.lock(project)
    call(project, "setup")
    call(project, "setup")  # a second call changes nothing
    tiny.run("git merge --quiet --no-edit anna", project)
    assert set(tiny.lock(project)) - set(before) == {"binarize@two"}
    tiny.run(["git", "clone", "--quiet", str(project), str(tmp_path / "clone")], tmp_path)
    output = tiny.run_dvc(DRY, tmp_path / "clone")
    assert "Data and pipelines are up to date." in output


@pytest.mark.slow
def test_a_stage_that_both_changed_has_no_entry_until_it_has_run(project: Path) -> None:
    call(project, "setup")
    commit_branch(project, "anna", ANNA, "two")
    commit_branch(project, "carla", CARLA, "two")
    tiny.run("git merge --quiet anna", project, status=1)
    conflicts = tiny.run("git diff --name-only --diff-filter=U", project).stdout
    assert conflicts == "params.yaml\n"
    assert "binarize@two" not in tiny.lock(project)

    tiny.run("git checkout --quiet --theirs params.yaml", project)
    assert tiny.repro(project) == []  # the run cache has all outputs
    tiny.run("git commit --quiet --all -m resolved", project)
    changed = tiny.run("git diff --name-only anna -- params.yaml plots", project).stdout
    assert changed == "plots/table.csv\n"


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


def test_a_clone_without_data_tells_which_stages_a_commit_left_out(clone: Path) -> None:
    tiny.run_dvc(DRY, clone)
    tiny.edit(clone, {"models.five-sgd.hyperparameters.max_iter": 5})
    output = tiny.run_dvc(DRY, clone, status=255)
    assert "failed to reproduce 'train@five-sgd'" in output
