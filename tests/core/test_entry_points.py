"""Another package adds a subcommand, a kind of source and a predictor by its entry points."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from digits.entry_points import find_entry_points
from tests.helpers import tiny
from tests.helpers.calls import call, failure, import_anew

ENTRY_POINTS = """\
[digits.commands]
say-hello = greeting.command

[digits.sources]
greeting = greeting.source

[digits.predictors]
greeting = greeting.predictor:Greeting
"""

COMMAND = '''\
"""Say hello.

This module imports nothing that the help needs.
"""

import click

print("imported")


@click.command()
def command():
    """Say hello."""
    print("hello")
'''

SOURCE = """\
from digits.sources import Source
from digits.sources import idx


def open_greeting(place, dataset):
    return idx.source.open(place.upper(), dataset)


source = Source(open_greeting, needs_internet=True)
"""

PREDICTOR = """\
from digits.predicting.prediction import Prediction
from digits.predicting.predictor import Predictor


class Greeting(Predictor):
    @classmethod
    def suits(cls, dataset):
        return "greeting" in dataset.sources[0]

    def predict(self, source):
        return [Prediction("hello", 1.0, [], None)]
"""


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """Return a folder of packages, as pip writes it, with the package `greeting` in it.

    Python looks for packages in this folder, too.
    """
    folder = tmp_path / "packages"
    metadata = folder / "greeting-1.0.dist-info"
    metadata.mkdir(parents=True)
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: greeting\nVersion: 1.0\n")
    (metadata / "entry_points.txt").write_text(ENTRY_POINTS)
    package = folder / "greeting"
    package.mkdir()
    modules = {"__init__": "", "command": COMMAND, "source": SOURCE, "predictor": PREDICTOR}
    for name, code in modules.items():
        (package / f"{name}.py").write_text(code)
    monkeypatch.syspath_prepend(folder)
    find_entry_points.cache_clear()
    with import_anew("greeting"):
        yield folder
    find_entry_points.cache_clear()


@pytest.mark.usefixtures("packages")
def test_a_subcommand_is_listed_without_an_import(tmp_path: Path) -> None:
    help_text = call(tmp_path, "--help").stdout
    assert "  say-hello    Say hello.\n" in help_text
    assert "imported" not in help_text
    assert call(tmp_path, "say-hello").stdout == "imported\nhello\n"


@pytest.mark.usefixtures("packages")
def test_a_source_is_fetched_and_its_pictures_are_predicted(project: Path) -> None:
    dataset = tiny.dataset({"greeting": "idx"})
    tiny.edit(project, {"datasets.tiny": dataset})
    (project / "idx").rename(project / "IDX")
    (project / "data/raw/tiny.parquet").unlink()
    call(project, "fetch", "tiny")
    assert (project / "data/raw/tiny.parquet").exists()
    printed = call(project, "predict", "--model", "digit-logreg", "some.jpg").stdout
    assert printed == "some.jpg: predicted hello (> 99 %)\n"


def test_without_its_package_a_network_is_refused_in_one_line(
    tmp_path: Path, packages: Path
) -> None:
    # Python finds this metadata, which names no entry points, before that of the package.
    metadata = packages / "picture_networks-0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: picture-networks\n")
    tiny.edit(tmp_path, {"datasets.tiny.network": "efficientnet_lite0"})
    line = (
        "params.yaml: datasets.tiny: the key `network` needs the package picture-networks; run "
    )
    assert failure(tmp_path, "check").startswith(f"Error: {line}")
