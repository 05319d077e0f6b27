"""`digits predict` with models of digits, of 8 × 8 pixels."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from digits.predicting.prediction import PicturePrediction
from digits_handwriting.boxes import place_marks
from digits_handwriting.prediction import DigitPrediction
from tests.helpers import tiny
from tests.helpers.calls import call, failure


@pytest.fixture(scope="module")
def place(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the tiny project with pictures of its digits. Do not change it."""
    project = tiny.copy(made, tmp_path_factory.mktemp("predict") / "tiny")
    pixels, _ = tiny.digits()
    five = 255 - pixels[15].reshape(tiny.SHAPE) * 15
    Image.fromarray(five).save(project / "five.png")
    line = [
        np.kron(np.pad(pixels[row].reshape(tiny.SHAPE), 2), np.ones((6, 6), np.uint8))
        for row in (3, 6, 0)
    ]
    Image.fromarray(255 - np.hstack(line) * 15).save(project / "line.png")
    Image.new("L", (50, 50), 255).save(project / "blank.png")
    for name, source in [("3/line", "line"), ("5/five", "five"), ("6/blank", "blank")]:
        (project / f"own/{name}.png").parent.mkdir(parents=True)
        shutil.copy(project / f"{source}.png", project / f"own/{name}.png")
    return project


BOX = ["x", "y", "width", "height"]


def read_json(project: Path, *words: str) -> list[dict[str, Any]]:
    """Return what `digits predict --format json` prints."""
    text = call(project, "predict", "--format", "json", *words).stdout
    records: list[dict[str, Any]] = json.loads(text)
    return records


def test_digits_are_read_line_by_line_of_standard_input_too(place: Path) -> None:
    content = (place / "line.png").read_bytes()
    done = call(place, "predict", "--show", "-", "blank.png", stdin=content, status=1)
    line, *image = done.stdout.splitlines()
    assert re.fullmatch(r"-: predicted 3 6 0 \(\d+ %, \d+ %, \d+ %\)", line)
    assert len(image) == 8 + 1  # the digits are side by side
    chosen, blank, _ = done.stderr.splitlines()
    assert chosen == "the model is digit-logreg; --model chooses another"
    assert blank == "blank.png: the picture is blank"


def test_json_gives_digit_probability_and_box_in_reading_order(place: Path) -> None:
    digits = read_json(place, "line.png")
    assert [digit["label"] for digit in digits] == [3, 6, 0]
    for index, digit in enumerate(digits):
        assert (digit["file"], digit["model"]) == ("line.png", "digit-logreg")
        assert digit["unlike"] is False
        shares = [digit["probability"], *(digit[f"probability_{rank}"] for rank in (2, 3, 4))]
        assert 1 >= shares[0] >= shares[1] >= shares[2] >= shares[3] > 0
        x, y, width, height = (digit[key] for key in BOX)
        assert 72 * index < x < x + width < 72 * (index + 1)
        assert (y, height) == (12, 48)


def test_a_detector_names_its_labels(place: Path) -> None:
    files = ["five.png", "line.png"]
    done = call(place, "predict", "--model", "five-sgd", *files).stdout
    five, line = done.splitlines()
    assert re.fullmatch(r"five\.png: predicted 5 \(\d+ %.*\)", five)
    assert line.startswith("line.png: predicted not 5, not 5, not 5 (")
    [digit] = read_json(place, "--model", "five-sgd", "five.png")
    assert (digit["label"], digit["unlike"]) == ("5", False)
    # The scores of stochastic gradient descent go to hundreds.
    assert 0.5 <= digit["probability"] < 1


def test_no_digit_or_several_are_mistakes(place: Path, tmp_path: Path) -> None:
    png = tmp_path / "mistakes.png"
    lines = call(place, "predict", "own", "--png", str(png), status=1).stdout.splitlines()
    assert lines[0].startswith(f"{Path('own/3/line.png')}: 3, predicted 3 6 0 (")
    table = [" ".join(line.split()) for line in lines[2:7]]
    assert table == ["predicted 5 not found several", "actual", "3 0 0 1", "5 1 0 0", "6 0 1 0"]
    assert lines[-1].startswith("digit-logreg: 1 of 3 right, accuracy 0.3333 (")
    with Image.open(png) as sheet:
        assert sheet.mode == "L"  # the digits, and not the picture with boxes
        assert sheet.width > 3 * 140


