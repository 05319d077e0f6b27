"""The comparison of two branches in this project's README."""

import re
from pathlib import Path

from tests import tiny

import pytest

IN_THE_TINY_PROJECT = {"two-logreg": "five-sgd", "tol: 0.1$": "max_iter: 50", "tol: 0.01": "max_iter: 3"}


@pytest.mark.slow
def test_readme_s_comparison_of_branches_goes_as_printed(project: Path) -> None:
    readme = (tiny.ROOT / "README.md").read_text(encoding="utf-8")
    text = readme.partition("\n## Compare branches\n")[2].partition("\n## ")[0]
    for theirs, ours in IN_THE_TINY_PROJECT.items():
        assert theirs in text
        text = text.replace(theirs, ours)
    # Lines after a `$`, and Git's and DVC's commands in the sentences.
    found = re.findall(r"^\$ (.+)$|`((?:git|dvc) [^`]+)`", text, re.MULTILINE)
    commands = dict.fromkeys(line or inline for line, inline in found)
    outputs = {command: tiny.run(["bash", "-c", command], project).stdout for command in commands}

    printed = [line.split()[:2] for line in text.splitlines() if line.startswith("metrics/")]
    measured = [line.split()[:2] for line in outputs["dvc metrics diff main"].splitlines()]
    assert printed
    assert all(line in measured for line in printed)
    changed = [line.split() for line in outputs["dvc params diff main"].splitlines()[1:]]
    assert changed == [["params.yaml", "experiments.five-sgd.hyperparameters.max_iter", "50", "3"]]

    assert list(commands)[-1] == "git switch main && git merge smoother"
    assert tiny.repro(project) == []
    assert tiny.run("git status --porcelain --untracked-files=no", project).stdout == ""
