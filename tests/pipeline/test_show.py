"""`python -m tools.show` as a user runs it."""

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from digits.common import parquet, tables
from digits.common.errors import ParameterError
from digits.common.parameters import Parameters
from digits.common.tables import PREDICTIONS, Pixels, Vector
from tests import tiny
from tools import drawing, show

PIXELS, CLASSES = tiny.digits()


def run(project: Path, *arguments: str, status: int = 0) -> list[str]:
    done = tiny.run([sys.executable, "-m", "tools.show", *arguments], project, status=status, COLUMNS="80")
    return (done.stderr if status else done.stdout).splitlines()


def choose(dataset: str, *numbers: str, limit: int | None = None) -> Pixels:
    """Choose digits by their numbers, in this process."""
    arguments = argparse.Namespace(numbers=numbers, random=None, label=None, mistakes=None, limit=limit)
    return show.choose(show.read(dataset), arguments, Parameters({}))[0]


def write_predictions(project: Path, rows: list[int], labels: list[int], scores: list[float]) -> None:
    """Put predictions of the detector of fives in the place of its own."""
    columns: dict[str, Vector] = {
        "row": np.array(rows, np.uint32),
        "label": np.array(labels, np.uint8),
        "prediction": (np.array(scores) > 0).astype(np.uint8),
        "score": np.array(scores),
    }
    table = tables.table(columns, classes=[0, 1], method="decision_function", positive=[5])
    parquet.write(project / "data/predictions/five-sgd.parquet", table)


def test_a_digit_by_number(made: Path) -> None:
    caption, *lines = run(made, "tiny", "7")
    assert caption == f"tiny 7 is a {CLASSES[7]}"
    drawn = np.array([list(line.ljust(16)) for line in lines[:8]])[:, ::2]
    darkness = np.vectorize(drawing.SHADES.index)(drawn)
    assert darkness.tolist() == np.round(PIXELS[7].reshape(8, 8) / 16 * 9).astype(int).tolist()


def test_a_range_side_by_side(made: Path) -> None:
    captions = [line for line in run(made, "tiny", "0-5") if "tiny" in line]
    assert len(captions) == 2
    shown = re.findall(r"tiny (\d) is a (\d)", " ".join(captions))
    assert [(int(row), int(digit)) for row, digit in shown] == list(enumerate(CLASSES[:6].tolist()))


def test_at_random_by_seed(made: Path) -> None:
    def rows(*arguments: str) -> list[str]:
        return re.findall(r"tiny (\d+)", " ".join(run(made, "tiny", *arguments)))

    assert rows("--random", "5") == rows("--random", "5", "--seed", "42")
    assert rows("--random", "5") != rows("--random", "5", "--seed", "43")
    assert len(set(rows("--random", "5"))) == 5


def test_by_label(made: Path) -> None:
    text = " ".join(run(made, "tiny", "--label", "3", "--limit", "4"))
    assert [int(row) for row in re.findall(r"tiny (\d+) is a 3", text)] == np.flatnonzero(CLASSES == 3)[:4].tolist()


def test_mistakes_are_all_there_the_most_confident_first(made: Path) -> None:
    table = parquet.read(made / "data/predictions/digit-logreg.parquet", PREDICTIONS)
    rows, y_true, y_pred = (tables.column(table, name) for name in ["row", "label", "prediction"])
    wrong = y_pred != y_true
    scores = np.sort(tables.scores(table))
    order = np.argsort(-(scores[:, -1] - scores[:, -2])[wrong], kind="stable")
    expected = list(zip(*(column[wrong][order].tolist() for column in (rows, y_true, y_pred)), strict=True))
    assert expected
    text = "\n".join(run(made, "tiny", "--mistakes", "digit-logreg", "--limit", "100"))
    captions = re.findall(r"row (\d+): is (\d), predicted as (\d)", text)
    assert [tuple(map(int, caption)) for caption in captions] == expected


def test_mistakes_of_yes_and_no(project: Path) -> None:
    five, other = int(np.flatnonzero(CLASSES == 5)[0]), int(np.flatnonzero(CLASSES != 5)[0])
    write_predictions(project, [five, other, 399], [1, 0, 0], [-1.0, 2.0, -9.0])
    text = " ".join(run(project, "tiny", "--mistakes", "five-sgd"))
    assert re.findall(r"row .*?five", text) == [
        f"row {other}: is {CLASSES[other]}, predicted as five",
        f"row {five}: is 5, predicted as not five",
    ]


def test_mistakes_about_images_that_are_not_there_are_one_line(project: Path) -> None:
    write_predictions(project, [tiny.IMAGES], [1], [-1.0])
    [line] = run(project, "tiny", "--mistakes", "five-sgd", status=1)
    assert line.startswith(f"show: error: data/predictions/five-sgd.parquet is about a row {tiny.IMAGES}")


