"""The tiny project, made and run once for each worker; a test that changes something takes a copy."""

import gc
import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from tests import tiny

gc.enable()  # the code of the stages turns it off while it is imported


@pytest.fixture(scope="session", autouse=True)
def _index_of_its_own(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Let DVC keep its index of each project where it goes with the test, not in the system's folder for ever."""
    os.environ["DVC_SITE_CACHE_DIR"] = str(tmp_path_factory.mktemp("dvc"))


@pytest.fixture(scope="session")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a tiny project after its first `dvc repro`, committed. Not to be changed."""
    project = tmp_path_factory.mktemp("project") / "tiny"
    project.mkdir()
    tiny.make_project(project)
    tiny.repro(project)
    tiny.commit(project, "the first run")
    return project


@pytest.fixture
def copy(made: Path, tmp_path: Path) -> Callable[[], Path]:
    """Return a function that copies the made project, DVC's cache and all, to a place of the test's own."""

    def to_own_place() -> Path:
        return Path(shutil.copytree(made, tmp_path / "copy", symlinks=True))

    return to_own_place


@pytest.fixture
def project(copy: Callable[[], Path]) -> Path:
    """Return a copy of the made project."""
    return copy()
