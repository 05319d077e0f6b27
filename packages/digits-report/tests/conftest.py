"""Reports that several tests read. Do not change their projects."""

from pathlib import Path

import pandas as pd
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


@pytest.fixture
def few_groups(project: Path) -> Path:
    """Return a project with a report about a model whose test set has two groups and no fives."""
    path = project / "plots/five-sgd/metrics.csv"
    table = pd.read_csv(path)
    is_test = table["subset"] == "test"
    table = table[~is_test | (table["metric"] != "roc_auc")]
    table.loc[is_test & (table["metric"] == "accuracy"), ["low", "high"]] = None
    groups = pd.DataFrame(
        {
            "subset": "test",
            "metric": "accuracy",
            "slice": ["group anna", "group ben"],
            "value": [1.0, 0.875],
        }
    )
    pd.concat([table, groups]).to_csv(path, index=False)
    call(project, "report", "--models", "five-*")
    return project
