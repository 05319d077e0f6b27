"""DVC killed alone, while a stage runs: the stage ends with it."""

import os
import random
import signal
import time
from pathlib import Path

from tests import aftermath, processes, tiny

import pytest

pytestmark = pytest.mark.fault

LONG = {"experiments.five-sgd.hyperparameters": {"max_iter": 1_000_000, "tol": None}}  # half a minute
MOMENTS = 20
QUICK = [(signal.SIGTERM, "a shell that waits", 2)]


@pytest.mark.parametrize(
    "case",
    aftermath.slow_except(QUICK, [*QUICK, (signal.SIGKILL, "bash", 2), (signal.SIGKILL, "sh", 0)]),
    ids=lambda case: f"{case[0].name}, {case[1]}, after {case[2]} s",
)
def test_a_stage_and_its_shell_end_with_dvc(project: Path, case: tuple[signal.Signals, str, int]) -> None:
    number, shell, seconds = case
    if shell not in ("bash", "sh"):
        shell = str(project / "shell")
        Path(shell).write_text('#!/bin/sh\nsh "$@"\nexit $?\n')
        Path(shell).chmod(0o755)
    tiny.edit(project, LONG)
    with processes.started("dvc repro --single-item train@five-sgd", project, SHELL=shell) as running:
        running.script()
        time.sleep(seconds)  # after two it trains; at once it imports, and has another parent once it can look
        os.kill(running.process.pid, number)
        killed = time.monotonic()
        processes.until(lambda: not running.left())
        assert time.monotonic() - killed < 10
        assert running.end() == -number


@pytest.mark.slow
def test_what_the_next_run_makes_stays(made: Path, project: Path) -> None:
    draw = random.Random(1)
    for number in [signal.SIGTERM, signal.SIGKILL] * (MOMENTS // 2):
        tiny.edit(project, LONG)
        with processes.started("dvc repro --single-item train@five-sgd", project) as running:
            running.script()
            time.sleep(draw.uniform(0, 3))
            os.kill(running.process.pid, number)
            running.process.wait()
            tiny.edit(project, {})
            tiny.repro(project)
            processes.until(lambda: not running.left())
        aftermath.is_as_before(project, made)
