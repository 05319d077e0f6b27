"""Branches: README's comparison of two, and merges of branches on which something has been run."""

import re
import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml

from tests import tiny

AUTHOR: dict[str, Any] = {f"GIT_{role}_NAME": "A" for role in ("AUTHOR", "COMMITTER")}
AUTHOR |= {f"GIT_{role}_EMAIL": "a@example.org" for role in ("AUTHOR", "COMMITTER")}
IN_THE_TINY_PROJECT = {"two-logreg": "five-sgd", "tol: 0.1$": "max_iter: 50", "tol: 0.01": "max_iter: 3"}


def test_readme_s_comparison_of_branches_goes_as_printed(project: Path) -> None:
    readme = (tiny.ROOT / "README.md").read_text(encoding="utf-8")
    text = readme.partition("\n## Compare branches\n")[2].partition("\n## ")[0]
    for theirs, ours in IN_THE_TINY_PROJECT.items():
        assert theirs in text
        text = text.replace(theirs, ours)
    # Lines after a `$`, and Git's and DVC's commands in the sentences.
    found = re.findall(r"^\$ (.+)$|`((?:git|dvc) [^`]+)`", text, re.MULTILINE)
    commands = [line or inline for line, inline in found]
    outputs = {command: tiny.run(["bash", "-c", command], project, **AUTHOR).stdout for command in commands}

    printed = [line.split()[:2] for line in text.splitlines() if line.startswith("metrics/")]
    measured = [line.split()[:2] for line in outputs["dvc metrics diff main"].splitlines()]
    assert printed
    assert all(line in measured for line in printed)
    assert not any("digit-logreg" in path for path, _ in measured)

    changed = [line.split() for line in outputs["dvc params diff main"].splitlines()[1:]]
    assert changed == [["params.yaml", "experiments.five-sgd.hyperparameters.max_iter", "50", "3"]]

    page = Path(outputs["dvc plots diff main"].strip().removeprefix("file://")).read_text(encoding="utf-8")
    assert all(f"five-sgd, {title}" in page for title in ("confusion matrix", "ROC curve", "precision and recall"))
    assert all(f'"rev": "{revision}"' in page for revision in ("main", "workspace"))

    tiny.run(["git", "switch", "main"], project)
    tiny.run(["git", "merge", "smoother"], project)
    assert tiny.repro(project) == []
    assert tiny.run(["git", "status", "--porcelain", "--untracked-files=no"], project).stdout == ""


def test_a_clone_has_the_same_bytes_where_git_turns_line_ends(made: Path, tmp_path: Path) -> None:
    tiny.run(["git", "clone", "--quiet", "--config", "core.autocrlf=true", str(made), "clone"], tmp_path)
    cloned = tiny.files(tmp_path / "clone")
    assert cloned == {name: content for name, content in tiny.files(made).items() if name in cloned}


FASTER = ("params.yaml", "max_iter: 50", "max_iter: 5")
SLOWER = ("params.yaml", "max_iter: 50", "max_iter: 60")
NEIGHBOURS = ("params.yaml", "logistic_regression", "k_neighbors")
CODE = ("stages/train.py", "\nif __name__", "\n# Run it.\nif __name__")


def branch(project: Path, name: str, file: str, old: str, new: str) -> list[str]:
    """Start a branch from main, change one place of a file, run, and commit; return the stages that ran."""
    tiny.run(["git", "switch", "--quiet", "-c", name, "main"], project)
    text = (project / file).read_text(encoding="utf-8")
    assert text.count(old) == 1
    (project / file).write_text(text.replace(old, new), encoding="utf-8")
    ran = tiny.repro(project)
    tiny.commit(project, name)
    return ran


def merge(project: Path, name: str) -> str:
    """Merge a branch that is in conflict with this one; return the lines that report conflicts."""
    output = tiny.run(["git", "merge", name], project, status=1).stdout
    return "\n".join(sorted(line for line in output.splitlines() if line.startswith("CONFLICT")))


def settle(project: Path) -> None:
    """Commit the merge, and check that it is complete: nothing to run, to commit or to delete."""
    tiny.run(["git", "commit", "--quiet", "--all", "-m", "settled"], project, **AUTHOR)
    assert tiny.repro(project) == []
    assert tiny.run(["git", "status", "--porcelain"], project).stdout == ""
    assert tiny.run(["python", "-m", "tools.prune"], project).stderr == ""


def lock(project: Path) -> dict[str, Any]:
    """Return what dvc.lock records of each stage."""
    return dict(yaml.safe_load((project / "dvc.lock").read_text(encoding="utf-8"))["stages"])


