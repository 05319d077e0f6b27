"""A stage fails if its code or its parameters are edited while it runs.

The stage is `fetch`, because it needs the fewest imports. The check belongs to all stages. The
process of the test imports the code of the project anew, as `python -m stages.fetch` does.
"""

import os
import shutil
import time
import warnings
from contextlib import suppress
from pathlib import Path

import pytest

from digits.messages.errors import UserError
from digits.running.command import print_warnings
from tests.helpers import tiny
from tests.helpers.calls import call, failure, import_anew

# A source that runs a script, which edits the project, before it reads the images.
EDITING = """
import runpy
from digits.sources import Source
from digits.sources import idx

def open_edited(place, dataset):
    runpy.run_path(place)
    return idx.source.open("idx", dataset)

source = Source(open_edited)
"""


@pytest.fixture
def editing(project: Path) -> Path:
    """Return a project whose stage `fetch` runs the script edit.py."""
    (project / "digits/sources/editing.py").write_text(EDITING)
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


def fetch(project: Path, status: int = 0) -> str:
    """Run the stage with the code of the project, and return what it prints as errors."""
    with import_anew("digits", "stages"), pytest.MonkeyPatch.context() as patch:
        patch.syspath_prepend(project)
        return call(project, "fetch", "tiny", status=status).stderr


EDIT_TABLES = replace("digits/core/tables.py", '\\"\\"\\"Read', '\\"\\"\\"Now read')


@pytest.mark.parametrize(
    ("script", "path"),
    [
        (EDIT_TABLES, "digits/core/tables.py"),
        (f"{EDIT_TABLES}path.write_text(text)", "digits/core/tables.py"),  # is undone
        (replace("stages/fetch.py", "import", "import "), "stages/fetch.py"),
        ("import pathlib\npathlib.Path('digits/core/new.py').touch()", "digits/core/new.py"),
        ("import os\nos.remove('digits/core/tables.py')", "digits/core/tables.py"),
        (replace("stages/versions.yaml", "numpy: ", "numpy: 1 # "), "stages/versions.yaml"),
        (replace("params.yaml", "pixel_max: 16", "pixel_max: 17"), "params.yaml"),
    ],
    ids=["module", "undone", "script", "new module", "deleted", "versions", "entry"],
)
def test_an_edit_of_what_the_stage_depends_on_fails_it(
    editing: Path, script: str, path: str
) -> None:
    line = f"{path} was edited while the stage ran, so its outputs may come from either version"
    (editing / "edit.py").write_text(script)
    assert fetch(editing, status=1) == f"Error: {line}; run it again\n"


def test_an_edit_of_anything_else_disturbs_nothing(editing: Path) -> None:
    other_modules = [
        replace(path, "import", "import  ")
        for path in [
            "digits/commands/check.py",
            "digits/learning/fitting.py",
            "digits/settings/params.py",
            "stages/train.py",
        ]
    ]
    other_entry = replace("params.yaml", "folds: 3", "folds: 2")
    seed = replace("params.yaml", "seed: 42", "seed: 43")
    description = replace("params.yaml", "A tiny model.", "A model.")
    script = "".join([*other_modules, other_entry, seed, description])
    (editing / "edit.py").write_text(script)
    assert fetch(editing) == ""
    assert "folds: 2" in (editing / "params.yaml").read_text()


def test_a_stage_that_dvc_yaml_does_not_have_has_no_dependencies(editing: Path) -> None:
    (editing / "dvc.yaml").write_text("stages:\n  another:\n    cmd: echo\n")
    (editing / "edit.py").write_text(EDIT_TABLES)
    assert fetch(editing) == ""


@pytest.mark.parametrize(
    ("stage", "message"),
    {
        "fetch": "datasets: there is no 'typo'. Valid: tiny.",
        "split": "splits: there is no 'typo'. Valid: tiny, tiny-random.",
        "binarize": "tasks: there is no 'typo'. Valid: digit, five.",
        "train": "models: there is no 'typo'. Valid: digit-logreg, five-sgd.",
        "evaluate": "models: there is no 'typo'. Valid: digit-logreg, five-sgd.",
    }.items(),
)
def test_a_name_that_does_not_exist_is_one_line(
    project: Path, stage: str, message: str
) -> None:
    assert failure(project, stage, "typo") == f"Error: params.yaml: {message}"


def test_an_edit_while_the_modules_are_imported_fails_the_stage(project: Path) -> None:
    path = project / "digits/core/tables.py"
    with path.open("a") as file:  # what the first import of the module does
        file.write("Path(__file__).touch()\n")
    error = fetch(project, status=1)
    assert error.startswith("Error: digits/core/tables.py was edited while the stage ran")


def test_a_clock_that_is_ahead_is_no_edit(project: Path) -> None:
    in_an_hour = time.time() + 3600
    os.utime(project / "digits/core/tables.py", (in_an_hour, in_an_hour))
    assert fetch(project) == ""


@pytest.mark.variant
def test_dvc_does_not_record_a_stage_whose_script_was_edited(editing: Path) -> None:
    # With plain `dvc repro`, only the stage itself can notice.
    edit = replace("stages/fetch.py", "import", "import ")
    (editing / "edit.py").write_text(edit)
    before = tiny.lock(editing)["fetch@tiny"]
    output = tiny.run_dvc("repro fetch@tiny", editing, status=255)
    assert "failed to reproduce 'fetch@tiny'" in output
    assert tiny.lock(editing)["fetch@tiny"] == before


def test_a_stage_that_fails_still_prints_its_warnings(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with suppress(UserError), print_warnings():
        for _ in range(2):
            warnings.warn("twice", stacklevel=1)
        raise UserError("failed")
    assert capsys.readouterr().err == "UserWarning: twice\n"


def test_what_python_compiles_while_a_stage_runs_is_no_edit(project: Path) -> None:
    tiny.edit(project, {"models.five-sgd.features": "hog"})  # which is imported late
    for folder in project.rglob("__pycache__"):
        shutil.rmtree(folder)
    command = "python -m stages.train five-sgd"
    tiny.run(command, project, PYTHONDONTWRITEBYTECODE="", PYTHONPATH=str(project))
    assert list(project.glob("digits/imaging/transforms/__pycache__/deskewing.*.pyc"))
