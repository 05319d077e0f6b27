"""`python -m tools.show` as a user runs it."""

import argparse
import os
import re
import subprocess
import sys
from pathlib import Path

from digits.commands import show
from digits.io import parquet, tables
from digits.io.tables import OUT_OF_FOLD, PREDICTIONS, Pixels, Vector
from digits.results import drawing
from digits.results import images as rows
from digits.support.errors import ParameterError
from tests import tiny

import numpy as np
import pytest
from PIL import Image

PIXELS, CLASSES = tiny.digits()
SHOW = ["python", "-m", "tools.show", "tiny"]


def run(project: Path, *arguments: str, status: int = 0) -> list[str]:
    done = tiny.run([sys.executable, "-m", "tools.show", *arguments], project, status=status, COLUMNS="80")
    return (done.stderr if status else done.stdout).splitlines()


def choose(dataset: str, *numbers: str, limit: int | None = None) -> Pixels:
    """Choose digits by their numbers, in this process."""
    images = rows.read(dataset)
    arguments = argparse.Namespace(numbers=numbers, random=None, label=None, mistakes=None, limit=limit)
    return drawing.brightened(images.pixels(show.choose(images, arguments)))


def shown(lines: list[str]) -> list[tuple[int, int, str, int]]:
    """Return row, digit, prediction and probability in percent of each caption."""
    captions = re.findall(r"tiny (\d+): (\d), predicted ((?:not )?\w+) \((?:> )?(\d+) %\)", "\n".join(lines))
    return [(int(row), int(digit), name, int(percent)) for row, digit, name, percent in captions]


def write_predictions(project: Path, rows: list[int], labels: list[int], scores: list[float]) -> None:
    """Put predictions of the detector of fives in the place of its own."""
    columns: dict[str, Vector] = {
        "row": np.array(rows, np.uint32),
        "label": np.array(labels, np.uint8),
        "prediction": (np.array(scores) > 0).astype(np.uint8),
        "score": np.array(scores),
    }
    table = tables.table(columns, classes=[0, 1], method="decision_function", threshold=0, positive=[5])
    parquet.write(project / "data/predictions/five-sgd.parquet", table)


def test_a_digit_by_number(made: Path) -> None:
    caption, *lines = run(made, "tiny", "7")
    assert caption == f"tiny 7: {CLASSES[7]}"
    drawn = np.array([list(line.ljust(16)) for line in lines[:8]])[:, ::2]
    darkness = np.vectorize(drawing.SHADES.index)(drawn)
    assert darkness.tolist() == np.round(PIXELS[7].reshape(8, 8) / 16 * 9).astype(int).tolist()


def test_a_range_side_by_side(made: Path) -> None:
    captions = [line for line in run(made, "tiny", "0-5") if "tiny" in line]
    assert len(captions) == 2
    found = re.findall(r"tiny (\d): (\d)", " ".join(captions))
    assert [(int(row), int(digit)) for row, digit in found] == list(enumerate(CLASSES[:6].tolist()))


def test_a_large_image_is_a_character_for_two_pixels() -> None:
    image = np.zeros((1, 28, 28), np.uint8)
    image[0, 5, 3:6] = 255
    caption, *lines = drawing.in_terminal(image, ["one"], 80, colour=False)
    assert (caption, len(lines), lines[2]) == ("one", 14 + 1, "   @@@")


def test_random_ones_are_others_each_time(made: Path) -> None:
    drawn = [re.findall(r"tiny (\d+): 5", " ".join(run(made, "tiny", "--random", "5", "--label", "5"))) for _ in "12"]
    assert [len(set(each)) for each in drawn] == [5, 5]
    assert drawn[0] != drawn[1]  # but once in 10 million


def test_by_label(made: Path) -> None:
    text = " ".join(run(made, "tiny", "--label", "3", "--limit", "4"))
    assert [int(row) for row in re.findall(r"tiny (\d+): 3", text)] == np.flatnonzero(CLASSES == 3)[:4].tolist()


def test_the_predictions_of_the_test_part_in_its_order(made: Path) -> None:
    recognizer = tiny.run(
        [sys.executable, "-m", "tools.predict", "--row", "tiny", "300-309", "--model", "five-sgd"], made
    )
    expected = [line.rpartition(",")[0] for line in recognizer.stdout.splitlines()[:10]]
    done = tiny.run([sys.executable, "-m", "tools.show", "tiny", "--predictions", "five-sgd"], made, COLUMNS="1")
    assert [line for line in done.stdout.splitlines() if "tiny" in line] == expected
    assert done.stderr == "show: the first 10 of 100; --limit 20 shows more\n"


