"""Classifiers of other packages: only installed code runs, and what fails is one line."""

import sys
import sysconfig
from pathlib import Path

import pytest

from digits.learning.estimators import make_classifier
from digits.messages.errors import UserError
from digits.security import importing, trust
from tests.helpers import tiny
from tests.helpers.installed import install_package

MARK = "import pathlib\n\npathlib.Path('mark').touch()\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current folder, in which Python looks for modules."""
    place = tmp_path / "project"
    place.mkdir()
    monkeypatch.chdir(place)
    monkeypatch.syspath_prepend(place)
    return place


@pytest.fixture
def site(folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a folder of installed packages beside the current one."""
    place = folder.parent / "site"
    place.mkdir()
    monkeypatch.syspath_prepend(place)
    return place


@pytest.mark.parametrize("name", ["stranger.Boost", "stranger.deep.Boost", "this.s"])
def test_a_module_that_is_not_installed_is_not_imported(folder: Path, name: str) -> None:
    install_package(folder, "stranger", MARK)
    with pytest.raises(UserError, match="there is no package"):
        make_classifier(name, {}, seed=0)
    with pytest.raises(UserError, match="there is no package"):
        trust.check_types(b"", name)
    assert not (folder / "mark").exists()
    assert "this" not in sys.modules


def test_a_module_that_is_a_program_is_not_imported(folder: Path, site: Path) -> None:
    install_package(site, "program", "")
    (site / "program/__main__.py").write_text(MARK)  # as IPython's, which would run a file
    with pytest.raises(UserError, match=r"there is no 'program\.__main__\.Boost'"):
        make_classifier("program.__main__.Boost", {}, seed=0)
    assert not (folder / "mark").exists()


def test_a_package_whose_import_fails_is_one_line(site: Path) -> None:
    code = "raise OSError('libgomp.so.1 was not found')"
    install_package(site, "broken_boost", code)
    with pytest.raises(UserError) as error:
        make_classifier("broken_boost.Boost", {}, seed=0)
    assert error.value.message == (
        "classifier: broken_boost.Boost cannot be imported (libgomp.so.1 was not found)"
    )


# A class of another package that does not derive from those of scikit-learn, as CatBoost's.
OTHER_CLASS = """
class Boost:
    _estimator_type = {kind!r}

    def get_params(self, deep=True):
        return {{}}

    def fit(self, X, y):
        return self
"""


@pytest.mark.parametrize("kind", ["classifier", "regressor"])
def test_a_class_may_only_say_that_it_is_a_classifier(site: Path, kind: str) -> None:
    install_package(site, f"{kind}_boost", OTHER_CLASS.format(kind=kind))
    if kind == "classifier":
        assert type(make_classifier("classifier_boost.Boost", {}, seed=0)).__name__ == "Boost"
    else:
        with pytest.raises(UserError, match="there is no 'regressor_boost"):
            make_classifier("regressor_boost.Boost", {}, seed=0)


def test_the_environment_may_lie_in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(sysconfig.get_path("purelib")).parent)
    assert importing.is_installed("joblib")


def test_an_installed_package_that_also_lies_in_the_project_is_not_imported(
    folder: Path, site: Path
) -> None:
    install_package(site, "shared_boost", "")
    for place in [site, folder]:  # without __init__.py, Python joins the folders
        (place / "shared_boost").mkdir(exist_ok=True)
        (place / "shared_boost/__init__.py").unlink(missing_ok=True)
    (folder / "shared_boost/code.py").write_text(MARK)
    assert not importing.is_installed("shared_boost")
    with pytest.raises(UserError, match="there is no package"):
        make_classifier("shared_boost.code.Boost", {}, seed=0)
    assert not (folder / "mark").exists()


BUG = """
from sklearn.linear_model import LogisticRegression

class Mine(LogisticRegression):
    def fit(self, X, y):
        return X.mean(axis=0) + None
"""


@pytest.mark.variant
def test_a_bug_has_its_traceback_in_the_development_mode(project: Path, site: Path) -> None:
    install_package(site, "mine", BUG)
    tiny.edit(project, {"models.five-sgd": tiny.model("five", "raw", "mine.Mine", 0)})

    def train(options: str) -> list[str]:
        command = f"python {options} -m stages.train five-sgd"
        return tiny.run(command, project, status=1, PYTHONPATH=str(site)).stderr.splitlines()

    [line] = train("")
    assert line.startswith("Error: the model cannot be fitted: unsupported operand type(s)")
    *traceback, last_line = train("-X dev")
    assert last_line == line
    assert "    return X.mean(axis=0) + None" in traceback
