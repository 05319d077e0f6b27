"""Optional components can be deleted: what remains works, and its tests pass."""

import os
import shutil
from pathlib import Path

import pytest

from tests.helpers import tiny

# Each optional component has a folder of tests with its own name.
TEST_FOLDERS = {path.parent.name for path in tiny.ROOT.glob("tests/*/test_*.py")}
COMPONENTS = sorted(TEST_FOLDERS - {"core", "project", "report"})

# The page of an optional component. `docs/<component>/` has what the page needs.
PAGES = {"bench": "benchmarks.md", "handwriting": "handwriting.md"}


def code_folder(component: str) -> str:
    """Return the folder of an optional component's code."""
    return "bench" if component == "bench" else f"digits/{component}"


def delete(project: Path, component: str) -> None:
    """Delete a component: its code, its tests and its page."""
    for folder in [code_folder(component), f"tests/{component}", f"docs/{component}"]:
        shutil.rmtree(project / folder, ignore_errors=True)
    if component in PAGES:
        (project / "docs" / PAGES[component]).unlink(missing_ok=True)


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of the repository whose environment `make` takes as installed."""
    project = tmp_path / "copy"
    tiny.copy_repository(project)
    (project / ".venv").mkdir()
    (project / ".venv/.installed").touch()
    return project


def run(command: str, project: Path) -> str:
    """Run a command with the package of a copy, and return its output."""
    return tiny.run(command, project, PYTHONPATH=str(project)).stdout


def run_make(targets: str, project: Path) -> str:
    """Run `make` in a copy without creating an environment, and return its output."""
    return run(f"make --assume-old=.venv/.installed {targets}", project)


@pytest.mark.slow
@pytest.mark.parametrize("component", COMPONENTS)
def test_without_a_component_the_rest_is_whole(copy: Path, component: str) -> None:
    delete(copy, component)
    help_text = run("digits --help", copy)
    assert "leaderboard" in help_text
    assert f"{component.capitalize()}:" not in help_text
    run("digits check", copy)
    run("ruff check .", copy)
    assert "make demo" in run_make("-s help", copy)
    run("python -m pytest --collect-only -q -n 0", copy)


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_without_all_components_the_tests_pass_and_the_demo_runs(copy: Path) -> None:
    for component in COMPONENTS:
        delete(copy, component)
    tiny.commit(copy, "the core")
    output = run_make("lint demo", copy)
    assert "`make repro` trains all models" in output.partition("\nNext:\n")[2]
    tiny.run(
        "python -m pytest -q",
        copy,
        PYTHONPATH=str(copy),
        PYTEST_ADDOPTS="",
        PATH=os.environ["PATH"],
    )
    evaluated = sorted(path.stem for path in copy.glob("data/predictions/*.parquet"))
    first = evaluated[0]
    run(f"dvc exp run -S +models.{first}.feature_parameters.sparse=true evaluate@{first}", copy)
    assert f"{first}, " in run(f"digits compare HEAD {first}", copy)
