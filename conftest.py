"""The tiny project, made and run once for all workers. A test that changes it takes a copy."""

import gc
import os
import sys
from pathlib import Path

import pytest

from tests.helpers import tiny
from tests.helpers.calls import reproduce

# A thread of OpenMP that waits for another one sleeps. Otherwise it would take the time of the
# processor from it, on a busy machine for minutes. OpenMP reads this variable when it is
# loaded.
os.environ["OMP_WAIT_POLICY"] = "passive"

SECONDS_OF_SLOW_TEST = 1_800  # before it counts as a hang

# What the tests import lives until the end. To look for garbage in it would take seconds.
gc.disable()


@pytest.fixture(scope="session", autouse=True)
def _environment(tmp_path_factory: pytest.TempPathFactory) -> None:
    """Set the environment of all commands, and remove what could change their results."""
    for name in ["DATA_MIRROR", "GIT_DIR", "GIT_INDEX_FILE"]:
        os.environ.pop(name, None)
    # mutmut counts what each test calls in this process. A command that a test runs in a folder
    # without pyproject.toml would find no settings of mutmut. It must run the same code as this
    # process, or `digits predict` prints a warning that the code of the model has changed.
    if os.environ.get("MUTANT_UNDER_TEST") == "stats":
        del os.environ["MUTANT_UNDER_TEST"]
        os.environ["PYTHONPATH"] = str(tiny.ROOT)
    for role in ["AUTHOR", "COMMITTER"]:
        os.environ[f"GIT_{role}_NAME"] = "A"
        os.environ[f"GIT_{role}_EMAIL"] = "a@example.org"
    scripts = Path(sys.executable).parent
    os.environ["PATH"] = f"{scripts}{os.pathsep}{os.environ['PATH']}"
    # DVC would start a process after each command, which outlives it and asks a server.
    os.environ["DVC_NO_ANALYTICS"] = "1"
    # DVC's own cache is deleted with the files of the tests.
    os.environ["DVC_SITE_CACHE_DIR"] = str(tmp_path_factory.mktemp("dvc"))


def _make(project: Path) -> None:
    tiny.make_project(project, tiny.NOT_COPIED)
    reproduce(project, *tiny.STAGES)
    tiny.commit(project, "the first run")
    # What is compiled and packed once need not be compiled and copied for each test.
    tiny.run(["python", "-m", "compileall", "-q", "digits", "stages"], project)
    tiny.run("git gc --quiet", project)


@pytest.fixture(scope="session")
def made(request: pytest.FixtureRequest) -> Path:
    """Return a tiny project whose stages have run, committed. Do not change it."""
    return tiny.once(request, "made", _make)


@pytest.fixture
def project(made: Path, tmp_path: Path) -> Path:
    """Return a copy of the tiny project that the test may change."""
    return tiny.copy(made, tmp_path / "copy")


def pytest_collection_finish() -> None:
    """Let Python look for garbage, but not in what has been imported."""
    gc.freeze()
    gc.enable()


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Sort the tests by whether they need the tiny project, and give the slow ones time.

    One process runs the tests that need it last. With several workers they come first, so that
    one worker makes the project while another runs the other tests.
    """
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.timeout(SECONDS_OF_SLOW_TEST))
    items.sort(key=needs_project, reverse=hasattr(config, "workerinput"))


def needs_project(item: pytest.Item) -> bool:
    """Return whether a test needs the tiny project."""
    return "made" in getattr(item, "fixturenames", ())
