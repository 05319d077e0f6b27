"""Two runs at once, and the locks that a dead one leaves."""

import json
import os
from pathlib import Path

import pytest

from tests import aftermath, processes, tiny

pytestmark = pytest.mark.fault

BUSY = ("is busy, it is being blocked by", "Unable to acquire lock")
RUNS = {"of one stage": ["--force", "--single-item", "train@five-sgd"], "of all": ["--force"]}


@pytest.mark.parametrize("what", aftermath.slow_except("of one stage", RUNS))
def test_of_two_runs_at_once_one_reports_that_the_other_is_busy(made: Path, project: Path, what: str) -> None:
    command = ["dvc", "repro", *RUNS[what]]
    with processes.started(command, project) as first:
        first.wait_for_line("Running stage")
        with processes.started(command, project) as second:
            assert second.end() == 255
        assert first.end() == 0
    assert "ERROR" not in first.output
    assert any(words in second.output for words in BUSY)
    aftermath.all_is_well(project, made)


LOCKS = {  # in the second, the process's number has gone to another one
    "cut off": '{"write": {"',
    "of another process": json.dumps({"write": {"MODEL": {"pid": os.getpid(), "cmd": "dvc repro"}}, "read": {}}),
}


@pytest.mark.parametrize("broken", aftermath.slow_except("cut off", LOCKS))
def test_a_stale_lock_is_named_and_deleted_by_hand(made: Path, project: Path, broken: str) -> None:
    lock = project / ".dvc/tmp/rwlock"
    model = project / "models/five-sgd.joblib"
    model.unlink()
    lock.write_text(LOCKS[broken].replace("MODEL", str(model)))
    assert ".dvc/tmp/rwlock'" in tiny.run(["dvc", "repro"], project, status=255).stderr
    lock.unlink()
    aftermath.all_is_well(project, made)
