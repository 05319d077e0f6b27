"""`digits repro`: several models at a time, with the bytes of `dvc repro`, whatever happens."""

import os
import shutil
import signal
import sys
import time
from pathlib import Path

from tests.helpers import tiny
from tests.helpers.calls import call, failure
from tests.helpers.processes import Running

import psutil
import pytest
import yaml
from zc.lockfile import LockFile

SCRIPTS = str(Path(sys.executable).parent)
DIGITS = f"{SCRIPTS}/digits"
MODEL = "models.five-sgd"

# A set of features whose fit waits until the file `go` exists.
WAITING = """
import time
from pathlib import Path

from sklearn.base import BaseEstimator, TransformerMixin


class Waiting(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        print("fitting", flush=True)
        Path("fitting").touch()
        while not Path("go").exists():
            time.sleep(0.01)
        return self

    def transform(self, X):
        return X


def make_steps(pixel_max):
    return [("waiting", Waiting())]
"""


@pytest.fixture
def empty(made: Path, tmp_path: Path) -> Path:
    """Return the tiny project without anything that its stages have written, or DVC has kept."""
    project = tiny.copy(made, tmp_path / "copy")
    for path in ["dvc.lock", "data", "models", "metrics", "plots", ".dvc/cache", ".dvc/tmp"]:
        place = project / path
        shutil.rmtree(place) if place.is_dir() else place.unlink()
    tiny.run("git checkout data models", project)
    return project


@pytest.fixture
def untrained(project: Path) -> Path:
    """Return the tiny project without one task, and without the outputs of its models."""
    for path in [".dvc/cache/runs", "data/task/five", "models", "metrics", "plots"]:
        shutil.rmtree(project / path)
    tiny.run("git checkout models", project)
    content = yaml.safe_load((project / "dvc.lock").read_text(encoding="utf-8"))
    for stage in tiny.STAGES[tiny.STAGES.index("binarize@five") :]:
        del content["stages"][stage]
    (project / "dvc.lock").write_text(yaml.safe_dump(content, sort_keys=False))
    return project


