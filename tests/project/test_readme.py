"""The ten minutes with DVC in this project's README."""

import re
from pathlib import Path

from tests import tiny

import pytest

IN_THE_TINY_PROJECT = {
    "small-even-knn": "five-sgd",
    "@small-even'": "@five'",
    "@small'": "@tiny'",
    "n_neighbors: 3": "max_iter: 50",
    "n_neighbors: 5": "max_iter: 3",
}


@pytest.mark.slow
def test_ten_minutes_with_dvc_go_as_printed(project: Path) -> None:
    readme = (tiny.ROOT / "README.md").read_text(encoding="utf-8")
    text = readme.partition("\n## Ten minutes with DVC\n")[2].partition("\n## ")[0]
    for theirs, ours in IN_THE_TINY_PROJECT.items():
        assert theirs in text
        text = text.replace(theirs, ours)
    params = project / "params.yaml"
    [(old, new)] = re.findall(r"change `(.+)` to\s`(.+)`", text)
    params.write_text(params.read_text().replace(old, new))
    commands = re.findall(r"^\$ (.+)$", text, re.MULTILINE)
    printed = [line for command in commands for line in tiny.run(command, project).stdout.splitlines()]

    stages = re.findall(r"^(?:Stage|Running stage) .*", text, re.MULTILINE)
    assert stages == [line for line in printed if line.startswith(("Stage ", "Running stage "))]
    for metric in re.findall(r"^metrics/\S+ +\w+", text, re.MULTILINE):
        assert any(line.split()[:2] == metric.split() for line in printed)
    assert tiny.run("git status --porcelain", project).stdout == ""

    pull, keep, drop = re.findall(r"`((?:git switch|dvc) [^`]+)`", text)
    colleague = project.with_name("colleague")
    tiny.run(["git", "clone", "--quiet", str(project), str(colleague)], project)
    tiny.run(pull, colleague)
    assert tiny.repro(colleague, "evaluate@five-sgd") == []
    model = project / "models/five-sgd.skops"
    changed = model.read_bytes()
    tiny.run(["bash", "-c", drop], project)
    assert model.read_bytes() != changed
    assert tiny.repro(project) == []
    tiny.run(["bash", "-c", keep], project)
    assert tiny.repro(project) == []
    assert model.read_bytes() == changed
