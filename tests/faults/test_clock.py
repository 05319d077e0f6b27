"""A clock that is wrong, or jumps."""

import os
import shutil
from datetime import datetime
from pathlib import Path

import pytest

from tests import aftermath, tiny

pytestmark = pytest.mark.fault

needs_faketime = pytest.mark.skipif(shutil.which("faketime") is None, reason="needs faketime (apt install faketime)")
PAST, FUTURE = "2001-02-03 04:05:06", "2040-02-03 04:05:06"


@pytest.mark.parametrize("year", [1970, pytest.param(2040, marks=pytest.mark.slow)])
def test_files_of_another_time_are_not_made_again(made: Path, project: Path, year: int) -> None:
    seconds = datetime(year, 1, 2).timestamp()
    for path in project.rglob("*"):
        if ".git" not in path.parts:
            os.utime(path, (seconds, seconds))
    assert tiny.repro(project) == []
    aftermath.is_as_before(project, made)


@needs_faketime
@pytest.mark.slow
@pytest.mark.parametrize("now", [PAST, FUTURE])
def test_the_time_of_a_run_changes_no_byte(made: Path, tmp_path: Path, now: str) -> None:
    project = tmp_path / "clone"
    tiny.run(["git", "clone", "--quiet", str(made), str(project)], tmp_path)
    tiny.run(["faketime", now, "dvc", "repro"], project)
    aftermath.all_is_well(project, made)


@needs_faketime
@pytest.mark.parametrize(
    "jump",
    [
        pytest.param([FUTURE, PAST], id="back"),
        pytest.param([PAST, FUTURE], id="ahead", marks=pytest.mark.slow),
    ],
)
def test_after_a_jump_of_the_clock_nothing_is_made_again(made: Path, project: Path, jump: list[str]) -> None:
    (project / "models/five-sgd.joblib").unlink()
    assert "skipping run" in tiny.run(["faketime", jump[0], "dvc", "repro"], project).stdout
    assert "Running stage" not in tiny.run(["faketime", jump[1], "dvc", "repro"], project).stdout
    assert tiny.repro(project) == []
    aftermath.is_as_before(project, made)


@needs_faketime
@pytest.mark.slow
def test_a_change_is_seen_though_the_clock_has_gone_back(made: Path, project: Path) -> None:
    tiny.run(["faketime", FUTURE, "dvc", "repro"], project)
    values = tiny.params()
    values["experiments"]["five-sgd"]["folds"] = 4
    tiny.write_params(project, values)
    assert "Running stage 'train@five-sgd'" in tiny.run(["faketime", PAST, "dvc", "repro", "--dry"], project).stdout
    tiny.write_params(project, tiny.params())
    aftermath.all_is_well(project, made)
