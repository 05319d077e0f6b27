"""Which images are stored in Git or DVC, and why others are not."""

import re
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from digits.messages.errors import UserError
from digits.running.storage import warn_about_unstored
from docs.tools.shapes import write_pictures
from image_layouts.files import IGNORED_NAMES
from image_layouts.pipeline.store import add_to_dvc
from tests.helpers import tiny
from tests.helpers.calls import VALID, call

SOURCES = [{"files": "data/own"}]
OWN = Path("data/own")


def make_repository(folder: Path) -> None:
    tiny.run("git init --quiet", folder)
    tiny.run_dvc("init --quiet", folder)


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current folder, a repository of Git and DVC with pictures of three shapes."""
    folder = tmp_path / "project"
    folder.mkdir()
    monkeypatch.chdir(folder)
    make_repository(folder)
    write_pictures(OWN, count=6)
    return folder


def rename_to_ignored(project: Path) -> None:
    (project / ".dvcignore").write_text("mutants/\n")
    (OWN / "cross").rename(OWN / "mutants")


def move_behind_link(project: Path) -> None:
    (OWN / "cross").rename(project.parent / "elsewhere")
    (OWN / "cross").symlink_to(project.parent / "elsewhere")


def make_project_of_dvc(project: Path) -> None:
    make_repository(project / OWN / "cross")


def test_images_that_are_added_are_stored(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    warn_about_unstored(SOURCES)
    assert capsys.readouterr().err == (
        "data/own is in neither Git nor DVC, so colleagues and experiments do not get it; run "
        "`dvc add data/own`\n"
    )
    add_to_dvc(SOURCES)
    assert capsys.readouterr().out == "DVC now stores data/own. Run `dvc push` to share it.\n"
    assert Path(f"{OWN}.dvc").exists()
    warn_about_unstored(SOURCES)
    assert capsys.readouterr().err == ""


def test_files_that_are_not_read_do_not_change_images_that_are_stored(project: Path) -> None:
    shutil.copy(tiny.ROOT / ".dvcignore", project)
    add_to_dvc(SOURCES)
    for pattern in [*IGNORED_NAMES, "._1.jpg", "desktop.ini"]:
        name = re.sub(r"\[(.).\]", r"\1", pattern).replace("*", "x")
        for folder in [OWN, OWN / "cross"]:
            (folder / name).write_bytes(b"x")
    tiny.run_dvc("status --quiet", project)
    (OWN / "x.jpg").write_bytes(b"x")
    tiny.run_dvc("status --quiet", project, status=1)  # changed


def test_check_names_images_that_are_not_stored(project: Path) -> None:
    tiny.edit(project, {"datasets.tiny.sources": SOURCES})
    result = call(project, "check")
    assert result.stdout == VALID
    assert "data/own" in result.stderr


def test_images_in_git_are_stored(project: Path, capsys: pytest.CaptureFixture[str]) -> None:
    tiny.run("git add data/own", project)
    warn_about_unstored(SOURCES)
    assert capsys.readouterr().err == ""
    add_to_dvc(SOURCES)
    assert not Path("data/own.dvc").exists()


def test_images_whose_whole_path_is_written_are_stored(
    project: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    source = {"files": str(OWN.absolute())}
    warn_about_unstored([source])
    assert capsys.readouterr().err.startswith("data/own is in neither Git nor DVC")
    add_to_dvc([source])
    capsys.readouterr()
    warn_about_unstored([source])
    assert capsys.readouterr().err == ""


def test_what_dvc_has_recorded_stays_if_it_cannot_store_a_change(project: Path) -> None:
    add_to_dvc(SOURCES)
    record = Path(f"{OWN}.dvc").read_bytes()
    rename_to_ignored(project)
    with pytest.raises(UserError, match="DVC cannot store data/own: "):
        add_to_dvc(SOURCES)
    assert Path(f"{OWN}.dvc").read_bytes() == record


def make_link(project: Path) -> None:
    OWN.rename(project.parent / "elsewhere")
    OWN.symlink_to(project.parent / "elsewhere")


def exclude_some(project: Path) -> None:
    (OWN / ".dvcignore").write_text("*.jpg\n")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (rename_to_ignored, "it leaves out 2 files, first data/own/mutants/1.jpg; a line of"),
        (move_behind_link, "it leaves out 2 files, first data/own/cross/"),
        (make_project_of_dvc, "it leaves out 2 files, first data/own/cross/"),
        pytest.param(make_link, "symlinked", marks=pytest.mark.slow),
        pytest.param(exclude_some, "dvcignore", marks=pytest.mark.slow),
    ],
)
def test_images_that_dvc_does_not_store_are_refused(
    project: Path, change: Callable[[Path], None], reason: str
) -> None:
    change(project)
    before = sorted(project.rglob("*.jpg"))
    with pytest.raises(UserError) as error:
        add_to_dvc(SOURCES)
    assert error.value.message.startswith("DVC cannot store data/own: ")
    assert reason in error.value.message
    assert sorted(project.rglob("*.jpg")) == before
    tiny.run("git reset --quiet", project)
    others = tiny.run("git status --porcelain --untracked-files=all", project).stdout
    assert "own.dvc" not in others
    assert "data/.gitignore" not in others
