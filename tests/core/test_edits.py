"""A stage fails if its code or its parameters are edited while it runs.

The stage is `fetch`, because it needs the fewest imports. The check belongs to all stages.
"""

import warnings
from contextlib import suppress
from pathlib import Path

import pytest

from digits.settings.errors import UserError
from digits.settings.stage import print_warnings
from tests.helpers import tiny

# A source that runs a script, which edits the project, before it reads the images.
EDITING = """
import runpy
from digits.data.sources import idx

def read(place, dataset):
    runpy.run_path(place)
    return idx.read("idx", dataset)
"""
LATE = "digits/data/sources/late.py"  # a module that the script imports


@pytest.fixture
def editing(project: Path) -> Path:
    """Return a project whose stage `fetch` runs the script edit.py."""
    (project / "digits/data/sources/editing.py").write_text(EDITING)
    (project / LATE).write_text("")
    tiny.edit(project, {"datasets.tiny.sources": [{"editing": "edit.py"}]})
    return project


def replace(path: str, old: str, new: str) -> str:
    """Return a script that replaces a text in a file."""
    return f"""
from pathlib import Path
path = Path("{path}")
text = path.read_text()
assert "{old}" in text
path.write_text(text.replace("{old}", "{new}"))
"""


def fetch(project: Path, script: str, status: int) -> str:
    """Run the stage, and return what it prints as errors."""
    (project / "edit.py").write_text(script)
    return tiny.run("python -m stages.fetch tiny", project, status=status).stderr


EDIT_TABLES = replace("digits/core/tables.py", '\\"\\"\\"Read', '\\"\\"\\"Now read')
EDIT_LATE = f"""
from pathlib import Path
Path("{LATE}").write_text("# edited")
import digits.data.sources.late
"""


@pytest.mark.parametrize(
    ("script", "path"),
    [
        pytest.param(EDIT_LATE, LATE, id="imported after the edit"),
        pytest.param(
            f"{EDIT_TABLES}path.write_text(text)",
            "digits/core/tables.py",
            id="imported at once, and undone",
        ),
        pytest.param(
            replace("params.yaml", "pixel_max: 16", "pixel_max: 17"), "params.yaml", id="entry"
        ),
    ],
)
def test_an_edit_of_a_module_or_of_the_entry_fails_the_stage(
    editing: Path, script: str, path: str
) -> None:
    line = f"{path} was edited while the stage ran, so its outputs may come from either version"
    assert fetch(editing, script, 1) == f"Error: {line}; run it again\n"


def test_an_edit_of_anything_else_disturbs_nothing(editing: Path) -> None:
    other_modules = [
        replace(path, "import", "import  ")
        for path in [
            "digits/commands/check.py",
            "digits/learning/fitting.py",
            "stages/train.py",
        ]
    ]
    other_entry = replace("params.yaml", "folds: 3", "folds: 2")
    seed = replace("params.yaml", "seed: 42", "seed: 43")
    description = replace("params.yaml", "A tiny model.", "A model.")
    assert fetch(editing, "".join([*other_modules, other_entry, seed, description]), 0) == ""
    assert "folds: 2" in (editing / "params.yaml").read_text()


def test_an_edit_while_the_modules_are_imported_fails_the_stage(project: Path) -> None:
    # The package is edited when it has been imported, before the stage begins. The times of
    # files come from a clock that ticks every few milliseconds, so the edit is made after the
    # next tick.
    path = project / "digits/__init__.py"
    late_edit = """
from pathlib import Path
while Path(__file__).stat().st_mtime <= IMPORT_TIME:
    Path(__file__).touch()
"""
    path.write_text(path.read_text() + late_edit)
    error = tiny.run("python -m stages.fetch tiny", project, status=1).stderr
    assert error.startswith("Error: digits/__init__.py was edited while the stage ran")


def test_a_stage_that_fails_still_prints_its_warnings(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with suppress(UserError), print_warnings():
        for _ in range(2):
            warnings.warn("twice", stacklevel=1)
        raise UserError("failed")
    assert capsys.readouterr().err == "UserWarning: twice\n"
