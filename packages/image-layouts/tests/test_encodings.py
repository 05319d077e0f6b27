"""What a terminal or file in another encoding cannot show is printed as a question mark."""

import contextlib
from pathlib import Path

import pytest
from click.testing import CliRunner
from PIL import Image

from digits.commands import main
from tests.helpers import tiny
from tests.helpers.calls import call
from tests.helpers.variants import mark_variants

# They print a dash, an arrow, and blocks of a picture.
COMMANDS = {
    "leaderboard": ["leaderboard"],
    "compare": ["compare", "--between", "digit-logreg", "digit-logreg-2"],
    "predict": ["predict", "picture.png", "--model", "digit-logreg", "--show"],
}


@pytest.fixture(scope="module")
def project(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a tiny project with names that are not in ASCII. Do not change it."""
    project = tiny.copy(made, tmp_path_factory.mktemp("encodings") / "tiny")
    changes = {
        "tasks.five.positive": ["e"],
        "models.digit-logreg-2": tiny.params()["models"]["digit-logreg"],
        "datasets.tiny.sources": [{"files": "own"}],
    }
    tiny.edit(project, changes)
    classes = dict.fromkeys(["Łódź", *"abcdefghi"], 40)
    tiny.edit_summary(project, {"classes": classes, "sha256": {"files": ""}})
    for folder in ["data/predictions", "data/crossval"]:
        content = (project / folder / "digit-logreg.parquet").read_bytes()
        (project / folder / "digit-logreg-2.parquet").write_bytes(content)
    pixels, _ = tiny.digits()
    Image.fromarray(pixels[0].reshape(tiny.SHAPE)).save(project / "picture.png")
    return project


@pytest.mark.parametrize("encoding", mark_variants(["cp1252", "ascii", "latin-1"]))
@pytest.mark.parametrize("words", mark_variants(COMMANDS.values()), ids=COMMANDS)
def test_a_command_prints_in_another_encoding(
    project: Path, words: list[str], encoding: str
) -> None:
    expected = call(project, *words).stdout
    with contextlib.chdir(project):
        result = CliRunner(charset=encoding).invoke(main, words, env={"COLUMNS": "80"})
    assert result.exception is None
    assert result.stdout == expected.encode(encoding, "replace").decode(encoding)


def test_data_for_programs_stay_in_utf_8(project: Path) -> None:
    words = "predict picture.png --model digit-logreg --submission ImageId,Label"
    with contextlib.chdir(project):
        result = CliRunner(charset="cp1252").invoke(main, words.split())
    assert result.stdout_bytes.decode("utf-8") == "ImageId,Label\npicture.png,Łódź\n"
