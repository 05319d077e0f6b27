"""`digits show` as a user runs it."""

import re
from pathlib import Path

from digits.io import parquet, tables
from digits.io.tables import OUT_OF_FOLD, PREDICTIONS, Vector
from digits.results import drawing
from tests import tiny

import numpy as np
import pytest
from PIL import Image

PIXELS, CLASSES = tiny.digits()


def run(project: Path, *arguments: str) -> list[str]:
    """Show images of the tiny dataset, and return the lines on standard output."""
    return tiny.run(["digits", "show", "tiny", *arguments], project, COLUMNS="80").stdout.splitlines()


def failure(project: Path, *arguments: str, status: int = 1) -> str:
    """Return the line of a wrong call, without what is before every error."""
    return tiny.failure(["digits", "show", *arguments], project, status).removeprefix("show: error: ")


def shown(lines: list[str]) -> list[tuple[int, int, str, int]]:
    """Return row, digit, prediction and probability in percent of each caption."""
    captions = re.findall(r"tiny (\d+): (\d), predicted ((?:not )?\w+) \((?:> )?(\d+) %\)", "\n".join(lines))
    return [(int(row), int(digit), name, int(percent)) for row, digit, name, percent in captions]


def write_predictions(project: Path, rows: list[int], labels: list[int], scores: list[float]) -> None:
    """Put predictions of the detector of fives in the place of its own."""
    values, predicted = np.array(scores), (np.array(scores) > 0).astype(np.uint8)
    columns: dict[str, Vector] = {
        "row": np.array(rows, np.uint32),
        "label": np.array(labels, np.uint8),
        "prediction": predicted,
    }
    table = tables.table(columns | tables.score_columns(values, [0, 1], "decision_function"))
    parquet.write(project / "data/predictions/five-sgd.parquet", table)


def test_digits_by_number_side_by_side(made: Path) -> None:
    caption, *lines = run(made, "7", "0-2")
    captions = re.findall(r"tiny (\d): (\d)", caption)
    assert [(int(row), int(digit)) for row, digit in captions] == [(row, CLASSES[row]) for row in (7, 0, 1, 2)]
    drawn = np.array([list(line.ljust(16)[:16]) for line in lines[:8]])[:, ::2]
    darkness = np.vectorize(drawing.SHADES.index)(drawn)
    assert darkness.tolist() == np.round(PIXELS[7].reshape(8, 8) / 16 * 9).astype(int).tolist()


def test_a_large_image_is_a_character_for_two_pixels(capsys: pytest.CaptureFixture[str]) -> None:
    image = np.zeros((1, 28, 28), np.uint8)
    image[0, 5, 3:6] = 255
    drawing.print_images(image, ["one"])
    caption, *lines = capsys.readouterr().out.splitlines()
    assert (caption, len(lines), lines[2]) == ("one", 14 + 1, "   @@@")


def test_by_label_the_first_or_others_each_time(made: Path) -> None:
    first, *drawn = (
        [int(row) for row in re.findall(r"tiny (\d+): 5", "\n".join(run(made, "--label", "5", option, "5")))]
        for option in ("--limit", "--random", "--random")
    )
    assert first == np.flatnonzero(CLASSES == 5)[:5].tolist()
    assert [len(set(each)) for each in drawn] == [5, 5]
    assert drawn[0] != drawn[1]  # but once in 10 million


def test_the_predictions_of_the_test_part_in_its_order(made: Path) -> None:
    table = parquet.read(made / "data/predictions/five-sgd.parquet", PREDICTIONS)
    y_pred = tables.column(table, "prediction")[:10]
    done = tiny.run("digits show tiny --predictions five-sgd", made)
    assert [each[:3] for each in shown(done.stdout.splitlines())] == [
        (300 + i, CLASSES[300 + i], ["not five", "five"][label]) for i, label in enumerate(y_pred)
    ]
    assert done.stderr == "show: the first 10 of 100; --limit N shows up to 1000\n"


def test_out_of_fold_predictions_by_number(made: Path) -> None:
    table = parquet.read(made / "data/crossval/five-sgd.parquet", OUT_OF_FOLD)
    names = dict(zip(tables.column(table, "row").tolist(), tables.column(table, "prediction").tolist(), strict=True))
    done = tiny.run("digits show tiny 15 5 --predictions five-sgd --part train", made)
    assert [each[:3] for each in shown(done.stdout.splitlines())] == [
        (row, CLASSES[row], ["not five", "five"][names[row]]) for row in (15, 5)
    ]
    assert done.stderr == ""


