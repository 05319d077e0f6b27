"""A model file is code: the tools load none that dvc.lock does not record, and `dvc repro` runs none."""

import base64
import pickle
import sys
from pathlib import Path

import joblib
import pytest

from tests import tiny

MODEL = Path("models", "digit-logreg.joblib")
PREDICT = ["python", "-m", "tools.predict", "--row", "tiny", "1"]
DRAW = ["python", "-m", "tools.draw", "--port", "0"]


class Bomb:
    """Unpickling it writes a file."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return eval, ("open('ran', 'w').close()",)


def plant(project: Path) -> None:
    """Put a bomb in the model's place, and prove that it is one."""
    bomb = pickle.dumps(Bomb())
    (project / MODEL).unlink()
    (project / MODEL).write_bytes(bomb)
    load = f"import base64, pickle; pickle.loads(base64.b64decode({base64.b64encode(bomb).decode()!r}))"
    tiny.run([sys.executable, "-c", load], project)
    (project / "ran").unlink()


@pytest.mark.fault
@pytest.mark.parametrize("command", [PREDICT, DRAW], ids=["predict", "draw"])
def test_another_file_in_a_model_s_place_is_never_run(project: Path, command: list[str]) -> None:
    plant(project)
    before = tiny.files(project)
    done = tiny.run(command, project, status=1)
    assert f"{MODEL} is not the file that dvc.lock records, so it is not loaded" in done.stderr
    assert "`dvc repro --force train@digit-logreg` makes it again" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert tiny.files(project) == before


@pytest.mark.fault
def test_the_pipeline_replaces_it_before_it_is_loaded(project: Path) -> None:
    before = tiny.files(project)
    plant(project)
    tiny.repro(project, "evaluate@digit-logreg")
    assert tiny.files(project) == before


@pytest.mark.fault
@pytest.mark.parametrize("lock", ["stages: 3", "<<<<<<< HEAD\nstages:\n"])
def test_a_lock_that_records_nothing_trusts_nothing(project: Path, lock: str) -> None:
    (project / "dvc.lock").write_text(lock)
    done = tiny.run(PREDICT, project, status=1)
    assert "is not the file that dvc.lock records" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_two_ways_back_work(project: Path) -> None:
    fitted = joblib.load(project / MODEL)
    fitted[-1].C *= 1.0000001  # a model of one's own
    (project / MODEL).unlink()
    joblib.dump(fitted, project / MODEL)
    tiny.run(PREDICT, project, status=1)
    tiny.run(["dvc", "commit", "--force", "train@digit-logreg"], project)
    tiny.run(PREDICT, project)
    assert tiny.run(["git", "status", "--porcelain"], project).stdout == " M dvc.lock\n"
    tiny.run(["dvc", "repro", "--force", "--single-item", "train@digit-logreg"], project)
    tiny.run(PREDICT, project)
    assert tiny.run(["git", "status", "--porcelain"], project).stdout == ""
