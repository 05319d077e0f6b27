"""The commands and the stage on the page docs/dvc.md are those of DVC and of this project."""

import re
from pathlib import Path

import pytest

from digits.core import paths
from tests.helpers import pages, tiny

PAGE = "docs/dvc.md"
MODEL = paths.model("five-sgd")


@pytest.mark.slow
def test_an_earlier_version_comes_back(project: Path) -> None:
    before = (project / MODEL).read_bytes()
    tiny.edit(project, {"models.five-sgd.hyperparameters": {"max_iter": 5}})
    tiny.repro(project, "evaluate@five-sgd")
    tiny.commit(project, "another model")
    after = (project / MODEL).read_bytes()
    assert before != after

    pages.run(
        pages.read_steps(pages.read_section(PAGE, "How DVC decides what to run")), project
    )
    steps = pages.read_steps(pages.read_section(PAGE, "Go back to an earlier version"))
    pages.run(steps[:2], project)
    assert (project / MODEL).read_bytes() == before
    pages.run(steps[2:], project)
    assert (project / MODEL).read_bytes() == after


def test_the_stage_on_the_page_is_that_of_dvc_yaml() -> None:
    text = (tiny.ROOT / PAGE).read_text(encoding="utf-8")
    [block] = re.findall("```yaml\n(.+?)```", text, re.DOTALL)
    stages = (tiny.ROOT / "dvc.yaml").read_text(encoding="utf-8").splitlines()
    assert not [line for line in block.splitlines() if line not in stages]
