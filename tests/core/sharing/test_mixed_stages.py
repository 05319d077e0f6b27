"""A merge without the driver that takes the parameters of one branch and the outputs of another."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from digits.results.mixed_stages import find_mixed_stages, is_mixed
from tests.helpers import tiny
from tests.helpers.calls import call, failure, reproduce

STAGE = "binarize@five"


def commit_branch(project: Path, name: str, label: int) -> dict[str, Any]:
    """Return the entry of a stage that was run in a new branch with another parameter."""
    tiny.run(f"git switch --quiet -c {name} main", project)
    tiny.edit(project, {"tasks.five.positive": [label]})
    reproduce(project, STAGE)
    tiny.commit(project, name)
    return tiny.lock(project)[STAGE]


def write_stages(project: Path, stages: dict[str, Any]) -> None:
    """Write dvc.lock."""
    lock = yaml.safe_dump({"schema": "2.0", "stages": stages}, sort_keys=False)
    (project / "dvc.lock").write_text(lock, encoding="utf-8")


def test_a_mixed_stage_is_noticed_and_the_commands_mend_it(project: Path) -> None:
    theirs = commit_branch(project, "theirs", 3)
    ours = commit_branch(project, "ours", 2)
    tiny.run("git merge --quiet --no-commit --strategy ours theirs", project)
    tiny.edit(project, {"tasks.five.positive": [3]})
    mixed = {**theirs, "outs": ours["outs"]}
    write_stages(project, {**tiny.lock(project), STAGE: mixed})
    tiny.commit(project, "Merged by hand")
    line = failure(project, "check")
    assert line.startswith(
        "Error: dvc.lock: binarize@five has the inputs of one merged branch and the outputs of "
        "the other; run `dvc repro --force "
    )
    assert failure(project, "repro", STAGE) == line
    assert tiny.find_stages(tiny.run_dvc(f"repro {STAGE}", project)) == []  # DVC sees nothing
    for command in re.findall("`dvc (.*?)`", line):
        tiny.run_dvc(f"{command} {STAGE}" if command == "repro" else command, project)
    assert tiny.lock(project)[STAGE] == theirs
    assert "params.yaml is valid." in call(project, "check").stdout


def make_entry(parameter: int, output: int) -> dict[str, Any]:
    return {"cmd": "x", "params": {"p": parameter}, "outs": {"o": output}}


def test_a_project_may_be_a_folder_of_its_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "project"
    project.mkdir()

    def write_lock(parameter: int, output: int) -> None:
        write_stages(project, {"a": make_entry(parameter, output)})

    tiny.run("git init --quiet --initial-branch main", tmp_path)
    write_lock(0, 0)
    tiny.commit(tmp_path, "base")
    tiny.run("git switch --quiet -c theirs", tmp_path)
    write_lock(1, 1)
    tiny.commit(tmp_path, "theirs")
    tiny.run("git switch --quiet main", tmp_path)
    write_lock(2, 2)
    tiny.commit(tmp_path, "ours")
    tiny.run("git merge --quiet --strategy ours --no-commit theirs", tmp_path)
    write_lock(1, 2)
    monkeypatch.chdir(project)
    assert find_mixed_stages() == ["a"]
    # The entry of each branch, and a run of both changes, one of which has no effect.
    for parameter, output in [(1, 1), (2, 2), (3, 2)]:
        write_lock(parameter, output)
        assert find_mixed_stages() == []


def test_branches_may_have_the_same_outputs() -> None:
    ours, theirs = make_entry(1, 1), make_entry(2, 1)
    assert not is_mixed(ours, ours, theirs)


def test_metrics_without_an_entry_are_named_and_the_command_mends_it(project: Path) -> None:
    stages = tiny.lock(project)
    del stages["evaluate@five-sgd"]  # as a merge does if both branches have changed the model
    write_stages(project, stages)
    line = call(project, "check").stderr
    assert line.startswith(
        "dvc.lock has no entry for evaluate@five-sgd, so the metrics may be "
    )
    [command] = re.findall("`dvc (.*?)`", line)
    tiny.run_dvc(command, project)
    assert call(project, "check").stderr == ""
