"""The commands and the stage on the page docs/dvc.md are those of DVC and of this project."""

import re
from pathlib import Path

import pytest

from digits.core import paths
from tests.helpers import pages, tiny

PAGE = "docs/dvc.md"
MODEL = paths.model("five-sgd")


# What the page changes, and what the tiny project has in its place.
REPLACED = {
    "small-even-knn": "five-sgd",
    "n_neighbors": "max_iter",
    "HEAD GOOD_COMMIT": "HEAD HEAD~3",
}


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
    tiny.run("git switch --quiet second-version", project)
    pages.run(steps[4:], project)
    assert (project / MODEL).read_bytes() == after


@pytest.mark.slow
def test_git_finds_the_commit_that_changed_a_metric(project: Path) -> None:
    metrics = project / paths.metrics("five-sgd")
    for value in [0.99, 0.98, 0.96, 0.95]:
        metrics.write_text(f'{{"cv_accuracy": {value}}}', encoding="utf-8")
        tiny.commit(project, f"the value {value}")
    printed = pages.run(read_steps("Find the commit that changed a metric"), project)
    assert "the value 0.96" in printed
    assert "the value 0.95" not in printed


@pytest.mark.slow
def test_dvc_goes_on_with_the_stages_that_need_no_failed_stage(project: Path) -> None:
    page = (tiny.ROOT / PAGE).read_text(encoding="utf-8")
    assert "With `--keep-going`" in page
    tiny.edit(
        project,
        {
            "models.digit-logreg.hyperparameters": {"C": -1},
            "models.five-sgd.hyperparameters.max_iter": 5,
        },
    )
    printed = tiny.run_dvc("repro --keep-going", project, status=255)
    assert "train@digit-logreg" in printed
    assert "Running stage 'evaluate@five-sgd'" in printed
    assert "Running stage 'evaluate@digit-logreg'" not in printed


@pytest.mark.slow
def test_a_changed_stage_pulls_its_inputs_into_a_new_clone(project: Path) -> None:
    tiny.run_dvc("push", project)
    tiny.run("git clone --quiet copy colleague", project.parent)
    colleague = project.parent / "colleague"
    tiny.edit(colleague, {"models.five-sgd.hyperparameters.max_iter": 5})
    section = pages.read_section(PAGE, "Use DVC's commands in this project")
    [command] = [
        command.replace("small-even-knn", "five-sgd").removeprefix("dvc ")
        for command in pages.read_table(section, "dvc")
        if "--allow-missing" in command
    ]
    without = tiny.run_dvc(command.replace("--pull ", ""), colleague, status=255)
    assert "[Errno 2] No such file or directory" in without
    assert tiny.find_stages(tiny.run_dvc(command, colleague)) == [
        "evaluate@five-sgd",
        "train@five-sgd",
    ]


def test_the_stage_on_the_page_is_that_of_dvc_yaml() -> None:
    text = (tiny.ROOT / PAGE).read_text(encoding="utf-8")
    [block] = re.findall("```yaml\n(.+?)```", text, re.DOTALL)
    stages = (tiny.ROOT / "dvc.yaml").read_text(encoding="utf-8").splitlines()
    assert not [line for line in block.splitlines() if line not in stages]
