"""Two at once, and the locks that a dead one leaves."""

import json
import os
from pathlib import Path

import pytest

from tests import aftermath, processes, tiny

pytestmark = pytest.mark.fault

BUSY = ("is busy, it is being blocked by", "Unable to acquire lock")
RWLOCK = Path(".dvc", "tmp", "rwlock")


@pytest.mark.parametrize(
    "what",
    [
        pytest.param(["--force", "--single-item", "train@five-sgd"], id="of one stage"),
        pytest.param(["--force"], id="of all", marks=pytest.mark.slow),
    ],
)
def test_of_two_runs_at_once_one_says_that_the_other_is_busy(made: Path, project: Path, what: list[str]) -> None:
    command = ["dvc", "repro", *what]
    with processes.started(command, project) as first:
        first.wait_for_line("Running stage")
        with processes.started(command, project) as second:
            assert second.end() == 255
        assert first.end() == 0
    assert "ERROR" not in first.said
    assert "Running stage" not in second.said
    assert any(words in second.said for words in BUSY)
    aftermath.all_is_well(project, made)


@pytest.mark.slow
def test_of_two_runs_begun_at_the_same_moment_none_spoils_the_other(made: Path, project: Path) -> None:
    for stage in ("split@tiny", "train@five-sgd"):
        aftermath.forget(project, stage)
    with (
        processes.started(["dvc", "repro"], project) as first,
        processes.started(["dvc", "repro"], project) as second,
    ):
        statuses = {running.end(): running.said for running in (first, second)}
    assert 0 in statuses
    for status, said in statuses.items():
        assert status == 0 or any(words in said for words in BUSY), said
    aftermath.nothing_is_half_written(project, made)
    aftermath.all_is_well(project, made)


def lock(project: Path, pid: int) -> None:
    """Lock a model as a process of `dvc repro` with that number would."""
    info = {"pid": pid, "cmd": "dvc repro"}
    (project / RWLOCK).write_text(json.dumps({"write": {str(project / "models/five-sgd.joblib"): info}, "read": {}}))


def test_the_lock_of_a_dead_process_does_not_hold(made: Path, project: Path) -> None:
    with processes.started(["true"], project) as dead:
        dead.end()
    lock(project, dead.process.pid)
    (project / ".dvc/tmp/lock").write_text(f" {dead.process.pid}\n")
    (project / "models/five-sgd.joblib").unlink()
    assert "had been killed. Auto removed it from the lock file" in tiny.run(["dvc", "repro"], project).stderr
    aftermath.all_is_well(project, made)


@pytest.mark.parametrize("broken", ["of another process", pytest.param("cut off", marks=pytest.mark.slow)])
def test_a_lock_that_nobody_holds_any_more_is_named_and_deleted_by_hand(made: Path, project: Path, broken: str) -> None:
    if broken == "cut off":
        (project / RWLOCK).write_text('{"write": {"')
    else:  # its number has gone to somebody else
        lock(project, os.getpid())
    (project / "models/five-sgd.joblib").unlink()
    said = tiny.run(["dvc", "repro"], project, status=255).stderr
    assert ".dvc/tmp/rwlock'" in said
    (project / RWLOCK).unlink()
    aftermath.all_is_well(project, made)
