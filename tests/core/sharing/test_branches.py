"""Merges of branches on which something has been run."""

import re
from pathlib import Path
from typing import Any

from tests import tiny

import pytest
import yaml


def test_a_clone_has_the_same_bytes_where_git_turns_line_ends(made: Path, tmp_path: Path) -> None:
    tiny.run(["git", "clone", "--quiet", "--config", "core.autocrlf=true", str(made), "clone"], tmp_path)
    cloned = tiny.files(tmp_path / "clone")
    assert cloned == {name: content for name, content in tiny.files(made).items() if name in cloned}


PEOPLE = {  # and on each one's branch what they changed in which file, and what then ran
    "anna": ("params.yaml", "max_iter: 50", "max_iter: 5", ["evaluate@five-sgd", "train@five-sgd"]),
    "ben": ("params.yaml", tiny.LOGISTIC, "naive_bayes.GaussianNB", ["evaluate@digit-logreg", "train@digit-logreg"]),
    "carla": ("params.yaml", "max_iter: 50", "max_iter: 60", ["evaluate@five-sgd", "train@five-sgd"]),
    "dora": ("stages/train.py", "\nif __n", "\n# Run it.\nif __n", ["train@digit-logreg", "train@five-sgd"]),
}


@pytest.fixture(scope="module")
def forked(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the made project with the branches of anna and ben. Not to be changed."""
    project = tiny.copy(made, tmp_path_factory.mktemp("forked") / "tiny")
    branch(project, "anna")
    branch(project, "ben")
    return project


def branch(project: Path, name: str) -> None:
    """Make somebody's change on a branch, run and committed."""
    file, old, new, ran = PEOPLE[name]
    tiny.run(f"git switch --quiet -c {name} main", project)
    tiny.run("dvc checkout", project)
    text = (project / file).read_text(encoding="utf-8")
    assert text.count(old) == 1
    (project / file).write_text(text.replace(old, new), encoding="utf-8")
    assert tiny.repro(project) == ran
    tiny.commit(project, name)


@pytest.fixture
def shared(forked: Path, tmp_path: Path) -> Path:
    """Return a copy of the forked project, in which Git merges dvc.lock by our driver, as after `make venv`."""
    project = tiny.copy(forked, tmp_path / "shared")
    for _ in range(2):  # twice is no fault
        tiny.run("digits setup", project)
    return project


def merge_anna(project: Path, into: str, *conflicts: str) -> None:
    """Merge anna's branch into another one, and expect conflicts in these files."""
    tiny.run(f"git switch --quiet {into}", project)
    tiny.run("dvc checkout", project)
    output = tiny.run("git merge --no-edit anna", project, status=1 if conflicts else 0).stdout
    assert sorted(re.findall(r"CONFLICT.* in (.*)", output)) == list(conflicts)


def lock_of(project: Path, branch: str) -> dict[str, Any]:
    """Return what dvc.lock of a branch records of each stage."""
    return dict(yaml.safe_load(tiny.run(f"git show {branch}:dvc.lock", project).stdout)["stages"])


def settle(project: Path) -> None:
    """Commit the merge, and check that it is complete: nothing to run, to commit or to delete."""
    tiny.run("git commit --quiet --allow-empty --all -m settled", project)
    assert tiny.repro(project) == []
    assert tiny.git_status(project) == ""
    assert tiny.run("digits prune", project).stderr == ""
    assert tiny.run("digits pushed --lock-only", project).stdout == "dvc.lock is complete\n"


def test_a_complete_branch_is_complete_whatever_data_is_here(forked: Path, tmp_path: Path) -> None:
    project = tiny.copy(forked, tmp_path / "switched")
    tiny.run("git switch --quiet anna", project)  # without `dvc checkout`: the model is that of ben's branch
    assert tiny.run("digits pushed --lock-only", project).stdout == "dvc.lock is complete\n"


@pytest.mark.parametrize(
    "driver", [pytest.param(False, marks=pytest.mark.slow), True], ids=["alone", "with our driver"]
)
def test_two_people_s_experiments_are_merged_without_training(
    forked: Path, shared: Path, tmp_path: Path, driver: bool
) -> None:
    project = shared if driver else tiny.copy(forked, tmp_path / "alone")
    anna, ben = lock_of(project, "anna"), lock_of(project, "ben")
    merge_anna(project, "ben", *([] if driver else ["dvc.lock"]))
    if not driver:
        assert tiny.lock(project) == ben  # whole, no conflict marks in it
        assert tiny.repro(project) == []
    tiny.run("dvc checkout", project)
    merged = tiny.lock(project)
    assert all(merged[stage] == anna[stage] for stage in merged if "five-sgd" in stage)
    assert all(merged[stage] == ben[stage] for stage in merged if "digit-logreg" in stage)
    settle(project)


@pytest.mark.slow
def test_two_people_s_values_for_one_experiment_are_settled_without_training(shared: Path) -> None:
    branch(shared, "carla")
    merge_anna(shared, "carla", "params.yaml")
    assert [name for name, content in tiny.files(shared).items() if b"<<<<<<<" in content] == ["params.yaml"]
    tiny.run("git checkout --theirs params.yaml", shared)
    tiny.repro(shared)
    settle(shared)
    assert tiny.run("git diff --name-only anna", shared).stdout == "dvc.lock\n"  # its stages in another order
    assert tiny.lock(shared) == lock_of(shared, "anna")


@pytest.mark.slow
def test_a_merge_does_not_record_a_run_that_nobody_made(shared: Path) -> None:
    # Line by line, the lock would take dora's code and anna's model, which was made by other code.
    branch(shared, "dora")
    merge_anna(shared, "dora")
    assert "train@five-sgd" not in tiny.lock(shared)  # it runs again
    assert "train@digit-logreg" in tiny.lock(shared)
