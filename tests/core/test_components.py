"""Optional components can be deleted: what remains works, and its tests pass."""

import os
import re
import shutil
from pathlib import Path

import pytest

from tests.helpers import tiny

# The optional components, and all files and folders that are deleted with each.
COMPONENTS = {
    "bench": ["bench", "docs/benchmarks.md", "tests/bench"],
    "digits-handwriting": [
        "bench/handwriting.py",
        "bench/paper.py",
        "packages/digits-handwriting",
    ],
    "digits-report": ["packages/digits-report"],
    "image-layouts": ["packages/image-layouts"],
    "picture-networks": ["packages/picture-networks"],
}
# The command that `digits` has no more without a component.
COMMANDS = {"digits-handwriting": "draw", "digits-report": "report", "image-layouts": "start"}


def delete(project: Path, component: str) -> None:
    """Delete a component: its code, its tests and its page."""
    for name in COMPONENTS[component]:
        path = project / name
        if path.is_dir():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
    uninstall(project, component)


def uninstall(project: Path, package: str) -> None:
    """Hide a package that is installed in the environment of the tests.

    Python finds this metadata, which names no entry points, before that of the package.
    """
    metadata = project / f"{package.replace('-', '_')}-0.dist-info"
    metadata.mkdir()
    text = f"Metadata-Version: 2.1\nName: {package}\nVersion: 0\n"
    (metadata / "METADATA").write_text(text, encoding="utf-8")


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """Return a copy of the repository whose environment `make` takes as installed."""
    project = tmp_path / "copy"
    tiny.copy_repository(project)
    (project / ".git/info/exclude").write_text("*.dist-info/\n")  # what `uninstall` writes
    (project / ".venv").mkdir()
    for mark in [".locked", ".installed", ".dev"]:
        (project / ".venv" / mark).touch()
    return project


def run(command: str, project: Path) -> str:
    """Run a command with the package of a copy, and return its output."""
    return tiny.run(command, project, PYTHONPATH=str(project)).stdout


def run_make(targets: str, project: Path) -> str:
    """Run `make` in a copy without creating an environment, and return its output."""
    marks = [f"--assume-old=.venv/{mark}" for mark in [".locked", ".installed", ".dev"]]
    return run(f"make {' '.join(marks)} {targets}", project)


@pytest.mark.slow
@pytest.mark.parametrize("component", COMPONENTS)
def test_without_a_component_the_rest_is_whole(copy: Path, component: str) -> None:
    delete(copy, component)
    commands = re.findall(r"^  (\w+) ", run("digits --help", copy), re.MULTILINE)
    assert "leaderboard" in commands
    missing = {COMMANDS[component]} if component in COMMANDS else set()
    assert set(COMMANDS.values()) - set(commands) == missing
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
    assert "train all models" in output.partition("\nNext:\n")[2]
    tiny.run(
        "python -m pytest -q",
        copy,
        PYTHONPATH=str(copy),
        PYTEST_ADDOPTS="",
        PATH=os.environ["PATH"],
    )
    evaluated = sorted(path.stem for path in copy.glob("data/predictions/*.parquet"))
    first = evaluated[0]
    key = f"models.{first}.feature_parameters.n_components"
    run(f"dvc exp run -S ++{key}=20 evaluate@{first}", copy)
    assert f"{first}, " in run(f"digits compare HEAD {first}", copy)
