"""The tiny project, made and run once for all workers; a test that changes something takes a copy."""

import os
import sys
from pathlib import Path

from tests import tiny

import pytest
from filelock import FileLock


@pytest.fixture(scope="session", autouse=True)
def _surroundings(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Put the tests' own environment on the path, and nothing of the caller's between a command and what it does."""
    for name in ("DATA_MIRROR", "GIT_DIR", "GIT_INDEX_FILE"):
        os.environ.pop(name, None)
    for role in ("AUTHOR", "COMMITTER"):
        os.environ |= {f"GIT_{role}_NAME": "A", f"GIT_{role}_EMAIL": "a@example.org"}
    os.environ["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    os.environ["DVC_SITE_CACHE_DIR"] = str(tmp_path_factory.mktemp("dvc"))  # goes with the test, not kept for ever


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a tiny project after its first `dvc repro`, committed. Not to be changed."""
    folder = tmp_path_factory.getbasetemp()
    folder = (folder.parent if "PYTEST_XDIST_WORKER" in os.environ else folder) / "made"
    with FileLock(f"{folder}.lock"):
        if not folder.exists():
            project = folder.with_name("unfinished") / "tiny"
            project.mkdir(parents=True)
            tiny.make_project(project)
            tiny.repro(project)
            tiny.commit(project, "the first run")
            project.parent.rename(folder)
    return folder / "tiny"


@pytest.fixture(scope="session")
def variant(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project of groups, named classes, a mix, a rule's threshold and copies, made here. Not to be changed."""
    return tiny.make_variant(tmp_path_factory.mktemp("variant"))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Run the tests that need no project last: one worker begins with them while another makes the project."""
    items.sort(key=lambda item: "made" in getattr(item, "fixturenames", ()), reverse=True)


@pytest.fixture
def bare(tmp_path: Path) -> Path:
    """Return an empty folder with the stages in it."""
    return tiny.link_stages(tmp_path)


@pytest.fixture
def project(made: Path, tmp_path: Path) -> Path:
    """Return a copy of the made project."""
    return tiny.copy(made, tmp_path / "copy")
