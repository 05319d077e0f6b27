"""A full disk, a read-only folder, Ctrl-C and a kill: one line, and the next `dvc repro` is right."""

import signal
from pathlib import Path
from typing import Any

from tests import mounts, processes, tiny
from tests.core import calls

import pytest

FULL = {  # a stage and the folder on the full disk
    "fetch@tiny": "data/raw",
    "train@five-sgd": "models",
    "evaluate@five-sgd": "plots",
}
STOP = """
import os, signal, sys, time
from pathlib import Path

def tell(event, arguments, known=set()):
    if event == "open" and str(arguments[0]).endswith(os.environ["STOP_AT"]) and "w" in str(arguments[1]):
        Path(os.environ["STOPPED"]).touch()
        signal.pause()

if "stages" in " ".join(sys.orig_argv):
    sys.addaudithook(tell)
"""
ENDLESS = """
import threading
from pathlib import Path
from sklearn.base import BaseEstimator, TransformerMixin

class Endless(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        Path("fitting").touch()
        sum(range(10**15))  # in C, which looks at no signal
        return self

    def transform(self, X):
        return X

STEPS = [("endless", Endless())]
"""


@pytest.mark.slow
@mounts.needs_mounts
@pytest.mark.parametrize("stage", FULL)
def test_a_full_disk_is_one_line_and_the_next_run_is_right(made: Path, project: Path, stage: str) -> None:
    with mounts.full_disk(project / FULL[stage]) as make_room:
        lines = tiny.run(["dvc", "repro", "--force", "--single-item", stage], project, status=255).stderr.splitlines()
        assert "No space left on device" in lines[0]
        assert lines[0].startswith("Error: ")
        assert lines[1].startswith(f"ERROR: failed to reproduce '{stage}'")
        assert len(lines) == 2
        make_room()
        tiny.run("git restore models/README.md", project)  # the empty disk hides it
        tiny.repro(project)
        assert tiny.files(project) == tiny.files(made)


@mounts.needs_mounts
def test_in_a_read_only_checkout_the_file_is_named_in_one_line(project: Path) -> None:
    with mounts.read_only(project):
        line = calls.stage_failure(project, "evaluate five-sgd")
        assert "five-sgd" in calls.digits(project, "leaderboard").stdout
    assert "Read-only file system" in line


def test_ctrl_c_ends_a_fit_however_long_it_would_go_on(made: Path, project: Path) -> None:
    (project / "digits/features/endless.py").write_text(ENDLESS)
    tiny.edit(project, {"experiments.five-sgd.features": "endless"})
    with processes.started("dvc repro train@five-sgd", project) as running:
        processes.until(lambda: (project / "fitting").exists() or running.process.poll() is not None)
        running.send(signal.SIGINT)
        running.end()
    assert running.output.splitlines()[-1].endswith("python -m stages.train five-sgd, exited with -2")
    assert "Traceback" not in running.output
    assert not (project / "models/five-sgd.skops").exists()
    tiny.edit(project, {})
    assert tiny.repro(project) == []
    (project / "fitting").unlink()
    (project / "digits/features/endless.py").unlink()
    assert tiny.files(project) == tiny.files(made)


@pytest.mark.slow
def test_a_stage_killed_together_with_dvc_between_two_files_runs_again(
    made: Path, project: Path, tmp_path: Path
) -> None:
    (tmp_path / "hook").mkdir()
    (tmp_path / "hook/sitecustomize.py").write_text(STOP)
    environment: dict[str, Any] = {"PYTHONPATH": str(tmp_path / "hook"), "STOP_AT": "models/five-sgd.skops"}
    environment["STOPPED"] = str(tmp_path / "stopped")
    with processes.started("dvc repro --force --single-item train@five-sgd", project, **environment) as running:
        processes.until(lambda: (tmp_path / "stopped").exists() or running.process.poll() is not None)
        running.send(signal.SIGKILL)
        running.end()
    assert tiny.repro(project) == []  # the run cache has what it would have written
    assert tiny.files(project) == tiny.files(made)
