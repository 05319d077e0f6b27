"""A wrong clock."""

import shutil
from pathlib import Path

import pytest

from tests import aftermath, tiny

pytestmark = pytest.mark.fault

NOW = {"2001": "2001-02-03 04:05:06", "2040": "2040-02-03 04:05:06"}


@pytest.mark.skipif(shutil.which("faketime") is None, reason="needs faketime (apt install faketime)")
@pytest.mark.parametrize("year", aftermath.slow_except("2001", NOW))
def test_the_time_of_a_run_changes_no_byte(made: Path, project: Path, year: str) -> None:
    for stage in ("split@tiny", "train@five-sgd", "evaluate@five-sgd"):
        aftermath.forget(project, made, stage)
    assert "Running stage 'train@five-sgd'" in tiny.run(["faketime", NOW[year], "dvc", "repro"], project).stdout
    assert tiny.repro(project) == []  # at the right time again
    aftermath.is_as_before(project, made)
