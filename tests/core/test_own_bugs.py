"""A bug in one's own classifier is one line. Python's development mode prints its traceback."""

from pathlib import Path

import pytest

from tests.helpers import tiny
from tests.helpers.installed import install_package

CLASSIFIER = """
from sklearn.linear_model import LogisticRegression

class Mine(LogisticRegression):
    def fit(self, X, y):
        return X.mean(axis=0) + None
"""


@pytest.mark.variant
def test_a_bug_has_its_traceback_in_the_development_mode(project: Path, tmp_path: Path) -> None:
    site = tmp_path / "site"
    install_package(site, "mine", CLASSIFIER)
    tiny.edit(project, {"models.five-sgd": tiny.model("five", "raw", "mine.Mine", 0)})

    def train(options: str) -> list[str]:
        command = f"python {options} -m stages.train five-sgd"
        return tiny.run(command, project, status=1, PYTHONPATH=str(site)).stderr.splitlines()

    [line] = train("")
    assert line.startswith("Error: the model cannot be fitted: unsupported operand type(s)")
    *traceback, last_line = train("-X dev")
    assert last_line == line
    assert "    return X.mean(axis=0) + None" in traceback
