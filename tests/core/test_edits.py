"""An edit under a running stage is never recorded together with the outputs of the old version."""

from pathlib import Path

from tests import tiny
from tests.processes import Running

import pytest

# A set of features whose fit waits until the file `go` exists. It imports a module late.
WAITING = """
import time
from pathlib import Path

from sklearn.base import BaseEstimator, TransformerMixin


class Waiting(TransformerMixin, BaseEstimator):
    def fit(self, X, y=None):
        print("fitting", flush=True)
        while not Path("go").exists():
            time.sleep(0.01)
        from digits.features.transforms import late

        return self

    def transform(self, X):
        return X


def make_steps(pixel_max):
    return [("waiting", Waiting())]
"""
MODEL = "models.five-sgd"
FOLDS = {f"{MODEL}.features": "waiting", f"{MODEL}.folds": 0}
LATE = "digits/features/transforms/late.py"


@pytest.fixture
def waiting(project: Path) -> Path:
    """Return a project whose model `five-sgd` waits, while it is fitted, for the file `go`."""
    (project / "digits/features/waiting.py").write_text(WAITING)
    (project / LATE).write_text("")
    tiny.edit(project, FOLDS)
    return project


def train_and_edit(project: Path, path: str, text: str) -> str:
    """Run `dvc repro train@five-sgd`, write a file during the fit, and return the output."""
    with Running("dvc repro train@five-sgd", project) as running:
        running.wait_for_line("fitting")
        (project / path).write_text(text)
        (project / "go").touch()
        assert running.stdout
        output = running.stdout.read()
    (project / "go").unlink()
    return output


@pytest.mark.parametrize(
    "path",
    [
        LATE,
        pytest.param("digits/learning/fitting.py", marks=pytest.mark.slow),
        pytest.param("stages/train.py", marks=pytest.mark.slow),
    ],
)
def test_an_edit_of_a_module_of_the_stage_is_not_recorded(waiting: Path, path: str) -> None:
    before = (waiting / "dvc.lock").read_bytes()
    output = train_and_edit(waiting, path, (waiting / path).read_text() + "\n# edited\n")
    assert f"Error: {path} was edited while the stage ran" in output
    assert (waiting / "dvc.lock").read_bytes() == before
    (waiting / "go").touch()
    assert "train@five-sgd" in tiny.repro(waiting, "train@five-sgd")


def test_an_edit_of_the_stage_s_parameters_is_not_recorded(waiting: Path) -> None:
    before = (waiting / "dvc.lock").read_bytes()
    original = (waiting / "params.yaml").read_text()
    tiny.edit(waiting, {**FOLDS, f"{MODEL}.hyperparameters.max_iter": 7})
    edited = (waiting / "params.yaml").read_text()
    (waiting / "params.yaml").write_text(original)
    output = train_and_edit(waiting, "params.yaml", edited)
    assert "Error: params.yaml was edited while the stage ran" in output
    assert (waiting / "dvc.lock").read_bytes() == before


def test_an_edit_of_anything_else_disturbs_nothing(waiting: Path) -> None:
    original = (waiting / "params.yaml").read_text()
    other = {"models.digit-logreg.folds": 2, f"{MODEL}.description": "Another sentence."}
    tiny.edit(waiting, {**FOLDS, **other})
    edited = (waiting / "params.yaml").read_text()
    (waiting / "params.yaml").write_text(original)
    assert "Error" not in train_and_edit(waiting, "params.yaml", edited)

    tiny.edit(waiting, {**FOLDS, f"{MODEL}.hyperparameters.max_iter": 7})
    path = "digits/commands/check.py"
    output = train_and_edit(waiting, path, (waiting / path).read_text() + "\n# edited\n")
    assert "Error" not in output
    assert tiny.lock(waiting)["train@five-sgd"]["params"]["params.yaml"][
        f"{MODEL}.hyperparameters"
    ] == {"max_iter": 7, "tol": None}


def test_a_module_that_is_edited_while_the_stage_starts_is_noticed(project: Path) -> None:
    # The package is edited when it has been imported: before the stage has read any other file.
    # The times of files come from a clock that ticks every few milliseconds, so the edit is made
    # after the next tick.
    path = project / "digits/__init__.py"
    late_edit = """
from pathlib import Path
while Path(__file__).stat().st_mtime <= IMPORT_TIME:
    Path(__file__).touch()
"""
    path.write_text(path.read_text() + late_edit)
    done = tiny.run("dvc repro fetch@tiny", project, status=255)
    assert "Error: digits/__init__.py was edited while the stage ran" in done.stderr
