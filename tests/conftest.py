"""The tiny project, made and run once for all workers; a test that changes something takes a copy."""

import os
import sys
from pathlib import Path

from tests import tiny

import pytest


@pytest.fixture(scope="session", autouse=True)
def _surroundings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Put the tests' own environment on the path, and nothing of the caller's between a command and what it does."""
    for name in ("DATA_MIRROR", "GIT_DIR", "GIT_INDEX_FILE"):
        os.environ.pop(name, None)
    for role in ("AUTHOR", "COMMITTER"):
        os.environ |= {f"GIT_{role}_NAME": "A", f"GIT_{role}_EMAIL": "a@example.org"}
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    os.environ["DVC_SITE_CACHE_DIR"] = str(tmp_path_factory.mktemp("dvc"))  # goes with the test, not kept for ever


def _make(project: Path) -> None:
    tiny.make_project(project)
    tiny.run("dvc repro", project)
    tiny.commit(project, "the first run")


@pytest.fixture(scope="session")
def made(request: pytest.FixtureRequest) -> Path:
    """Return a tiny project after its first `dvc repro`, committed. Not to be changed."""
    return tiny.once(request, "made", _make)


@pytest.fixture
def project(made: Path, tmp_path: Path) -> Path:
    return tiny.copy(made, tmp_path / "copy")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run the tests that need the project last; with workers first, where one makes it while another runs the rest."""
    items.sort(key=lambda item: "made" in getattr(item, "fixturenames", ()), reverse=hasattr(config, "workerinput"))
