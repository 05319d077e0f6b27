"""An edit under a running stage is never recorded together with the outputs of the old version.

The stage is `fetch`, because it needs the fewest imports. The check belongs to all stages.
"""

from pathlib import Path

from tests.helpers import tiny

import pytest

# A source that imports a module late. Then it edits the project: each file below the folder
# that it is given replaces the one of the project.
EDITING = """
import shutil

from digits.data.sources import idx

LOCAL = True


def read(place, dataset):
    from digits.data.sources import late

    shutil.copytree(place, ".", dirs_exist_ok=True)
    return idx.read("idx", dataset)
"""
LATE = "digits/data/sources/late.py"
SOURCES = {"datasets.tiny.sources": [{"editing": "edits"}]}


@pytest.fixture
def editing(project: Path) -> Path:
    """Return a project whose stage `fetch` copies what is in the folder `edits`."""
    (project / "digits/data/sources/editing.py").write_text(EDITING)
    (project / LATE).write_text("")
    tiny.edit(project, SOURCES)
    return project


def prepare_edit(project: Path, path: str, text: str) -> None:
    """Let the stage write a file while it runs."""
    edited = project / "edits" / path
    edited.parent.mkdir(parents=True, exist_ok=True)
    edited.write_text(text)


def prepare_comment(project: Path, path: str) -> None:
    """Let the stage add a comment to a file while it runs."""
    text = (project / path).read_text()
    prepare_edit(project, path, f"{text}\n# edited\n")


@pytest.mark.parametrize(
    "path",
    [
        LATE,
        pytest.param("digits/core/tables.py", marks=pytest.mark.slow),
        pytest.param("stages/fetch.py", marks=pytest.mark.slow),
    ],
)
def test_an_edit_of_a_module_of_the_stage_is_not_recorded(
    editing: Path, capfd: pytest.CaptureFixture[str], path: str
) -> None:
    """The slow variants edit modules that are imported at once, not late."""
    before = (editing / "dvc.lock").read_bytes()
    prepare_comment(editing, path)
    tiny.run_dvc("repro fetch@tiny", editing, status=255)
    assert f"Error: {path} was edited while the stage ran" in capfd.readouterr().err
    assert (editing / "dvc.lock").read_bytes() == before
    assert tiny.repro(editing, "fetch@tiny") == ["fetch@tiny"]


def test_an_edit_of_the_stage_s_parameters_is_not_recorded(
    editing: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    before = (editing / "dvc.lock").read_bytes()
    (editing / "edits").mkdir()
    tiny.edit(editing / "edits", {"datasets.tiny.sources": [{"editing": "other"}]})
    tiny.run_dvc("repro fetch@tiny", editing, status=255)
    line = "Error: params.yaml was edited while the stage ran"
    assert line in capfd.readouterr().err
    assert (editing / "dvc.lock").read_bytes() == before


def test_an_edit_of_anything_else_disturbs_nothing(editing: Path) -> None:
    for path in ["digits/commands/check.py", "digits/learning/fitting.py", "stages/train.py"]:
        prepare_comment(editing, path)
    other = {"models.digit-logreg.folds": 2, "splits.tiny.test": 50}
    tiny.edit(editing / "edits", {**SOURCES, **other})
    assert tiny.repro(editing, "fetch@tiny") == ["fetch@tiny"]
    assert (editing / "stages/train.py").read_text().endswith("# edited\n")
    recorded = tiny.lock(editing)["fetch@tiny"]["params"]["params.yaml"]["datasets.tiny"]
    assert recorded["sources"] == [{"editing": "edits"}]


def test_a_module_that_is_edited_while_the_stage_starts_is_noticed(
    project: Path, capfd: pytest.CaptureFixture[str]
) -> None:
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
    tiny.run_dvc("repro fetch@tiny", project, status=255)
    line = "Error: digits/__init__.py was edited while the stage ran"
    assert line in capfd.readouterr().err
