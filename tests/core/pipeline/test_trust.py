"""A model file is code: the tools load none that dvc.lock does not record, and `dvc repro` runs none."""

import base64
import pickle
import sys
from pathlib import Path

from tests import tiny

import joblib
import pytest

MODEL = Path("models", "digit-logreg.joblib")
PREDICT = "python -m tools.predict --row tiny 1"
DRAW = "python -m tools.draw --port 0"
FOREIGN = f"{MODEL} is not the file that dvc.lock records, so it is not loaded"


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
def test_another_file_in_a_model_s_place_is_never_run(made: Path, project: Path) -> None:
    plant(project)
    before = tiny.files(project)
    for command in (PREDICT, DRAW):
        line = tiny.failure(command, project)
        assert FOREIGN in line
        assert "`dvc repro --force train@digit-logreg` makes it again" in line
        assert tiny.files(project) == before
    tiny.repro(project, "evaluate@digit-logreg")  # makes it again before it loads it
    assert tiny.files(project) == tiny.files(made)


@pytest.mark.fault
@pytest.mark.parametrize("lock", ["stages: 3", "<<<<<<< HEAD\nstages:\n"])
def test_a_lock_that_records_nothing_trusts_nothing(project: Path, lock: str) -> None:
    (project / "dvc.lock").write_text(lock)
    errors = tiny.run(PREDICT, project, status=1).stderr
    assert "is not the file that dvc.lock records" in errors
    assert "Traceback" not in errors


def test_a_model_of_one_s_own_is_loaded_once_it_is_recorded(project: Path) -> None:
    fitted = joblib.load(project / MODEL)
    fitted[-1].C *= 1.0000001
    (project / MODEL).unlink()
    joblib.dump(fitted, project / MODEL)
    assert FOREIGN in tiny.failure(PREDICT, project)
    tiny.run("dvc commit --force train@digit-logreg", project)
    tiny.run(PREDICT, project)
    assert tiny.git_status(project) == " M dvc.lock\n"
