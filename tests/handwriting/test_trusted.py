"""A model file is code: none is loaded that dvc.lock does not record."""

import pickle
from pathlib import Path

from tests import tiny
from tests.handwriting.calls import predict

import joblib
import pytest

MODEL = Path("models", "digit-logreg.skops")
ROW = ["--dataset", "tiny", "1"]
FOREIGN = f"{MODEL} is not the file that dvc.lock records, so it is not loaded"


class Bomb:
    """Unpickling it writes a file."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return eval, ("open('ran', 'w').close()",)


@pytest.mark.fault
def test_another_file_in_a_model_s_place_is_never_run(project: Path) -> None:
    (project / MODEL).unlink()
    (project / MODEL).write_bytes(pickle.dumps(Bomb()))
    line = tiny.failure("digits draw --port 0", project)
    assert FOREIGN in line
    assert "`dvc repro --force train@digit-logreg` makes it again" in line
    (project / "dvc.lock").write_text("<<<<<<< HEAD\nstages:\n")  # records nothing
    assert FOREIGN in str(predict(project, *ROW, status=1).exception)
    assert not (project / "ran").exists()


def test_a_model_of_one_s_own_is_loaded_once_it_is_recorded(project: Path) -> None:
    fitted = joblib.load(project / MODEL)
    fitted[-1].C *= 1.0000001
    (project / MODEL).unlink()
    joblib.dump(fitted, project / MODEL)
    assert FOREIGN in str(predict(project, *ROW, status=1).exception)
    tiny.run("dvc commit --force train@digit-logreg", project)
    predict(project, *ROW)
    assert tiny.git_status(project) == " M dvc.lock\n"
