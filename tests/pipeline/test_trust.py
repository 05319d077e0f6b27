"""A model file is code: none is loaded that dvc.lock does not record."""

import base64
import pickle
import sys
from pathlib import Path

import joblib
import pytest
import yaml

from tests import tiny

PROGRAMS = {
    "evaluate": [],
    "predict": ["python", "-m", "tools.predict", "--row", "tiny", "1"],
    "draw": ["python", "-m", "tools.draw", "--port", "0"],
}


class Bomb:
    """Unpickling it writes a file."""

    def __reduce__(self) -> tuple[object, tuple[str]]:
        return eval, ("open('ran', 'w').close()",)


@pytest.mark.fault
@pytest.mark.parametrize("program", PROGRAMS)
def test_another_file_in_a_model_s_place_is_never_run(project: Path, program: str) -> None:
    lock = yaml.safe_load((project / "dvc.lock").read_text())["stages"]
    command = PROGRAMS[program] or lock["evaluate@digit-logreg"]["cmd"].split()
    model = project / "models" / "digit-logreg.joblib"
    model.unlink()
    model.write_bytes(pickle.dumps(Bomb()))
    load = f"import base64, pickle; pickle.loads(base64.b64decode({base64.b64encode(model.read_bytes()).decode()!r}))"
    tiny.run([sys.executable, "-c", load], project)
    assert (project / "ran").exists()  # the bomb is a bomb
    (project / "ran").unlink()
    before = tiny.files(project)
    done = tiny.run(command, project, status=1)
    assert "models/digit-logreg.joblib is not the file that dvc.lock records, so it is not loaded" in done.stderr
    assert "`dvc repro --force train@digit-logreg` makes it again" in done.stderr
    assert len(done.stderr.splitlines()) == 1
    assert tiny.files(project) == before


@pytest.mark.fault
@pytest.mark.parametrize("lock", ["stages: 3", "<<<<<<< HEAD\nstages:\n"])
def test_a_lock_that_records_nothing_trusts_nothing(project: Path, lock: str) -> None:
    (project / "dvc.lock").write_text(lock)
    done = tiny.run(PROGRAMS["predict"], project, status=1)
    assert "is not the file that dvc.lock records" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_two_ways_back_work(project: Path) -> None:
    model = project / "models" / "digit-logreg.joblib"
    fitted = joblib.load(model)
    fitted[-1].C *= 1.0000001  # a model of one's own
    model.unlink()
    joblib.dump(fitted, model)
    tiny.run(PROGRAMS["predict"], project, status=1)
    tiny.run(["dvc", "commit", "--force", "train@digit-logreg"], project)
    tiny.run(PROGRAMS["predict"], project)
    assert tiny.run(["git", "status", "--porcelain"], project).stdout == " M dvc.lock\n"
    tiny.run(["dvc", "repro", "--force", "--single-item", "train@digit-logreg"], project)
    tiny.run(PROGRAMS["predict"], project)
    assert tiny.run(["git", "status", "--porcelain"], project).stdout == ""
