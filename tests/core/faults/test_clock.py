"""A wrong clock."""

import shutil
from pathlib import Path

from tests import aftermath, tiny

import pytest

pytestmark = pytest.mark.fault


@pytest.mark.skipif(shutil.which("faketime") is None, reason="needs faketime (apt install faketime)")
@pytest.mark.parametrize("year", aftermath.slow_except(["2001"], ["2001", "2040"]))
def test_the_time_of_a_run_changes_no_byte(made: Path, project: Path, year: str) -> None:
    for stage in ("split@tiny", "train@five-sgd", "evaluate@five-sgd"):
        aftermath.forget(project, made, stage)
    printed = tiny.run(["faketime", f"{year}-02-03 04:05:06", "dvc", "repro"], project).stdout
    assert "Running stage 'train@five-sgd'" in printed
    assert tiny.repro(project) == []  # at the right time again
    aftermath.is_as_before(project, made)
