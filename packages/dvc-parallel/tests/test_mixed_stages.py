"""A merge without the driver that takes the inputs of one branch and the outputs of another."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from dvc_parallel.mixed_stages import is_mixed
from dvc_projects import read_lock, repro, run, run_dvc, write

PIPELINE = "stages: {a: {cmd: cp a.txt b.txt, deps: [a.txt], outs: [b.txt]}}"


def commit_run(project: Path, text: str) -> dict[str, Any]:
    """Run the stage for an input, commit everything, and return the entry of the stage."""
    write(project, {"sub/a.txt": text})
    repro(project, "--all-pipelines")
    run("git add --all .", project)
    run("git commit --quiet -m run", project)
    return read_lock(project / "sub")["a"]


def test_a_mixed_stage_is_refused_and_the_commands_mend_it(tmp_path: Path) -> None:
    project = tmp_path / "project"  # a folder of its repository
    apart = "stages: {apart: {cmd: echo, deps: [raw.txt]}}"
    write(project, {"sub/dvc.yaml": PIPELINE, "dvc.yaml": apart, "raw.txt": ""})
    run("git init --quiet --initial-branch main", tmp_path)
    run_dvc("init --quiet --subdir", project)
    commit_run(project, "1")
    run("git switch --quiet -c theirs", project)
    theirs = commit_run(project, "2")
    run("git switch --quiet main", project)
    ours = commit_run(project, "3")
    run("git merge --quiet --strategy ours --no-commit theirs", project)
    assert repro(project).startswith("Nothing to do")
    mixed = {"schema": "2.0", "stages": {"a": {**theirs, "outs": ours["outs"]}}}
    lock = yaml.safe_dump(mixed, sort_keys=False)
    write(project, {"sub/a.txt": "2", "sub/dvc.lock": lock})
    line = (
        "Error: {}dvc.lock: a has the inputs of one merged branch and the outputs of the other; "
        "run `dvc repro --force --single-item {}a`, then `dvc repro`\n"
    )
    for words in [[], ["--dry"], ["apart"]]:
        assert repro(project, *words, status=1) == line.format("sub/", "sub/dvc.yaml:")
    run("git commit --quiet --all -m merged", project)
    assert repro(project / "sub", status=1) == line.format("", "")
    for command in re.findall("`dvc (.*?)`", line.format("", "")):
        run_dvc(command, project / "sub")
    assert read_lock(project / "sub")["a"] == theirs
    assert repro(project).startswith("Nothing to do")


def make_entry(inputs: str, outs: str) -> str:
    return f"  a:\n    cmd: {inputs}\n" + (f"    outs:\n    - path: {outs}\n" if outs else "")


@pytest.mark.parametrize(
    ("entry", "ours", "theirs", "expected"),
    [
        (("1", "2"), ("1", "1"), ("2", "2"), True),
        (("2", "1"), ("1", "1"), ("2", "2"), True),
        (("1", "1"), ("1", "1"), ("2", "2"), False),
        (("3", "2"), ("1", "1"), ("2", "2"), False),  # one of both changes has no effect
        (("1", "1"), ("1", "1"), ("2", "1"), False),  # both branches have the same outputs
        (("1", ""), ("1", "1"), ("2", ""), False),  # its outputs were removed after the merge
    ],
)
def test_an_entry_is_mixed_if_it_has_all_inputs_of_one_side_and_the_outputs_of_the_other(
    entry: tuple[str, str], ours: tuple[str, str], theirs: tuple[str, str], expected: bool
) -> None:
    assert is_mixed(make_entry(*entry), make_entry(*ours), make_entry(*theirs)) == expected