@pytest.fixture(scope="module")
def forked(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the made project with two people's branches, `anna` with another experiment changed than `ben`."""
    project = Path(shutil.copytree(made, tmp_path_factory.mktemp("forked") / "tiny", symlinks=True))
    assert branch(project, "anna", *FASTER) == ["evaluate@five-sgd", "train@five-sgd"]
    assert branch(project, "ben", *NEIGHBOURS) == ["evaluate@digit-logreg", "train@digit-logreg"]
    return project


@pytest.fixture
def shared(forked: Path, tmp_path: Path) -> Path:
    """Return a copy of the forked project, on the branch `ben`."""
    return Path(shutil.copytree(forked, tmp_path / "shared", symlinks=True))


def test_two_people_s_experiments_are_merged_without_training(shared: Path) -> None:
    anna = yaml.safe_load(tiny.run(["git", "show", "anna:dvc.lock"], shared).stdout)["stages"]
    ben = lock(shared)
    assert merge(shared, "anna") == "CONFLICT (content): Merge conflict in dvc.lock"
    assert lock(shared) == ben  # whole, no conflict marks in it
    assert tiny.repro(shared) == []
    merged = lock(shared)
    assert all(merged[stage] == anna[stage] for stage in merged if "five-sgd" in stage)
    assert all(merged[stage] == ben[stage] for stage in merged if "digit-logreg" in stage)
    settle(shared)


def test_two_people_s_values_for_one_experiment_are_settled_without_training(shared: Path) -> None:
    assert "train@five-sgd" in branch(shared, "carla", *SLOWER)
    conflicts = merge(shared, "anna")
    in_conflict = ["dvc.lock", "metrics/five-sgd.json", "params.yaml"]
    in_conflict += [
        f"plots/five-sgd/{name}.csv" for name in ("confusion", "figures", "precision_recall", "reliability", "roc")
    ]
    assert conflicts == "\n".join(f"CONFLICT (content): Merge conflict in {name}" for name in in_conflict)
    marked = [name for name, content in tiny.files(shared).items() if b"<<<<<<<" in content]
    assert marked == ["params.yaml"]
    tiny.run(["git", "checkout", "--theirs", "params.yaml"], shared)
    assert tiny.repro(shared) == []
    settle(shared)
    assert tiny.run(["git", "diff", "anna"], shared).stdout == ""


def test_a_merge_does_not_record_a_run_that_nobody_made(shared: Path) -> None:
    assert branch(shared, "carla", *CODE) == ["train@digit-logreg", "train@five-sgd"]
    assert merge(shared, "anna") == "CONFLICT (content): Merge conflict in dvc.lock"
    # Line by line, the lock would take carla's code and anna's model, which was made by other code.
    assert tiny.repro(shared) == ["train@five-sgd"]
    settle(shared)


def with_driver(project: Path) -> Path:
    """Register the merge driver, as `make venv` does."""
    tiny.run(["python", "-m", "tools.merge_lock", "--register"], project)
    tiny.run(["python", "-m", "tools.merge_lock", "--register"], project)  # twice is no fault
    return project


def git_merge(project: Path, name: str, status: int = 0) -> str:
    """Merge a branch, with the environment on the path that the driver runs in."""
    return tiny.run(["git", "merge", "--no-edit", name], project, status=status, **AUTHOR).stdout


def test_with_the_driver_different_experiments_merge_and_nothing_runs(shared: Path) -> None:
    git_merge(with_driver(shared), "anna")
    tiny.run(["dvc", "checkout"], shared)
    assert tiny.repro(shared) == []
    assert tiny.run(["git", "status", "--porcelain"], shared).stdout == ""
    assert tiny.run(["python", "-m", "tools.pushed", "--lock-only"], shared).stdout == "dvc.lock is complete\n"


def test_with_the_driver_a_stage_that_both_changed_is_run_again_or_restored(shared: Path) -> None:
    assert "train@five-sgd" in branch(shared, "carla", *SLOWER)
    output = git_merge(with_driver(shared), "anna", status=1)
    assert re.findall(r"CONFLICT.* in (.*)", output) == ["params.yaml"]
    assert not {"train@five-sgd", "evaluate@five-sgd"} & lock(shared).keys()
    tiny.run(["git", "checkout", "--theirs", "params.yaml"], shared)
    tiny.repro(shared)
    settle(shared)
    assert tiny.run(["git", "diff", "--name-only", "anna"], shared).stdout == "dvc.lock\n"  # the same, in other order
    assert lock(shared) == yaml.safe_load(tiny.run(["git", "show", "anna:dvc.lock"], shared).stdout)["stages"]


def test_with_the_driver_no_run_is_recorded_that_nobody_made(shared: Path) -> None:
    assert branch(shared, "carla", *CODE) == ["train@digit-logreg", "train@five-sgd"]
    git_merge(with_driver(shared), "anna")
    assert "train@five-sgd" not in lock(shared)
    assert "train@five-sgd" in tiny.repro(shared)
    tiny.commit(shared, "run")
    assert tiny.repro(shared) == []


def test_with_the_driver_an_experiment_removed_on_one_side_and_changed_on_the_other(shared: Path) -> None:
    tiny.run(["git", "switch", "--quiet", "-c", "carla", "main"], shared)
    values = tiny.params()
    del values["experiments"]["five-sgd"]
    tiny.write_params(shared, values)
    tiny.run(["python", "-m", "tools.prune", "--delete"], shared)
    tiny.commit(shared, "no fives")
    git_merge(with_driver(shared), "anna", status=1)  # in params.yaml, and of what anna's run wrote
    tiny.write_params(shared, values)
    tiny.run(["python", "-m", "tools.prune", "--delete"], shared)
    assert not [name for name in lock(shared) if "five-sgd" in name]
    assert tiny.repro(shared) == []