def test_the_brightest_of_the_images_shown_is_full_ink(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pixels = np.full((parquet.ROW_GROUP + 1, 2), [0, 16], np.uint8)
    pixels[-1] = 0, 255  # in a row group of its own
    classes = np.zeros(len(pixels), np.uint8)
    parquet.write(tmp_path / "data/raw/two.parquet", tables.image_table(pixels, classes, (1, 2)))
    monkeypatch.chdir(tmp_path)
    assert choose("two", "0", "10000").tolist() == [[[0, 16]], [[0, 255]]]
    assert choose("two", "0").tolist() == [[[0, 255]]]


def test_a_sheet(made: Path, tmp_path: Path) -> None:
    run(made, "tiny", "0-29", "--png", str(tmp_path / "new" / "sheet.png"))
    with Image.open(tmp_path / "new" / "sheet.png") as sheet:
        assert sheet.format == "PNG"
        grey = np.asarray(sheet.convert("L"))
    assert grey.shape[1] <= 1300
    cell = grey[36 : 36 + 136, 16 : 16 + 136].reshape(8, 17, 8, 17)[:, 8, :, 8]
    assert cell.tolist() == (255 - PIXELS[0].reshape(8, 8).astype(int) * 255 // 16).tolist()


@pytest.mark.parametrize("arguments", [[], ["--describe"]])
def test_what_is_in_a_dataset(made: Path, arguments: list[str]) -> None:
    lines = run(made, "tiny", *arguments)
    assert lines[:3] == [
        "tiny: 400 images of 8 x 8",
        "columns: pixel1 to pixel64 (row by row, uint8), class",
        "pixels: 0 (paper) to 16 (ink)",
    ]
    assert [int(line.split()[1]) for line in lines[5:]] == np.bincount(CLASSES).tolist()


@pytest.mark.skipif(sys.platform == "win32", reason="needs a pseudo-terminal")
def test_greys_in_a_terminal(made: Path) -> None:
    import pty  # not on Windows

    outer, inner = pty.openpty()
    command = [sys.executable, "-m", "tools.show", "tiny", "0"]
    subprocess.run(command, cwd=made, stdout=inner, env={**os.environ, "TERM": "xterm"}, check=True)
    os.close(inner)
    text = b""
    while b"\r\n\r\n" not in text:
        text += os.read(outer, 65536)
    os.close(outer)
    assert text.decode().count("\u2580") == 8 * 8 / 2
    assert "\x1b[38;5;" in text.decode()


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        (["tinny", "1"], 2, "DATASET: there is no 'tinny'. Did you mean 'tiny'? Valid: tiny"),
        (["tiny", "400"], 2, "tiny has no digit 400; the last is 399"),
        (["tiny", "5-3"], 2, "'5-3' is neither a number such as 36001 nor a range such as 0-9"),
        (["tiny", "--label", "12"], 2, "--label: there is no '12'."),
        (["tiny", "--mistakes", "five-sdg"], 2, "--mistakes: there is no 'five-sdg'. Did you mean 'five-sgd'?"),
        (["tiny", "0", "--label", "5"], 1, "no digit is like that"),
        (["tiny", "0-" + "9" * 5000], 2, "'0-99999"),
    ],
)
def test_errors_are_one_line(made: Path, arguments: list[str], status: int, message: str) -> None:
    [line] = run(made, *arguments, status=status)
    assert line.startswith(f"show: error: {message}")
    assert len(line) < 200


@pytest.mark.parametrize(
    ("limit", "message"),
    [
        (None, "400 digits are too many; at most 50 at a time, --limit N shows the first"),
        (51, "--limit 51 is too large; at most 50 digits at a time"),
    ],
)
def test_too_many_at_a_time(made: Path, monkeypatch: pytest.MonkeyPatch, limit: int | None, message: str) -> None:
    monkeypatch.chdir(made)
    monkeypatch.setattr(show, "LIMIT", 50)
    with pytest.raises(ParameterError, match=f"^{message}$"):
        choose("tiny", "0-399", limit=limit)


def test_missing_files_say_which_stage_makes_them(project: Path) -> None:
    (project / "data/predictions/five-sgd.parquet").unlink()
    [line] = run(project, "tiny", "--mistakes", "five-sgd", status=1)
    assert "`dvc repro evaluate@five-sgd`" in line
    (project / "data/raw/tiny.parquet").unlink()
    [line] = run(project, "tiny", "1", status=1)
    assert "`dvc repro fetch@tiny`" in line