def test_mistakes_are_all_there_the_most_confident_first(made: Path) -> None:
    table = parquet.read(made / "data/predictions/digit-logreg.parquet", PREDICTIONS)
    rows, y_true, y_pred = (tables.column(table, name) for name in ["row", "label", "prediction"])
    wrong = y_pred != y_true
    scores = np.sort(tables.scores(table))
    order = np.argsort(-(scores[:, -1] - scores[:, -2])[wrong], kind="stable")
    expected = list(zip(*(column[wrong][order].tolist() for column in (rows, y_true, y_pred)), strict=True))
    assert expected
    done = tiny.run("digits show tiny --mistakes digit-logreg --limit 100", made)
    assert [(row, digit, int(name)) for row, digit, name, _ in shown(done.stdout.splitlines())] == expected
    assert done.stderr.startswith("show: not calibrated: digit-logreg has no folds")


def test_mistakes_of_two_classes_with_their_calibrated_probabilities(project: Path) -> None:
    (five, right), other = np.flatnonzero(CLASSES == 5)[:2].tolist(), int(np.flatnonzero(CLASSES != 5)[0])
    write_predictions(project, [five, other, right, 399], [1, 0, 1, 0], [-1.0, 2.0, 0.1, -0.1])
    [temperature] = re.findall(r"temperature,all,([\d.]+)", (project / "plots/five-sgd/figures.csv").read_text())
    probabilities = [round(100 / (1 + np.exp(-score / float(temperature)))) for score in (2.0, 1.0)]
    assert shown(run(project, "--mistakes", "five-sgd")) == [
        (other, CLASSES[other], "five", probabilities[0]),
        (five, 5, "not five", probabilities[1]),
    ]


def test_a_sheet(made: Path, tmp_path: Path) -> None:
    run(made, "0-29", "--png", str(tmp_path / "new" / "sheet.png"))
    with Image.open(tmp_path / "new" / "sheet.png") as sheet:
        assert sheet.format == "PNG"
        grey = np.asarray(sheet.convert("L"))
    assert grey.shape[1] <= 1300
    cell = grey[36 : 36 + 136, 16 : 16 + 136].reshape(8, 17, 8, 17)[:, 8, :, 8]
    assert cell.tolist() == (255 - PIXELS[0].reshape(8, 8).astype(int) * 255 // 16).tolist()


def test_what_is_in_a_dataset(made: Path) -> None:
    lines = run(made)
    assert lines[:3] == [
        "tiny: 400 images of 8 x 8",
        "columns: pixel1 to pixel64 (row by row, uint8), class",
        "pixels: 0 to 16",
    ]
    assert [int(line.split()[1]) for line in lines[6:]] == np.bincount(CLASSES).tolist()


def test_greys_in_a_terminal(made: Path) -> None:
    text = tiny.in_terminal("digits show tiny 0", made)
    assert text.count("\u2580") == 8 * 8 / 2
    assert "\x1b[38;5;" in text


@pytest.mark.parametrize(
    ("arguments", "status", "message"),
    [
        ("tinny 1", 2, "DATASET: there is no 'tinny'. Did you mean 'tiny'? Valid: tiny"),
        ("tiny 400", 2, "tiny has no image 400; allowed: 0 to 399"),
        ("tiny 5-3", 2, "'5-3' is neither a number such as 36001 nor a range such as 0-9"),
        ("tiny --label 12", 2, "--label: there is no '12'."),
        ("tiny 0 --label 5", 1, "no image matches"),
        ("tiny 15 --predictions five-sgd", 1, "not in the test part: 15; --part chooses the other"),
        ("tiny --predictions digit-logreg --part train", 1, "digit-logreg has no folds"),
    ],
)
def test_errors_are_one_line(made: Path, arguments: str, status: int, message: str) -> None:
    line = failure(made, *arguments.split(), status=status)
    assert line.startswith(message)
    assert len(line) < 200


def test_a_reader_that_has_seen_enough_is_no_failure(made: Path) -> None:
    done = tiny.run(["bash", "-o", "pipefail", "-c", "digits show tiny 0-399 | head -1"], made)
    assert done.stdout.startswith("tiny 0: ")
    assert done.stderr == ""


def test_what_is_missing_or_about_other_images_is_one_line(project: Path) -> None:
    write_predictions(project, [tiny.IMAGES], [1], [-1.0])
    line = failure(project, "tiny", "--mistakes", "five-sgd")
    assert line.startswith(f"data/predictions/five-sgd.parquet is about a row {tiny.IMAGES}")
    (project / "data/predictions/five-sgd.parquet").unlink()
    assert "`dvc repro evaluate@five-sgd`" in failure(project, "tiny", "--mistakes", "five-sgd")
    (project / "data/raw/tiny.parquet").unlink()
    assert "`dvc repro fetch@tiny`" in failure(project, "tiny", "1")
