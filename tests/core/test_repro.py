"""`digits repro`: several models at a time, with the bytes of `dvc repro`, whatever happens."""

import os
import shutil
import signal
import sys
import warnings
from pathlib import Path

from tests.helpers import tiny
from tests.helpers.calls import call, failure
from tests.helpers.processes import Running

import psutil
import pytest

DIGITS = f"{Path(sys.executable).parent}/digits"
MODEL = "models.five-sgd"

# A set of features whose fit waits until the file `go` exists.
WAITING = """
import time
from pathlib import Path

from sklearn.base import BaseEstimator, TransformerMixin


class Waiting(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        print("fitting", flush=True)
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


def wait_for_stage(project: Path, running: Running) -> None:
    """Wait until a stage runs that trains a model."""
    while not stages_in(project):
        assert running.poll() is None, running.stdout and running.stdout.read()


def stages_in(project: Path) -> list[psutil.Process]:
    """Return the processes of stages that run in a project."""
    found = []
    for process in psutil.process_iter(["cmdline", "cwd"]):
        arguments = process.info["cmdline"] or []
        if process.info["cwd"] == str(project) and "stages.train" in arguments:
            found.append(process)
    return found


@pytest.mark.parametrize("jobs", ["2", pytest.param("3", marks=pytest.mark.slow)])
def test_several_at_a_time_write_the_same_bytes_and_one_that_fails_ends_only_itself(
    made: Path, empty: Path, jobs: str
) -> None:
    clash = tiny.model("five", "raw", tiny.LOGISTIC, 0, solver="lbfgs", l1_ratio=1.0)
    tiny.edit(empty, {"models.clash": clash})
    done = tiny.run(f"{DIGITS} repro --jobs {jobs}", empty, status=1)
    *_, error, remedy = done.stderr.splitlines()
    assert error.startswith("clash: the model cannot be fitted: Solver lbfgs supports only")
    retry = f"`digits repro --jobs {jobs} clash`"
    assert remedy == f"Error: 1 of 3 models failed; to retry them, run {retry}"

    tiny.edit(empty, {})
    assert tiny.files(empty) == tiny.files(made)
    lines = done.stdout.splitlines()
    for name in ["five-sgd", "digit-logreg"]:
        position = lines.index(f"> python -m stages.train {name}")
        assert f"> python -m stages.evaluate {name}" in lines[position : position + 5]
    output = call(empty, "repro", "--jobs", jobs).stdout
    assert output == "Nothing to do: all stages are up to date.\n"


@pytest.mark.slow
def test_the_order_in_the_lock_is_that_of_the_pipeline_whatever_is_named(
    made: Path, empty: Path
) -> None:
    tiny.run(f"{DIGITS} repro --jobs 2 five-sgd digit-logreg", empty)
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


def test_ctrl_c_ends_all_and_the_next_run_is_right(made: Path, waiting: Path) -> None:
    with Running(f"{DIGITS} repro --jobs 2", waiting) as running:
        wait_for_stage(waiting, running)
        os.kill(running.pid, signal.SIGINT)  # the terminal would send it to its children, too
        assert running.stdout
        output = running.stdout.read()
        running.wait()
    assert "Error: interrupted; run the same command again to continue" in output
    assert "Traceback" not in output
    assert stages_in(waiting) == []
    undo(waiting)
    with warnings.catch_warnings(action="ignore"):  # of DVC, in the process of the test
        call(waiting, "repro", "--jobs", "2")
    assert tiny.files(waiting) == tiny.files(made)


@pytest.mark.slow
def test_two_at_once_are_refused(waiting: Path) -> None:
    with Running(f"{DIGITS} repro --jobs 2", waiting) as running:
        wait_for_stage(waiting, running)
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
        wait_for_stage(waiting, running)
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
