"""A full disk, Ctrl-C and a kill: one line, and the next `dvc repro` is right."""

import signal
from pathlib import Path

from tests import tiny
from tests.calls import failure
from tests.processes import Running

import pytest

FULL = Path("/dev/full")  # takes no byte, of root neither
ENDLESS = """
from sklearn.base import BaseEstimator, TransformerMixin

class Endless(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        print("fitting", flush=True)
        sum(range(10**15))  # in C, which looks at no signal
        return self

    def transform(self, X):
        return X

STEPS = [("endless", Endless())]
"""
STOP = """
import signal, sys

def stop(event, arguments):
    if event == "open" and str(arguments[0]).endswith("models/five-sgd.skops") and "w" in arguments[1]:
        print("stopped", flush=True)
        signal.pause()

if "stages.train" in sys.orig_argv:
    sys.addaudithook(stop)
"""


@pytest.mark.skipif(not FULL.exists(), reason="needs Linux's /dev/full")
def test_a_full_disk_is_one_line_and_the_next_run_is_right(made: Path, project: Path) -> None:
    for stage, out in (
        ("evaluate five-sgd", "plots/five-sgd/figures.csv"),
        ("train five-sgd", "models/five-sgd.skops"),
        ("fetch tiny", "data/raw/tiny.parquet"),
    ):
        (project / out).unlink()
        (project / out).symlink_to(FULL)
        assert failure(project, *stage.split()).endswith("No space left on device")
        (project / out).unlink()
    assert tiny.repro(project) == []  # from the run cache
    assert tiny.files(project) == tiny.files(made)


def test_ctrl_c_ends_a_fit_however_long_it_would_go_on(made: Path, project: Path) -> None:
    (project / "digits/features/endless.py").write_text(ENDLESS)
    tiny.edit(project, {"experiments.five-sgd.features": "endless"})
    with Running("dvc repro train@five-sgd", project) as running:
        running.wait_for_line("fitting")
        output = running.end(signal.SIGINT)
    assert "python -m stages.train five-sgd, exited with -2\n" in output  # Python 3.14 may warn of semaphores after it
    assert "Traceback" not in output
    assert not (project / "models/five-sgd.skops").exists()
    tiny.edit(project, {})
    assert tiny.repro(project) == []
    (project / "digits/features/endless.py").unlink()
    assert tiny.files(project) == tiny.files(made)


@pytest.mark.slow
def test_a_stage_that_is_killed_between_two_files_runs_again(made: Path, project: Path, tmp_path: Path) -> None:
    (tmp_path / "sitecustomize.py").write_text(STOP)
    command = "dvc repro --force --single-item train@five-sgd"
    with Running(command, project, PYTHONPATH=str(tmp_path)) as running:
        running.wait_for_line("stopped")
        running.end(signal.SIGKILL)
    assert not (project / "data/crossval/five-sgd.parquet").exists()
    assert tiny.repro(project) == []  # the run cache has what it would have written
    assert tiny.files(project) == tiny.files(made)
