"""A bug in one's own classifier, features or source has a traceback that leads to its line."""

import traceback
from pathlib import Path

import pytest

from tests.helpers import tiny
from tests.helpers.calls import call, failure
from tests.helpers.installed import install_package
from tests.helpers.variants import mark_variants

CLASSIFIER = """
from sklearn.linear_model import LogisticRegression

class Mine(LogisticRegression):
    def fit(self, X, y):
        {bug}
        return super().fit(X, y)
"""

BUGS = {
    "a TypeError": "X.mean(axis=0) + None",
    "a ValueError in NumPy": "__import__('numpy').ones(3).reshape(2)",
    "an OSError": "open('no_such_file')",
}


@pytest.mark.parametrize("bug", mark_variants(BUGS.values()), ids=BUGS)
def test_a_bug_in_ones_own_classifier_has_its_traceback(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, bug: str
) -> None:
    module = f"mine_{len(bug)}"  # each test imports another module
    install_package(tmp_path / "site", module, CLASSIFIER.format(bug=bug))
    monkeypatch.syspath_prepend(tmp_path / "site")
    tiny.edit(project, {"models.five-sgd": tiny.model("five", "raw", f"{module}.Mine", 3)})
    with pytest.raises((TypeError, ValueError, OSError)) as caught:
        call(project, "train", "five-sgd")
    assert f"    {bug}\n" in "".join(traceback.format_exception(caught.value))


def test_what_scikit_learn_says_of_hyperparameters_in_ones_own_classifier_is_one_line(
    project: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    install_package(tmp_path / "site", "mine_that_is_right", CLASSIFIER.format(bug="pass"))
    monkeypatch.syspath_prepend(tmp_path / "site")
    model = tiny.model(
        "five", "raw", "mine_that_is_right.Mine", 3, solver="lbfgs", l1_ratio=1.0
    )
    tiny.edit(project, {"models.five-sgd": model})
    line = failure(project, "train", "five-sgd")
    assert line.startswith("Error: the model cannot be fitted: Solver lbfgs supports only")
