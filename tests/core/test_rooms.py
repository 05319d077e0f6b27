"""Rooms can be left behind: what remains works, and its tests pass."""

import ast
import os
import shutil
from pathlib import Path

from digits.core import errors
from tests import tiny

import pytest

ROOMS = sorted({path.parent.name for path in tiny.ROOT.glob("tests/*/test_*.py")} - {"core", "project"})


def delete(project: Path, room: str) -> None:
    """Delete a room as the README says: its code, its tests, its pages."""
    for folder in ("bench" if room == "bench" else f"digits/{room}", f"tests/{room}", f"docs/{room}"):
        shutil.rmtree(project / folder, ignore_errors=True)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    tiny.copy_repository(project := tmp_path / "copy")
    (project / ".venv").mkdir()
    (project / ".venv/.installed").touch()  # for `make`, which else would make an environment
    return project


def run(command: str, project: Path) -> str:
    return tiny.run(command, project, PYTHONPATH=str(project)).stdout


def imported(path: Path) -> set[str]:
    nodes = list(ast.walk(ast.parse(path.read_text(encoding="utf-8"))))
    names = {node.module or "" for node in nodes if isinstance(node, ast.ImportFrom)}
    return names | {alias.name for node in nodes if isinstance(node, ast.Import) for alias in node.names}


def test_a_room_is_imported_by_itself_alone() -> None:
    packages = {room: "bench." if room == "bench" else f"digits.{room}." for room in ROOMS}
    for path in (path for folder in ("digits", "stages", "tests") for path in tiny.ROOT.glob(f"{folder}/**/*.py")):
        inside, names = path.relative_to(tiny.ROOT).parts[:2], [f"{name}." for name in imported(path)]
        of_others = tuple(package for room, package in packages.items() if room not in inside)
        assert not [name for name in names if name.startswith(of_others)], path


def test_what_needs_a_deleted_room_names_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "PACKAGE", tmp_path)
    with pytest.raises(errors.PipelineError, match=r"^copies needs the room scale; `git restore digits/scale`$"):
        errors.room("scale.deformation", "copies")


@pytest.mark.slow
@pytest.mark.parametrize("room", ROOMS)
def test_without_a_room_the_rest_is_whole(copy: Path, room: str) -> None:
    delete(copy, room)
    listed = run("digits --help", copy)
    assert "leaderboard" in listed
    assert f"{room.capitalize()}:" not in listed
    run("digits check", copy)
    run("ruff check .", copy)
    assert "make demo" in run("make --assume-old=.venv/.installed -s help", copy)
    run("python -m pytest --collect-only -q -n 0", copy)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_without_all_rooms_the_core_s_tests_pass_and_the_demo_runs(copy: Path) -> None:
    for room in ROOMS:
        delete(copy, room)
    tiny.commit(copy, "the core")
    told = run("make --assume-old=.venv/.installed lint demo", copy)
    assert "`make repro` runs every experiment" in told.partition("\nNext:\n")[2]
    first = sorted(path.stem for path in (copy / "data/predictions").glob("*.parquet"))[0]
    run(f"dvc exp run -S experiments.{first}.features=raw_sparse evaluate@{first}", copy)
    assert f"{first}, " in run(f"digits compare HEAD {first}", copy)
    tiny.run("python -m pytest -q", copy, PYTHONPATH=str(copy), PYTEST_ADDOPTS="", PATH=os.environ["PATH"])
