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
    """Return the made project with four people's branches. Not to be changed."""
    project = tiny.copy(made, tmp_path_factory.mktemp("forked") / "tiny")
    for name, (file, old, new, ran) in PEOPLE.items():
        tiny.run(f"git switch --quiet -c {name} main", project)
        text = (project / file).read_text(encoding="utf-8")
        assert text.count(old) == 1
        (project / file).write_text(text.replace(old, new), encoding="utf-8")
        assert tiny.repro(project) == ran
        tiny.commit(project, name)
    return project


@pytest.fixture(params=[pytest.param(False, marks=pytest.mark.slow), True], ids=["Git alone", "with the driver"])
def driver(request: pytest.FixtureRequest) -> bool:
    """Tell whether Git merges dvc.lock by our driver, which `make venv` registers."""
    return bool(request.param)


@pytest.fixture
def shared(forked: Path, tmp_path: Path, driver: bool) -> Path:
    """Return a copy of the forked project, with the driver or without."""
    project = tiny.copy(forked, tmp_path / "shared")
    if driver:
        for _ in range(2):  # twice is no fault
            tiny.run("digits merge-lock --register", project)
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


@pytest.mark.parametrize("driver", [False, True], ids=["Git alone", "with the driver"], indirect=True)
def test_two_people_s_experiments_are_merged_without_training(shared: Path, driver: bool) -> None:
    anna, ben = lock_of(shared, "anna"), lock_of(shared, "ben")
    merge_anna(shared, "ben", *([] if driver else ["dvc.lock"]))
    if not driver:
        assert tiny.lock(shared) == ben  # whole, no conflict marks in it
        assert tiny.repro(shared) == []
    tiny.run("dvc checkout", shared)
    merged = tiny.lock(shared)
    assert all(merged[stage] == anna[stage] for stage in merged if "five-sgd" in stage)
    assert all(merged[stage] == ben[stage] for stage in merged if "digit-logreg" in stage)
    settle(shared)


PLOTS = ("confusion", "figures", "precision_recall", "reliability", "roc")
MEASURED = ["metrics/five-sgd.json", "params.yaml", *(f"plots/five-sgd/{name}.csv" for name in PLOTS)]


def test_two_people_s_values_for_one_experiment_are_settled_without_training(shared: Path, driver: bool) -> None:
    merge_anna(shared, "carla", *(["params.yaml"] if driver else ["dvc.lock", *MEASURED]))
    assert [name for name, content in tiny.files(shared).items() if b"<<<<<<<" in content] == ["params.yaml"]
    assert driver != ("train@five-sgd" in tiny.lock(shared))
    tiny.run("git checkout --theirs params.yaml", shared)
    ran = tiny.repro(shared)
    assert driver or ran == []
    settle(shared)
    # The driver leaves the stages in another order.
    assert tiny.run("git diff --name-only anna", shared).stdout == ("dvc.lock\n" if driver else "")
    assert tiny.lock(shared) == lock_of(shared, "anna")


def test_a_merge_does_not_record_a_run_that_nobody_made(shared: Path, driver: bool) -> None:
    # Line by line, the lock would take dora's code and anna's model, which was made by other code.
    merge_anna(shared, "dora", *([] if driver else ["dvc.lock"]))
    assert driver != ("train@five-sgd" in tiny.lock(shared))
    assert "train@five-sgd" in tiny.repro(shared)
    settle(shared)


@pytest.mark.parametrize("driver", [True], indirect=True)
def test_an_experiment_removed_on_one_side_and_changed_on_the_other_stays_away(shared: Path) -> None:
    tiny.run("git switch --quiet -c emil main", shared)
    without = {"experiments.five-sgd": ...}
    tiny.edit(shared, without)
    tiny.run("digits prune --delete", shared)
    tiny.commit(shared, "no fives")
    tiny.run("git merge --no-edit anna", shared, status=1)  # in params.yaml, and of what anna's run wrote
    tiny.edit(shared, without)
    tiny.run("digits prune --delete", shared)
    assert not [name for name in tiny.lock(shared) if "five-sgd" in name]
    assert tiny.repro(shared) == []
