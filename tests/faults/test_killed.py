"""Killed, at any moment of any stage."""

import functools
import os
import shutil
import signal
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import psutil
import pytest

from tests import aftermath, processes, tiny

pytestmark = pytest.mark.fault

STAGES = ["fetch@tiny", "split@tiny", "binarize@tiny", "train@five-sgd", "evaluate@five-sgd", "report"]
QUICK = ("train@five-sgd", "as its last output is there")  # in every `make test`
TRIES = 5  # a run that ends before its moment was noticed is run again


@dataclass(frozen=True)
class Run:
    """A stage that runs, and where to see how far it is."""

    script: psutil.Process
    seconds: float  # of processor time that the script takes
    outputs: list[Path]
    objects: list[Path]  # the outputs in DVC's cache
    runs: Path  # where DVC notes what it has run
    lock: Path
    lock_written: int

    def worked(self, share: float) -> bool:
        """Tell whether a share of the script's time is over, however busy the machine is."""
        with suppress(psutil.NoSuchProcess):
            return sum(self.script.cpu_times()[:2]) >= share * self.seconds
        return True

    def wrote(self) -> bool:
        """Tell whether there is a file, finished or not."""
        return any(path.exists() or path.with_name(f".{path.name}.part").exists() for path in self.outputs)


MOMENTS: dict[str, Callable[[Run], bool]] = {
    "at once": lambda run: True,
    "a quarter of the way": lambda run: run.worked(1 / 4),
    "half way": lambda run: run.worked(1 / 2),
    "three quarters of the way": lambda run: run.worked(3 / 4),
    "as its first file appears": Run.wrote,
    "as its last output is there": lambda run: all(path.exists() for path in run.outputs),
    "as it ends": lambda run: not processes.alive(run.script),
    "as DVC fills its cache": lambda run: any(path.exists() for path in run.objects),
    "as DVC notes the run": lambda run: run.runs.exists(),
    "as DVC writes dvc.lock": lambda run: run.lock.stat().st_mtime_ns != run.lock_written,
}
# What DVC itself writes in place, by the words that it then ends with: it names the file, and this brings it back.
WAYS_BACK = {"dvc.lock'": ["git", "restore", "dvc.lock"], "RWLock-file": ["rm", ".dvc/tmp/rwlock"]}


@pytest.fixture(scope="module")
def seconds(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], float]:
    """Return a function that measures how much processor time a stage's script takes."""

    @functools.cache
    def measure(stage: str) -> float:
        project = tmp_path_factory.mktemp("measured") / "copy"
        shutil.copytree(made, project, symlinks=True)
        before = os.times()
        tiny.run(aftermath.recorded(project, stage)["cmd"].split(), project)
        after = os.times()
        return after.children_user + after.children_system - before.children_user - before.children_system

    return measure


@pytest.mark.parametrize(
    ("stage", "moment"),
    [
        pytest.param(stage, moment, id=f"{stage}: {moment}", marks=() if (stage, moment) == QUICK else pytest.mark.slow)
        for stage in STAGES
        for moment in MOMENTS
    ],
)
def test_a_stage_killed_together_with_dvc_leaves_nothing_half_written(
    made: Path, project: Path, seconds: Callable[[str], float], stage: str, moment: str
) -> None:
    took = seconds(stage) if "way" in moment else 0
    assert any(caught(project, made, stage, moment, took) for _ in range(TRIES)), f"it was never caught {moment}"
    aftermath.nothing_is_half_written(project, made)
    repro_or_mend(project)
    aftermath.is_as_before(project, made)


def caught(project: Path, made: Path, stage: str, moment: str, took: float) -> bool:
    """Run a stage as for the first time, kill it at a moment, and tell whether it was still there to be killed."""
    aftermath.forget(project, stage)
    lock = project / "dvc.lock"
    written = lock.stat().st_mtime_ns
    with processes.started(["dvc", "repro", "--force", "--single-item", stage], project) as running:
        running.wait_for_line("Running stage")
        run = Run(
            script=running.script(),
            seconds=took,
            outputs=[project / path for path in aftermath.outputs(made, stage)],
            objects=[project / path.relative_to(made) for path in aftermath.objects(made, stage)],
            runs=project / aftermath.CACHE / "runs",
            lock=lock,
            lock_written=written,
        )
        processes.until(lambda: MOMENTS[moment](run) or running.process.poll() is not None)
        if running.process.poll() is None:
            running.send(signal.SIGKILL)
        return running.end() == -signal.SIGKILL


def repro_or_mend(project: Path) -> None:
    """Run `dvc repro`, after what docs/reliability.md says where it names a file of DVC's own that was cut off."""
    with processes.started(["dvc", "repro"], project) as running:
        status = running.end()
    if status != 0:
        (command,) = [command for words, command in WAYS_BACK.items() if words in running.said]
        tiny.run(command, project)
        tiny.repro(project)


@pytest.mark.parametrize(
    "stage", [stage if stage.startswith("train") else pytest.param(stage, marks=pytest.mark.slow) for stage in STAGES]
)
def test_a_script_killed_as_when_memory_runs_out_is_named_by_dvc(made: Path, project: Path, stage: str) -> None:
    aftermath.forget(project, stage)
    with processes.started(["dvc", "repro"], project) as running:
        running.wait_for_line(f"Running stage '{stage}'")
        running.script().kill()
        assert running.end() == 255
    assert f"ERROR: failed to reproduce '{stage}': failed to run: python -m stages." in running.said
    assert "exited with -9" in running.said or "exited with 137" in running.said
    aftermath.nothing_is_half_written(project, made)
    aftermath.all_is_well(project, made)


@pytest.mark.slow
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=["a shutdown", "a closed terminal"])
def test_a_run_that_is_told_to_end_leaves_no_process_and_nothing_half_written(
    made: Path, project: Path, number: signal.Signals
) -> None:
    aftermath.forget(project, "train@five-sgd")
    with processes.started(["dvc", "repro"], project) as running:
        running.wait_for_line("Running stage 'train@five-sgd'")
        script = running.script()
        running.send(number)
        running.end()
        processes.until(lambda: not processes.alive(script))
        assert running.left() == []
    aftermath.nothing_is_half_written(project, made)
    aftermath.all_is_well(project, made)


LEFT = [
    "data/raw/.tiny.parquet.part",
    "data/split/tiny/.train.parquet.part",
    "data/labels/tiny/five/.test.parquet.part",
    "data/crossval/.five-sgd.parquet.part",
    "data/predictions/.five-sgd.parquet.part",
    "models/.five-sgd.joblib.part",
    "metrics/.five-sgd.json.part",
    "plots/five-sgd/.roc.csv.part",
    ".report.html.part",
    "models/.Hj4kQw0pTzKx9uVbN2mYcA.tmp",
    "metrics/.Hj4kQw0pTzKx9uVbN2mYcA.tmp",
]


def test_what_a_killed_run_leaves_is_no_output_and_no_change(made: Path, project: Path) -> None:
    for path in LEFT:
        (project / path).write_text("half of it")
    assert tiny.repro(project) == []
    assert tiny.run(["git", "status", "--porcelain"], project).stdout == ""
    tiny.run(["python", "-m", "tools.prune", "--delete"], project)
    assert tiny.files(project) == tiny.files(made)


@pytest.mark.slow
def test_what_a_killed_run_leaves_is_gone_after_the_next(made: Path, project: Path) -> None:
    for path in LEFT:
        if path.endswith(".part"):
            (project / path).write_text("half of it")
    tiny.repro(project, "--force")
    aftermath.all_is_well(project, made)
