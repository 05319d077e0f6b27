"""Merging branches that have run stages, and what a clone without data can tell about them."""

import re
import shutil
import sys
from pathlib import Path

import pytest
import yaml

from tests.helpers import tiny
from tests.helpers.calls import call, reproduce

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


@pytest.mark.variant
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
    call(project, "setup")
    tiny.run("git merge --quiet --no-edit anna", project)
    assert set(tiny.lock(project)) - set(before) == {"binarize@two"}
    tiny.run(["git", "clone", "--quiet", str(project), str(tmp_path / "clone")], tmp_path)
    output = tiny.run_dvc(DRY, tmp_path / "clone")
    assert "Data and pipelines are up to date." in output


def test_a_merge_needs_no_folder_but_its_own(project: Path, tmp_path: Path) -> None:
    # The project is a folder of a Git repository, and `digits setup` runs in another worktree.
    repository = tmp_path / "repository"
    shutil.rmtree(project / ".git")
    repository.mkdir()
    folder = project.rename(repository / "project")
    lock = folder / "dvc.lock"
    tiny.run("git init --quiet --initial-branch main", repository)
    tiny.commit(repository, "a folder")
    worktree = tmp_path / "worktree"
    tiny.run(["git", "worktree", "add", "--quiet", "-b", "ben", str(worktree)], repository)
    edit_lock(worktree / "project/dvc.lock", "ben")
    tiny.commit(worktree, "ben")
    for place in [folder, worktree / "project"]:
        (place / ".venv").symlink_to(sys.prefix)
    setup = ".venv/bin/python -c 'from digits.commands import main; main()' setup"
    tiny.run(setup, worktree / "project")
    tiny.run("git worktree remove --force ../worktree", repository)
    edit_lock(lock, "anna")
    tiny.commit(repository, "anna")
    tiny.run("git merge --quiet --no-edit ben", repository)
    stages = yaml.safe_load(lock.read_text(encoding="utf-8"))["stages"]
    assert stages["train@anna"] == stages["train@ben"] == {"cmd": "true"}


def edit_lock(path: Path, name: str) -> None:
    """Add a stage to a dvc.lock, at the end."""
    text = path.read_text(encoding="utf-8")
    path.write_text(f"{text}  train@{name}:\n    cmd: 'true'\n", encoding="utf-8")


def test_metrics_without_an_entry_are_named_and_the_command_mends_it(project: Path) -> None:
    lock = yaml.safe_load((project / "dvc.lock").read_text(encoding="utf-8"))
    del lock["stages"]["evaluate@five-sgd"]  # as a merge does if both sides changed the model
    (project / "dvc.lock").write_text(yaml.safe_dump(lock, sort_keys=False), encoding="utf-8")
    line = call(project, "check").stderr
    assert line.startswith(
        "dvc.lock has no entry for evaluate@five-sgd, so the metrics may be "
    )
    [command] = re.findall("`dvc (.*?)`", line)
    tiny.run_dvc(command, project)
    assert call(project, "check").stderr == ""


def test_a_clone_has_the_same_bytes_where_git_converts_line_ends(
    made: Path, tmp_path: Path
) -> None:
    options = ["--quiet", "--config", "core.autocrlf=true"]
    tiny.run(["git", "clone", *options, str(made), "clone"], tmp_path)
    cloned = tiny.files(tmp_path / "clone")
    original = tiny.files(made)
    for name, content in cloned.items():
        assert content == original[name], name
    assert "params.yaml" in cloned