def test_out_of_fold_predictions_by_number(made: Path) -> None:
    table = parquet.read(made / "data/crossval/five-sgd.parquet", OUT_OF_FOLD)
    names = dict(zip(tables.column(table, "row").tolist(), tables.column(table, "prediction").tolist(), strict=True))
    command = [
        sys.executable,
        "-m",
        "tools.show",
        "tiny",
        "301",
        "15",
        "5",
        "--predictions",
        "five-sgd",
        "--part",
        "train",
    ]
    done = tiny.run(command, made)
    assert [each[:3] for each in shown(done.stdout.splitlines())] == [
        (row, CLASSES[row], ["not five", "five"][names[row]]) for row in (15, 5)
    ]
    assert done.stderr == "show: not in the training part: 301; --part test shows them\n"
    [line] = run(made, "tiny", "15", "--predictions", "five-sgd", status=1)
    assert line == "show: error: not in the test part: 15; --part train shows them"
    [line] = run(made, "tiny", "--predictions", "digit-logreg", "--part", "train", status=1)
    assert line.startswith("show: error: digit-logreg has no folds")


def test_mistakes_are_all_there_the_most_confident_first(made: Path) -> None:
    table = parquet.read(made / "data/predictions/digit-logreg.parquet", PREDICTIONS)
    rows, y_true, y_pred = (tables.column(table, name) for name in ["row", "label", "prediction"])
    wrong = y_pred != y_true
    scores = np.sort(tables.scores(table))
    order = np.argsort(-(scores[:, -1] - scores[:, -2])[wrong], kind="stable")
    expected = list(zip(*(column[wrong][order].tolist() for column in (rows, y_true, y_pred)), strict=True))
    assert expected
    done = tiny.run([*SHOW, "--mistakes", "digit-logreg", "--limit", "100"], made)
    assert [(row, digit, int(name)) for row, digit, name, _ in shown(done.stdout.splitlines())] == expected
    assert done.stderr.startswith("show: not calibrated: digit-logreg has no folds")


def test_mistakes_of_two_classes_with_their_calibrated_probabilities(project: Path) -> None:
    five, other = int(np.flatnonzero(CLASSES == 5)[0]), int(np.flatnonzero(CLASSES != 5)[0])
    write_predictions(project, [five, other, 399], [1, 0, 0], [-1.0, 2.0, -9.0])
    [temperature] = re.findall("temperature,all,(.*)", (project / "plots/five-sgd/figures.csv").read_text())
    probabilities = [round(100 / (1 + np.exp(-score / float(temperature)))) for score in (2.0, 1.0)]
    assert shown(run(project, "tiny", "--mistakes", "five-sgd")) == [
        (other, CLASSES[other], "five", probabilities[0]),
        (five, 5, "not five", probabilities[1]),
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
        (["tiny", "400"], 2, "tiny has no image 400; allowed: 0 to 399"),
        (["tiny", "5-3"], 2, "'5-3' is neither a number such as 36001 nor a range such as 0-9"),
        (["tiny", "--label", "12"], 2, "--label: there is no '12'."),
        (["tiny", "--mistakes", "five-sdg"], 2, "--mistakes: there is no 'five-sdg'. Did you mean 'five-sgd'?"),
        (["tiny", "0", "--label", "5"], 1, "no image is like that"),
        (["tiny", "0-" + "9" * 5000], 2, "'0-99999"),
    ],
)
def test_errors_are_one_line(made: Path, arguments: list[str], status: int, message: str) -> None:
    [line] = run(made, *arguments, status=status)
    assert line.startswith(f"show: error: {message}")
    assert len(line) < 200


@pytest.mark.parametrize(("limit", "count"), [(None, 400), (51, 51)])
def test_too_many_at_a_time(made: Path, monkeypatch: pytest.MonkeyPatch, limit: int | None, count: int) -> None:
    monkeypatch.chdir(made)
    monkeypatch.setattr(show, "LIMIT", 50)
    with pytest.raises(ParameterError, match=f"^{count} images are too many at a time; --limit N shows .*, up to 50$"):
        choose("tiny", "0-399", limit=limit)


def test_missing_files_say_which_stage_makes_them(project: Path) -> None:
    (project / "data/predictions/five-sgd.parquet").unlink()
    [line] = run(project, "tiny", "--mistakes", "five-sgd", status=1)
    assert "`dvc repro evaluate@five-sgd`" in line
    (project / "data/raw/tiny.parquet").unlink()
    [line] = run(project, "tiny", "1", status=1)
    assert "`dvc repro fetch@tiny`" in line
