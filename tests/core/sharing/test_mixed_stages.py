"""A merge without the driver that takes the parameters of one branch and the outputs of another."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from digits.results.mixed_stages import find_mixed_stages
from tests.helpers import tiny
from tests.helpers.calls import call, failure, reproduce
from tests.helpers.variants import mark_variants

STAGE = "binarize@five"


def commit_branch(project: Path, name: str, label: int) -> dict[str, Any]:
    """Return the entry of a stage that was run in a new branch with another parameter."""
    tiny.run(f"git switch --quiet -c {name} main", project)
    tiny.edit(project, {"tasks.five.positive": [label]})
    reproduce(project, STAGE)
    tiny.commit(project, name)
    return tiny.lock(project)[STAGE]


def write_entry(project: Path, entry: dict[str, Any]) -> None:
    """Replace the entry of the stage in dvc.lock."""
    stages = {**tiny.lock(project), STAGE: entry}
    lock = yaml.safe_dump({"schema": "2.0", "stages": stages}, sort_keys=False)
    (project / "dvc.lock").write_text(lock, encoding="utf-8")


@pytest.fixture
def merging(project: Path) -> tuple[Path, dict[str, Any], dict[str, Any]]:
    """Return a project during a merge, and the entries of both branches."""
    theirs = commit_branch(project, "theirs", 3)
    ours = commit_branch(project, "ours", 2)
    tiny.run("git merge --quiet --no-commit --strategy ours theirs", project)
    return project, ours, theirs


@pytest.mark.parametrize("is_committed", [True, pytest.param(False, marks=pytest.mark.slow)])
def test_a_mixed_stage_is_noticed_and_the_commands_mend_it(
    merging: tuple[Path, dict[str, Any], dict[str, Any]], is_committed: bool
) -> None:
    project, ours, theirs = merging
    tiny.edit(project, {"tasks.five.positive": [3]})
    write_entry(project, {**theirs, "outs": ours["outs"]})
    if is_committed:
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


def test_outputs_of_other_parameters_are_noticed(
    merging: tuple[Path, dict[str, Any], dict[str, Any]],
) -> None:
    project, ours, _ = merging
    values = yaml.safe_load((project / "params.yaml").read_text())
    ours["params"]["params.yaml"]["tasks.five"] = {
        **values["tasks"]["five"],
        "positive": [2, 3],  # a line of each branch
    }
    write_entry(project, ours)
    assert "binarize@five has the inputs of one" in failure(project, "check")


@pytest.mark.parametrize("side", mark_variants(["ours", "theirs"]))
def test_the_entry_of_one_branch_is_whole(
    merging: tuple[Path, dict[str, Any], dict[str, Any]], side: str
) -> None:
    project, ours, theirs = merging
    write_entry(project, {"ours": ours, "theirs": theirs}[side])
    assert call(project, "check").stderr == ""


@pytest.mark.variant
def test_other_code_may_give_the_outputs_of_one_branch(
    merging: tuple[Path, dict[str, Any], dict[str, Any]],
) -> None:
    project, ours, _ = merging
    ours["deps"][0]["md5"] = "0" * 32
    write_entry(project, ours)
    assert call(project, "check").stderr == ""


def test_a_project_may_be_a_folder_of_its_repository(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tmp_path / "project"
    project.mkdir()

    def write_lock(parameter: int, output: int) -> None:
        entry = {"cmd": "x", "params": {"p": parameter}, "outs": {"o": output}}
        (project / "dvc.lock").write_text(yaml.safe_dump({"stages": {"a": entry}}))

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
