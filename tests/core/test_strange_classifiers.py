"""What looks at somebody's params.yaml runs no code but that of installed packages."""

import sys
from pathlib import Path

import pytest

from digits.learning import trust
from digits.learning.pipelines import make_classifier
from digits.settings.errors import UserError

MARK = "import pathlib\n\npathlib.Path('mark').touch()\n"


def write_module(folder: Path, name: str, code: str) -> None:
    """Write a module into a folder of its own."""
    (folder / name).mkdir(parents=True)
    (folder / name / "__init__.py").write_text(code, encoding="utf-8")


def install(folder: Path, name: str) -> None:
    """Write what pip records of a package with one module."""
    (folder / f"{name}-1.dist-info").mkdir()
    metadata = f"Metadata-Version: 2.1\nName: {name}\nVersion: 1\n"
    (folder / f"{name}-1.dist-info/METADATA").write_text(metadata, encoding="utf-8")
    (folder / f"{name}-1.dist-info/top_level.txt").write_text(name, encoding="utf-8")


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the current folder, in which Python looks for modules."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(tmp_path)
    return tmp_path


@pytest.mark.parametrize("name", ["stranger.Boost", "stranger.deep.Boost", "this.s"])
def test_a_module_that_is_not_installed_is_not_imported(folder: Path, name: str) -> None:
    write_module(folder, "stranger", MARK)
    with pytest.raises(UserError, match="there is no package"):
        make_classifier(name, {}, seed=0)
    assert not trust.is_trusted("stranger.Boost", "stranger")
    assert not (folder / "mark").exists()
    assert "this" not in sys.modules


def test_a_package_whose_import_fails_is_one_line(folder: Path) -> None:
    write_module(folder, "broken_boost", "raise OSError('libgomp.so.1 was not found')")
    install(folder, "broken_boost")
    with pytest.raises(UserError) as error:
        make_classifier("broken_boost.Boost", {}, seed=0)
    assert error.value.message == (
        "classifier: broken_boost.Boost cannot be imported (libgomp.so.1 was not found)"
    )
