"""Reports that several tests read. Do not change their projects."""

from pathlib import Path

import pytest

import hostile
from tests.helpers import tiny
from tests.helpers.calls import call


@pytest.fixture(scope="session")
def report(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the report of the tiny project.

    Vega is bundled once, in the project that the other tests copy.
    """
    path = tmp_path_factory.mktemp("report") / "report.html"
    result = call(made, "report", "--output", str(path))
    assert result.output == ""
    return path


@pytest.fixture(scope="session")
def hostile_project(request: pytest.FixtureRequest, made: Path, report: Path) -> Path:
    """Return the project that `hostile.make` makes, with its report."""

    def make(project: Path) -> None:
        tiny.run(["cp", "-a", f"{made}/.", str(project)], made)
        hostile.make(project)

    return tiny.once(request, "hostile", make)
