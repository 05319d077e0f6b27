"""Killed, at any moment of any stage."""

import signal
from collections.abc import Callable
from itertools import product
from pathlib import Path

from tests import aftermath, processes, tiny

import psutil
import pytest

pytestmark = pytest.mark.fault

TRIES = 5  # a run that ends before its moment was noticed is run again


class Run:
    """A stage that runs, and where to see how far it is."""

    def __init__(self, project: Path, made: Path, stage: str) -> None:
        self.script: psutil.Process
        self.outputs = [project / path for path in aftermath.outputs(made, stage)]
        self.objects = aftermath.objects(project, made, stage)
        self.lock = project / "dvc.lock"
        self.lock_written = self.lock.stat().st_mtime_ns

    def has_begun_to_write(self) -> bool:
        """Tell whether there is a file, finished or not."""
        return any(path.exists() or path.with_name(f".{path.name}.part").exists() for path in self.outputs)


MOMENTS: dict[str, Callable[[Run], bool]] = {
    "at once": lambda run: True,
    "as its first file appears": Run.has_begun_to_write,
    "as its last output is there": lambda run: all(path.exists() for path in run.outputs),
    "as it ends": lambda run: not run.script.is_running() or run.script.status() == psutil.STATUS_ZOMBIE,
    "as DVC fills its cache": lambda run: any(path.exists() for path in run.objects),
    "as DVC writes dvc.lock": lambda run: run.lock.stat().st_mtime_ns != run.lock_written,
}
# What DVC itself does not write atomically, by the words of its error, which names the file, and the way back.
WAYS_BACK = {"dvc.lock'": "git checkout HEAD dvc.lock", "RWLock-file": "rm .dvc/tmp/rwlock"}
QUICK = [("train@five-sgd", "as its last output is there")]


@pytest.mark.parametrize("case", aftermath.slow_except(QUICK, product(aftermath.STAGES, MOMENTS)), ids=": ".join)
def test_a_stage_killed_together_with_dvc_leaves_nothing_half_written(
    made: Path, project: Path, case: tuple[str, str]
) -> None:
    stage, moment = case
    assert any(caught(project, made, stage, moment) for _ in range(TRIES)), f"it was never caught {moment}"
    aftermath.nothing_is_half_written(project, made)
    repro_or_mend(project)
    aftermath.is_as_before(project, made)


def caught(project: Path, made: Path, stage: str, moment: str) -> bool:
    """Run a stage as for the first time, kill it at a moment, and tell whether it was still there to be killed."""
    aftermath.forget(project, made, stage)
    run = Run(project, made, stage)
    with processes.started(f"dvc repro --force --single-item {stage}", project) as running:
        running.wait_for_line("Running stage")
        run.script = running.script()
        processes.until(lambda: MOMENTS[moment](run) or running.process.poll() is not None)
        if running.process.poll() is None:
            running.send(signal.SIGKILL)
        return running.end() == -signal.SIGKILL


def repro_or_mend(project: Path) -> None:
    """Run `dvc repro`, and where it names a file of DVC that was cut off, do first what docs/reliability.md says."""
    with processes.started("dvc repro", project) as running:
        status = running.end()
    if status != 0:
        (command,) = [command for words, command in WAYS_BACK.items() if words in running.output]
        tiny.run(command, project)
        tiny.repro(project)
