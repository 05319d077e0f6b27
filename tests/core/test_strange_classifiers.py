"""What looks at somebody's params.yaml runs no code but that of installed packages."""

import sys
import sysconfig
from pathlib import Path

import pytest

from digits.learning import importing, trust
from digits.learning.pipelines import make_classifier
from digits.messages.errors import UserError
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


@pytest.mark.parametrize("name", ["stranger.Boost", "stranger.deep.Boost", "this.s"])
def test_a_module_that_is_not_installed_is_not_imported(folder: Path, name: str) -> None:
    install_package(folder, "stranger", MARK)
    with pytest.raises(UserError, match="there is no package"):
        make_classifier(name, {}, seed=0)
    with pytest.raises(UserError, match="there is no package"):
        trust.check_types(b"", name)
    assert not (folder / "mark").exists()
    assert "this" not in sys.modules


def test_a_module_that_is_a_program_is_not_imported(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = folder.parent / "site"
    install_package(site, "program", "")
    (site / "program/__main__.py").write_text(MARK)  # as IPython's, which would run a file
    monkeypatch.syspath_prepend(site)
    with pytest.raises(UserError, match=r"there is no 'program\.__main__\.Boost'"):
        make_classifier("program.__main__.Boost", {}, seed=0)
    assert not (folder / "mark").exists()


def test_a_package_whose_import_fails_is_one_line(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = folder.parent / "site"
    code = "raise OSError('libgomp.so.1 was not found')"
    install_package(site, "broken_boost", code)
    monkeypatch.syspath_prepend(site)
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
def test_a_class_may_only_say_that_it_is_a_classifier(
    folder: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    site = folder.parent / "site"
    install_package(site, f"{kind}_boost", OTHER_CLASS.format(kind=kind))
    monkeypatch.syspath_prepend(site)
    if kind == "classifier":
        assert type(make_classifier("classifier_boost.Boost", {}, seed=0)).__name__ == "Boost"
    else:
        with pytest.raises(UserError, match="there is no 'regressor_boost"):
            make_classifier("regressor_boost.Boost", {}, seed=0)


def test_the_environment_may_lie_in_the_project(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(Path(sysconfig.get_path("purelib")).parent)
    assert importing.is_installed("joblib")


def test_an_installed_package_that_also_lies_in_the_project_is_not_imported(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    site = folder.parent / "site"
    install_package(site, "shared_boost", "")
    for place in [site, folder]:  # without __init__.py, Python joins the folders
        (place / "shared_boost").mkdir(exist_ok=True)
        (place / "shared_boost/__init__.py").unlink(missing_ok=True)
    (folder / "shared_boost/code.py").write_text(MARK)
    monkeypatch.syspath_prepend(site)
    assert not importing.is_installed("shared_boost")
    with pytest.raises(UserError, match="there is no package"):
        make_classifier("shared_boost.code.Boost", {}, seed=0)
    assert not (folder / "mark").exists()
