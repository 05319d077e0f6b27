"""The commands and the stage on the page docs/dvc.md are those of DVC and of this project."""

import re
from pathlib import Path

import pytest

from digits.core import paths
from tests.helpers import pages, tiny

PAGE = "docs/dvc.md"
MODEL = paths.model("five-sgd")


# What the page changes, and what the tiny project has in its place.
REPLACED = {"small-even-knn": "five-sgd", "n_neighbors": "max_iter"}


def read_steps(title: str) -> list[pages.Step]:
    """Return the steps below a heading, as if the page were about the tiny project."""
    section = pages.read_section(PAGE, title)
    for old, new in REPLACED.items():
        section = section.replace(old, new)
    return pages.read_steps(section)


@pytest.mark.slow
def test_an_earlier_version_comes_back(project: Path) -> None:
    before = (project / MODEL).read_bytes()
    pages.run(read_steps("How DVC decides what to run"), project)
    steps = read_steps("Go back to an earlier version")
    pages.run(steps[:3], project)
    after = (project / MODEL).read_bytes()
    assert before != after
    pages.run(steps[3:5], project)
    assert (project / MODEL).read_bytes() == before
    pages.run(steps[5:], project)
    assert (project / MODEL).read_bytes() == after


def test_the_stage_on_the_page_is_that_of_dvc_yaml() -> None:
    text = (tiny.ROOT / PAGE).read_text(encoding="utf-8")
    [block] = re.findall("```yaml\n(.+?)```", text, re.DOTALL)
    stages = (tiny.ROOT / "dvc.yaml").read_text(encoding="utf-8").splitlines()
    assert not [line for line in block.splitlines() if line not in stages]