@pytest.mark.parametrize("n_times", [1, pytest.param(12, marks=pytest.mark.variant)])
def test_png_has_the_picture_with_a_box_and_a_label_for_each_digit(
    place: Path, tmp_path: Path, n_times: int
) -> None:
    file, png = tmp_path / "line.png", tmp_path / "out" / "read.png"
    with Image.open(place / "line.png") as line:
        line.resize((n_times * line.width, n_times * line.height)).save(file)
    done = call(place, "predict", str(file), "--png", str(png))
    assert ": predicted 3 6 0 (" in done.stdout
    assert [path.name for path in png.parent.iterdir()] == ["read.png"]
    reduced = 2 if n_times > 1 else 1  # a large picture is reduced
    with Image.open(png) as drawn:
        assert drawn.width == n_times * line.width // reduced
        is_colored = np.ptp(np.asarray(drawn).astype(int), axis=2) > 0
    for digit in read_json(place, str(file)):
        x, y, width, height = (digit[key] // reduced for key in BOX)
        lower_half = slice(y + height // 2, y + height)  # the label is in the upper half
        assert is_colored[lower_half, x - 3].all()
        assert is_colored[lower_half, x + width + 3].all()
        assert is_colored[:y, x : x + width].any()
        inside = slice(x + width // 4, x + width * 3 // 4)
        assert not is_colored[y + height // 2 : y + height * 3 // 4, inside].any()


def test_a_png_that_cannot_be_written_is_left_as_it_was(place: Path, tmp_path: Path) -> None:
    png = tmp_path / "read.png"
    png.write_bytes(b"mine")
    blank = call(place, "predict", "blank.png", "--png", str(png), status=1)
    assert "blank.png: the picture is blank" in blank.stderr
    assert f"{png} was not written" in blank.stderr
    assert png.read_bytes() == b"mine"
    damaged = tmp_path / "file"
    damaged.touch()
    failed = call(place, "predict", "line.png", "--png", str(damaged / "x.png"), status=1)
    assert "Error: " in failed.stderr


def test_a_model_of_whole_pictures_has_no_drawing_page(project: Path) -> None:
    tiny.edit(project, {"datasets.tiny.sources": [{"files": "own"}]})
    assert failure(project, "draw", "--model", "digit-logreg") == (
        "Error: digit-logreg classifies whole pictures; choose a --model of digits"
    )


def make_digit(height: int, x: int = 300, y: int = 200) -> DigitPrediction:
    """Return the prediction of a flagged digit at some place."""
    image = np.zeros((8, 8), np.uint8)
    return DigitPrediction(5, 0.9, [], image, (x, y, 10, height), is_novel=True)


def test_marks_follow_the_median_height_and_the_scale_of_the_picture() -> None:
    first, *others = place_marks([make_digit(height) for height in (120, 160, 900)], scale=2)
    assert (first.left, first.top) == (150 - 3, 100 - 3)
    assert (first.width, first.height) == (5 + 6, 60 + 6)
    assert {mark.label_height for mark in [first, *others]} == {40}  # half of 160 / 2
    assert first.line_width == 3
    assert (first.label_left, first.label_top) == (147, 97 - 1.3 * 40)
    [small] = place_marks([make_digit(20)])
    assert (small.label_height, small.line_width) == (12, 1)
    [in_corner] = place_marks([make_digit(28, 3, 2)])
    assert (in_corner.label_left, in_corner.label_top) == (0, 0)  # inside the picture


def test_a_flag_is_not_part_of_the_label() -> None:
    picture = PicturePrediction("5.png", "5", [make_digit(20)])
    assert (picture.predicted, picture.predictions[0].text) == ("5", "5?")
