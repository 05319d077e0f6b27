"""The section "Ten minutes with DVC" of this project's README."""

import re
from pathlib import Path

from tests import tiny

import pytest

# What the README says, and what the tiny project has in its place.
REPLACED = {
    "small-even-knn": "five-sgd",
    "@small-even'": "@five'",
    "@small'": "@tiny'",
    "n_neighbors: 3": "max_iter: 50",
    "n_neighbors: 5": "max_iter: 3",
}


def read_section() -> str:
    """Return the text of the section, as if it were about the tiny project."""
    readme = (tiny.ROOT / "README.md").read_text(encoding="utf-8")
    section = readme.partition("\n## Ten minutes with DVC\n")[2].partition("\n## ")[0]
    for old, new in REPLACED.items():
        assert old in section
        section = section.replace(old, new)
    return section


def run_commands(project: Path, section: str) -> list[str]:
    """Make the change of the section, run its commands, and return the lines they print."""
    [(old, new)] = re.findall(r"change\s`(.+)` to\s`(.+)`", section)
    params = project / "params.yaml"
    text = params.read_text(encoding="utf-8")
    params.write_text(text.replace(old, new), encoding="utf-8")
    lines = []
    for command in re.findall(r"^\$ (.+)$", section, re.MULTILINE):
        lines += tiny.run(command, project).stdout.splitlines()
    return lines


@pytest.mark.slow
def test_the_commands_print_what_the_readme_says(project: Path) -> None:
    section = read_section()
    lines = run_commands(project, section)
    stages = re.findall(r"^(?:Stage|Running stage) .*", section, re.MULTILINE)
    assert stages == [line for line in lines if line.startswith(("Stage ", "Running stage "))]
    metrics = re.findall(r"^metrics/\S+ +\w+", section, re.MULTILINE)
    assert metrics
    printed = [line.split()[:2] for line in lines]
    for metric in metrics:
        assert metric.split() in printed
    assert tiny.run("git status --porcelain", project).stdout == ""


@pytest.mark.slow
def test_a_colleague_pulls_the_results_and_the_change_is_dropped_and_kept(
    project: Path,
) -> None:
    section = read_section()
    run_commands(project, section)
    pull, keep, drop = re.findall(r"`((?:git switch|dvc) [^`]+ [^`]+)`", section)
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
