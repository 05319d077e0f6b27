"""Merges of branches on which something has been run, and what a clone without data can tell of them."""

from pathlib import Path

from digits.commands.merge_lock import merge
from tests import tiny
from tests.calls import call

import pytest

DRY = "repro --dry --allow-missing --keep-going"  # of docs/sharing.md
PEOPLE = {  # the task that each one adds, before or behind the others
    "anna": ("tasks:\n", "tasks:\n  two:\n    split: tiny\n    positive:\n    - 2\n"),
    "ben": ("experiments:\n", "  three:\n    split: tiny\n    positive:\n    - 3\nexperiments:\n"),
    "carla": ("tasks:\n", "tasks:\n  two:\n    split: tiny\n    positive:\n    - 2\n    - 3\n"),
}


def branch(project: Path, name: str) -> None:
    tiny.run(f"git switch --quiet -c {name} main", project)
    path = project / "params.yaml"
    path.write_text(path.read_text(encoding="utf-8").replace(*PEOPLE[name]), encoding="utf-8")
    assert len(tiny.repro(project)) == 1
    (project / "plots" / "table.csv").write_text(name)
    tiny.commit(project, name)


def test_stages_are_merged_one_by_one() -> None:
    base = {"same": 0, "ours": 0, "theirs": 0, "both": 0, "alike": 0, "deleted": 0, "fought": 0}
    ours = {"same": 0, "ours": 1, "theirs": 0, "both": 1, "alike": 1, "fought": 1, "new": 1}
    theirs = {"same": 0, "ours": 0, "theirs": 2, "both": 2, "alike": 1, "deleted": 0, "newer": 2}
    assert merge(base, ours, theirs) == {"same": 0, "ours": 1, "theirs": 2, "alike": 1, "new": 1, "newer": 2}


def test_two_people_s_work_is_merged_and_nothing_runs_again(project: Path, tmp_path: Path) -> None:
    for name in ("anna", "ben"):
        branch(project, name)
    before = tiny.lock(project)
    for _ in range(2):  # twice is no fault
        call(project, "setup")
    tiny.run("git merge --quiet --no-edit anna", project)
    assert {*tiny.lock(project)} - {*before} == {"binarize@two"}
    tiny.run(["git", "clone", "--quiet", str(project), str(tmp_path / "clone")], tmp_path)
    assert "Data and pipelines are up to date." in tiny.run_dvc(DRY, tmp_path / "clone")


@pytest.mark.slow
def test_what_both_changed_has_no_entry_until_it_is_settled(project: Path) -> None:
    call(project, "setup")
    for name in ("anna", "carla"):
        branch(project, name)
    tiny.run("git merge --quiet anna", project, status=1)
    assert tiny.run("git diff --name-only --diff-filter=U", project).stdout == "params.yaml\n"
    assert "binarize@two" not in tiny.lock(project)
    tiny.run("git checkout --quiet --theirs params.yaml", project)
    assert tiny.repro(project) == []  # from the run cache
    tiny.run("git commit --quiet --all -m settled", project)
    assert tiny.run("git diff --name-only anna -- params.yaml plots", project).stdout == "plots/table.csv\n"


def test_a_clone_without_data_tells_which_stages_a_commit_left_out(made: Path, tmp_path: Path) -> None:
    tiny.run(["git", "clone", "--quiet", "--config", "core.autocrlf=true", str(made), "clone"], tmp_path)
    cloned = tiny.files(tmp_path / "clone")  # the same bytes where Git turns line ends
    assert cloned == {name: content for name, content in tiny.files(made).items() if name in cloned}
    tiny.run_dvc(DRY, tmp_path / "clone")
    tiny.edit(tmp_path / "clone", {"experiments.five-sgd.hyperparameters.max_iter": 5})
    assert "failed to reproduce 'train@five-sgd'" in tiny.run_dvc(DRY, tmp_path / "clone", status=255)