@pytest.fixture
def waiting(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project whose model `five-sgd` waits, while it is fitted, for the file `go`."""
    monkeypatch.setenv("PYTHONPATH", str(project))  # its features, not the installed ones
    (project / "digits/features/waiting.py").write_text(WAITING)
    tiny.edit(project, {f"{MODEL}.features": "waiting", f"{MODEL}.folds": 0})
    return project


def undo(waiting: Path) -> None:
    """Take back what the fixture `waiting` has added to the project."""
    (waiting / "digits/features/waiting.py").unlink()
    tiny.edit(waiting, {})


def wait_for_fit(project: Path, running: Running) -> None:
    """Wait until a model is fitted whose features wait."""
    sign = project / "fitting"
    while not sign.exists():
        assert running.poll() is None, running.stdout and running.stdout.read()
        time.sleep(0.05)
    sign.unlink()


def stages_in(project: Path) -> list[psutil.Process]:
    """Return the processes of stages that run in a project."""
    found = []
    for process in psutil.process_iter(["cmdline", "cwd"]):
        arguments = process.info["cmdline"] or []
        if process.info["cwd"] == str(project) and "stages.train" in arguments:
            found.append(process)
    return found


def kill(running: Running, model: str) -> None:
    """Kill a model's process with all that it has started, as a system without memory does."""
    for process in psutil.Process(running.pid).children():
        if model in " ".join(process.cmdline()):
            for each_process in [process, *process.children(recursive=True)]:
                each_process.kill()


def path_without_activation() -> str:
    """Return the PATH of a shell in which the environment is not activated."""
    folders = os.environ["PATH"].split(os.pathsep)
    return os.pathsep.join(folder for folder in folders if folder != SCRIPTS)


def test_several_at_a_time_write_the_same_bytes_and_those_that_fail_end_only_themselves(
    made: Path, untrained: Path
) -> None:
    module = untrained / "digits/features/waiting.py"
    module.write_text(WAITING)
    clash = tiny.model("five", "raw", tiny.LOGISTIC, 0, solver="lbfgs", l1_ratio=1.0)
    large = tiny.model("five", "waiting", tiny.SGD, 0)
    tiny.edit(untrained, {"models.clash": clash, "models.large": large})
    variables = {"PATH": path_without_activation(), "PYTHONPATH": str(untrained)}
    with Running(f"{DIGITS} repro --jobs 2", untrained, **variables) as running:
        wait_for_fit(untrained, running)
        kill(running, "large")
        assert running.stdout
        lines = running.stdout.read().splitlines()
        assert running.wait() == 1
    errors = "\n".join(sorted(lines[-3:-1]))
    assert errors.startswith("clash: the model cannot be fitted: Solver lbfgs supports only")
    assert errors.endswith("\nlarge: ended by SIGKILL")
    start = "Error: 2 of 4 models failed; to retry them, run `digits repro --jobs 2 "
    assert lines[-1].startswith(start)

    module.unlink()
    tiny.edit(untrained, {})
    assert tiny.files(untrained) == tiny.files(made)
    for name in ["five-sgd", "digit-logreg"]:
        position = lines.index(f"> python -m stages.train {name}")
        assert f"> python -m stages.evaluate {name}" in lines[position : position + 5]
    output = call(untrained, "repro", "--jobs", "2").stdout
    assert output == "Nothing to do: all stages are up to date.\n"


@pytest.mark.slow
@pytest.mark.parametrize("words", ["2", "3", "2 five-sgd digit-logreg"])
def test_from_nothing_the_bytes_are_the_same_whatever_is_named(
    made: Path, empty: Path, words: str
) -> None:
    tiny.run(f"{DIGITS} repro --jobs {words}", empty)
    assert tiny.files(empty) == tiny.files(made)


@pytest.mark.slow
def test_a_dataset_that_fails_is_named(empty: Path) -> None:
    tiny.edit(empty, {"datasets.tiny.sha256.pixels": "0" * 64})
    done = tiny.run(f"{DIGITS} repro --jobs 2", empty, status=1)
    *_, error, remedy = done.stderr.splitlines()
    assert error.startswith("tiny: ")
    assert "other pixels" in error
    assert remedy == "Error: 1 of 1 datasets failed; to retry, run the same command again"
    assert "stages.train" not in done.stdout


@pytest.mark.slow
def test_one_at_a_time_it_is_dvc_repro(project: Path) -> None:
    tiny.edit(project, {f"{MODEL}.hyperparameters.max_iter": 5, "models.digit-logreg.folds": 2})
    done = tiny.run(f"{DIGITS} repro five-*", project)
    assert "Running stage 'train@five-sgd'" in done.stdout
    assert "digit-logreg" not in done.stdout
    assert tiny.repro(project, "evaluate@five-sgd") == []


def test_a_mistake_in_params_yaml_is_found_before_any_work(project: Path) -> None:
    tiny.edit(project, {"splits.tiny.test": 99, f"{MODEL}.hyperparameters": {"los": "hinge"}})
    assert "there is no 'los'" in failure(project, "repro", "--jobs", "2")
    assert "there is no 'five-sdg'. Did you mean" in failure(project, "repro", "five-sdg")


# A stage of one's own, which no model needs.
GREETING = """
  greet:
    cmd: echo $GREETING > greeting.txt
    outs:
      - greeting.txt:
          cache: false
"""


def test_after_ctrl_c_the_next_run_waits_for_another_dvc_and_runs_every_stage(
    made: Path, waiting: Path
) -> None:
    pipeline = waiting / "dvc.yaml"
    text = pipeline.read_text(encoding="utf-8")
    pipeline.write_text(text.replace("\nstages:\n", f"\nstages:{GREETING}"), encoding="utf-8")
    with Running(f"{DIGITS} repro --jobs 2", waiting) as running:
        wait_for_fit(waiting, running)
        os.kill(running.pid, signal.SIGINT)  # the terminal would send it to its children, too
        assert running.stdout
        output = running.stdout.read()
        running.wait()
    assert "Error: interrupted; run the same command again to continue" in output
    assert "Traceback" not in output
    assert stages_in(waiting) == []

    with Running(f"{DIGITS} repro --jobs 2", waiting, GREETING="hello") as running:
        wait_for_fit(waiting, running)
        lock = LockFile(waiting / ".dvc/tmp/lock")  # as another DVC has it while it works
        (waiting / "go").touch()
        psutil.wait_procs(stages_in(waiting))
        time.sleep(4)  # unless it is told to wait, DVC gives up after three seconds
        lock.close()
        assert running.stdout
        output = running.stdout.read()
        assert running.wait() == 0, output
    assert (waiting / "greeting.txt").read_text() == "hello\n"
    assert tiny.repro(waiting) == []

    for name in ["greeting.txt", "go"]:
        (waiting / name).unlink()
    undo(waiting)
    pipeline.write_text(text, encoding="utf-8")
    assert tiny.repro(waiting) == []  # the run cache has all outputs
    stages = tiny.lock(waiting)
    del stages["greet"]
    assert stages == tiny.lock(made)
    assert tiny.run("git status --porcelain", waiting).stdout == " M dvc.lock\n"


@pytest.mark.slow
def test_two_at_once_are_refused(waiting: Path) -> None:
    with Running(f"{DIGITS} repro --jobs 2", waiting) as running:
        wait_for_fit(waiting, running)
        line = failure(waiting, "repro", "--jobs", "2")
        assert line.startswith(
            f"Error: another `digits repro` is running here, process {running.pid};"
        )


@pytest.mark.slow
def test_a_model_that_another_dvc_works_on_fails_with_one_line(waiting: Path) -> None:
    with Running("dvc repro train@five-sgd", waiting) as running:
        running.wait_for_line("fitting")
        done = tiny.run(f"{DIGITS} repro --jobs 2", waiting, status=1)
    [line] = done.stderr.splitlines()
    assert "dvc repro train@five-sgd`, process " in line
    assert line.endswith("; try again when it has ended")


@pytest.mark.slow
def test_after_a_kill_the_next_run_waits_for_what_is_left(made: Path, waiting: Path) -> None:
    with Running(f"{DIGITS} repro --jobs 2", waiting) as running:
        wait_for_fit(waiting, running)
        running.kill()
        running.wait()
        (waiting / "go").touch()
        done = tiny.run(f"{DIGITS} repro --jobs 2", waiting)
    assert "waiting for DVC, which a killed `digits repro` has left running" in done.stderr
    (waiting / "go").unlink()
    undo(waiting)
    tiny.run(f"{DIGITS} repro --jobs 2", waiting)
    assert tiny.files(waiting) == tiny.files(made)


def test_damaged_path_locks_are_removed(project: Path) -> None:
    (project / ".dvc/tmp/rwlock").write_text('{"write": {"/a')
    result = call(project, "repro")
    assert (
        ".dvc/tmp/rwlock was damaged by a process that was killed; removed it" in result.stderr
    )
    assert "Nothing to do" in result.stdout
