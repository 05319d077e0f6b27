"""`digits predict`, with a ten-class model and a detector of fives, 8 × 8 each."""

import json
import os
import re
import shutil
from pathlib import Path

from digits.core.errors import UserError
from digits.evaluation.metrics import confidence_interval
from digits.handwriting.recognizer import Recognizer
from tests.helpers import tiny
from tests.helpers.calls import call, failure

import numpy as np
import pytest
from PIL import Image

RIGHT = {
    "scans/0.png": 0,
    "scans/3.png": 3,
    "five.png": 5,
    "scans/6.png": 6,
}  # labelled pictures, and mistakes
WRONG = {"scans/7.png": 0, "line.png": 3, "bad.png": 5, "blank.png": 6}


@pytest.fixture(scope="module")
def place(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the tiny project with pictures of its first ten digits. Not to be changed."""
    project = tiny.copy(made, tmp_path_factory.mktemp("predict") / "tiny")
    pixels, _ = tiny.digits()
    (project / "scans/old").mkdir(parents=True)
    (project / "scans/.DS_Store").touch()
    for i in range(10):
        Image.fromarray(255 - pixels[i].reshape(8, 8) * 15).save(project / "scans" / f"{i}.png")
    Image.fromarray(255 - pixels[15].reshape(8, 8) * 15).save(project / "five.png")
    line = [
        np.kron(np.pad(pixels[i].reshape(8, 8), 2), np.ones((6, 6), np.uint8))
        for i in (3, 6, 0)
    ]
    Image.fromarray(255 - np.hstack(line) * 15).save(project / "line.png")
    (project / "scans" / "notes.txt").write_text("no picture")
    (project / "bad.png").write_bytes(b"no picture")
    Image.new("L", (50, 50), 255).save(project / "blank.png")
    (project / "empty").mkdir()
    for source, digit in (RIGHT | WRONG).items():
        (project / "own" / str(digit)).mkdir(parents=True, exist_ok=True)
        shutil.copy(project / source, project / "own" / str(digit))
    return project


def test_a_folder_gives_a_line_a_picture_sorted_and_mostly_right_and_names_what_is_left_out(
    place: Path,
) -> None:
    done = call(place, "predict", "scans")
    lines = done.stdout.splitlines()
    assert [line.split(":")[0] for line in lines] == [
        str(Path("scans", f"{i}.png")) for i in range(10)
    ]
    right = [
        line.split(": ", 1)[1].startswith(f"predicted {i} (") for i, line in enumerate(lines)
    ]
    assert sum(right) >= 8  # the first ten images show 0 to 9
    assert all(line.endswith(" %)") for line in lines)
    assert "scans: no pictures, left out: notes.txt, old\n" in done.stderr


def test_json_gives_digit_probability_and_box_in_reading_order(place: Path) -> None:
    answer = json.loads(call(place, "predict", "--json", "line.png").stdout)
    assert list(answer) == ["file", "model", "digits"]
    assert (answer["file"], answer["model"]) == ("line.png", "digit-logreg")
    assert [digit["label"] for digit in answer["digits"]] == [3, 6, 0]
    for i, digit in enumerate(answer["digits"]):
        assert list(digit) == ["label", "unlike", "probability", "runners_up", "box"]
        shares = [digit["probability"], *(each["probability"] for each in digit["runners_up"])]
        assert 1 >= shares[0] >= shares[1] >= shares[2] >= shares[3] > 0
        x, y, width, height = digit["box"]
        assert 72 * i < x < x + width < 72 * (i + 1)
        assert (y, height) == (12, 48)


def test_bad_pictures_are_named_and_the_good_are_read(place: Path, tmp_path: Path) -> None:
    files = ["bad.png", "line.png", "no.png", "blank.png"]
    done = call(place, "predict", *files, status=1)
    assert re.fullmatch(r"line\.png: predicted 3 6 0 \(\d+ %, \d+ %, \d+ %\)\n", done.stdout)
    chosen, *errors = done.stderr.splitlines()
    assert chosen == "digit-logreg: the only trained model of the task digit"
    named = [line.split(": ")[0] for line in errors]
    assert named == ["bad.png", "no.png", "blank.png", "not calibrated"]
    refused = call(place, "predict", "empty", "own", "line.png", status=1)
    folder = "there are no pictures in this folder, and no subfolder for each class"
    assert refused.stderr.splitlines()[1:3] == [f"empty: {folder}", f"own: {folder}"]
    bad, good, *_ = map(
        json.loads, call(place, "predict", "--json", *files, status=1).stdout.splitlines()
    )
    assert list(bad) == ["file", "model", "error"]
    assert "not a picture" in bad["error"]
    assert len(good["digits"]) == 3


def test_a_folder_with_a_subfolder_for_each_digit_is_measured(
    place: Path, tmp_path: Path
) -> None:
    sheet = tmp_path / "mistakes.png"
    lines = call(place, "predict", "own", "--png", str(sheet)).stdout.splitlines()
    low, high = confidence_interval(np.repeat([True, False], 4)) or (0, 1)
    assert (
        lines[-1]
        == f"digit-logreg: 4 of 8 right, accuracy 0.5000 (95 %: {low:.4f} to {high:.4f})"
    )
    reasons = (
        "0, predicted 7 (",
        "3, predicted 3 6 0 (",
        "5, not a picture",
        "6, the picture is blank",
    )
    for line, name, reason in zip(
        lines, ("0/7.png", "3/line.png", "5/bad.png", "6/blank.png"), reasons, strict=False
    ):
        assert line.startswith(f"{Path('own', name)}: {reason}")
    assert [" ".join(line.split()) for line in lines[5:11]] == [
        "predicted 0 3 5 6 7 not found several",
        "actual",
        "0 1 0 0 0 1 0 0",
        "3 0 1 0 0 0 0 1",
        "5 0 0 1 0 0 1 0",
        "6 0 0 0 1 0 1 0",
    ]
    with Image.open(sheet) as image:
        assert image.width > 4 * 140
    shown = call(place, "predict", "own", "--show").stdout  # with the sheet's captions
    for caption in (
        r"0/7\.png, predicted 7 \(\d+ %; ",
        r"3/line\.png, predicted 3 6 0 \(",
        r"5/bad\.png, not found",
    ):
        assert re.search(caption, shown)
    *each, total = map(json.loads, call(place, "predict", "--json", "own").stdout.splitlines())
    assert sum(line["right"] for line in each) == total["right"] == 4
    assert [line["actual"] for line in each] == [0, 0, 3, 3, 5, 5, 6, 6]
    assert total["interval"] == [round(low, 6), round(high, 6)]


def test_the_name_of_a_file_is_printed_without_what_disturbs_a_terminal(
    place: Path, tmp_path: Path
) -> None:
    file = (
        tmp_path / "own/3" / os.fsdecode(b"\xff\x1b[2J\n.png")
    )  # it is no UTF-8, and clears the screen
    file.parent.mkdir(parents=True)
    shutil.copy(place / "line.png", file)
    printed = file.with_name("[2J .png")
    [line] = call(place, "predict", str(file)).stdout.splitlines()
    assert line.startswith(f"{printed}: predicted 3 6 0 (")
    measured = call(place, "predict", str(tmp_path / "own"), "--show").stdout
    assert measured.startswith(f"{printed}: 3, predicted 3 6 0 (")
    assert "\x1b" not in measured
    each, _ = map(
        json.loads, call(place, "predict", "--json", str(tmp_path / "own")).stdout.splitlines()
    )
    assert each["file"] == str(file)


def test_a_detector_is_measured_and_what_it_was_trained_on_is_said(
    project: Path, place: Path
) -> None:
    shutil.copytree(place / "own", project / "own")
    tiny.edit(project, {"datasets.tiny.sources": [{"handwriting": "own"}, {"idx": "idx"}]})
    done = call(project, "predict", "--model", "five-sgd", "own/")
    assert re.search(r"^predicted +5 +not 5 +not found +several$", done.stdout, re.MULTILINE)
    assert re.search(r"^5 +1 +0 +1 +0$", done.stdout, re.MULTILINE)
    assert "five-sgd: 5 of 8 right, " in done.stdout
    said = "own is in the dataset of five-sgd; it may have been trained on some of these"
    assert done.stderr.splitlines()[0].endswith(said)


def test_a_binary_model_names_its_classes(place: Path) -> None:
    five, line = call(
        place, "predict", "--model", "five-sgd", "five.png", "line.png"
    ).stdout.splitlines()
    assert re.fullmatch(r"five.png: predicted 5 \(\d+ %\)", five)
    assert line.startswith("line.png: predicted not 5, not 5, not 5 (")
    [digit] = json.loads(
        call(place, "predict", "--model", "five-sgd", "--json", "five.png").stdout
    )["digits"]
    assert (digit["label"], digit["unlike"]) == ("5", False)
    assert (
        0.5 <= digit["probability"] < 1
    )  # the scores of stochastic gradient descent go to hundreds


def test_what_the_model_saw_is_shown_of_standard_input_too(place: Path) -> None:
    shown = call(
        place, "predict", "--show", "-", "scans/7.png", stdin=(place / "line.png").read_bytes()
    ).stdout
    assert shown.startswith("-: predicted 3 6 0 (")
    lines = shown.splitlines()
    assert len(lines) == 2 * (1 + 8 + 1)  # the three digits of the first stand side by side
    assert any("@@" in line for line in lines)


def test_images_of_the_dataset_are_predicted_as_they_are_and_counted(place: Path) -> None:
    done = call(place, "predict", "--dataset", "tiny", "7")
    assert re.fullmatch(r"tiny 7: 7, predicted 7 \(.*%\), right\n", done.stdout)
    _, seen, calibrated = done.stderr.splitlines()
    assert seen == "this image was in the training set of digit-logreg"
    assert "not calibrated: digit-logreg has no folds" in calibrated

    done = call(place, "predict", "--dataset", "tiny", "7", "299-300", "--model", "five-sgd")
    *lines, total = done.stdout.splitlines()
    _, classes = tiny.digits()
    expected = [f"tiny {row}: {classes[row]}, predicted not 5" for row in (7, 299, 300)]
    assert [line.split(" (")[0] for line in lines] == expected
    assert total == f"{sum(line.endswith(', right') for line in lines)} of 3 right"
    assert done.stderr.endswith("2 of these 3 images were in the training set of five-sgd\n")
    unseen = call(place, "predict", "--dataset", "tiny", "399", "--model", "five-sgd")
    assert unseen.stderr.endswith("this image was not in the training set of five-sgd\n")


@pytest.mark.parametrize(
    ("arguments", "status", "reason"),
    [
        (["--dataset", "tiny", "400"], 1, "allowed: 0 to 399"),
        (
            ["--dataset", "tiny", "4", "--json"],
            2,
            "--dataset goes with neither --json nor --png",
        ),
        (
            ["--png", "x.png", "scans"],
            2,
            "--png goes with one picture file, or with a folder with a subfolder for each class",
        ),
    ],
)
def test_a_wrong_call_is_explained(
    place: Path, arguments: list[str], status: int, reason: str
) -> None:
    done = call(place, "predict", *arguments, status=status)
    assert done.stdout == ""
    assert reason in done.stderr.splitlines()[-1]


def test_png_has_the_picture_with_a_box_and_a_label_for_each_digit(
    place: Path, tmp_path: Path
) -> None:
    png = tmp_path / "out" / "read.png"
    done = call(place, "predict", "line.png", "--png", str(png))
    assert done.stdout.startswith("line.png: predicted 3 6 0 (")
    assert [path.name for path in png.parent.iterdir()] == ["read.png"]
    with Image.open(place / "line.png") as picture, Image.open(png) as drawn:
        assert drawn.size == picture.size
        before = np.asarray(picture.convert("RGB")).astype(int)
        after = np.asarray(drawn.convert("RGB")).astype(int)
    is_changed = np.abs(after - before).sum(axis=2) > 0
    answer = json.loads(call(place, "predict", "--json", "line.png").stdout)
    for digit in answer["digits"]:
        x, y, width, height = digit["box"]
        lower_half = slice(y + height // 2, y + height)  # the label is in the upper half
        assert is_changed[lower_half, x - 3].all()
        assert is_changed[lower_half, x + width + 3].all()
        assert not is_changed[lower_half, x + 2 : x + width - 2].any()
        assert is_changed[:y, x : x + width].sum() > 2 * width

    content = png.read_bytes()
    blank = call(place, "predict", "blank.png", "--png", str(png), status=1)
    assert f"{png} was not written: the picture is blank" in blank.stderr
    assert png.read_bytes() == content
    own = call(place, "predict", "line.png", "--png", "line.png", status=2)
    assert "--png line.png would overwrite the picture" in own.stderr
    damaged = tmp_path / "file"
    damaged.touch()
    failed = call(place, "predict", "line.png", "--png", str(damaged / "x.png"), status=1)
    assert "Error: " in failed.stderr


def test_the_default_model_is_chosen_in_cross_validation_and_never_by_the_test_set(
    project: Path,
) -> None:
    logreg = tiny.params()["models"]["digit-logreg"]
    best = json.loads((project / "metrics/digit-logreg.json").read_text())
    best["accuracy"] = 0.1
    for name, accuracy in (("folded", 0.9), ("better-folded", 0.95)):
        shutil.copy(project / "models/digit-logreg.skops", project / f"models/{name}.skops")
        (project / f"metrics/{name}.json").write_text(
            json.dumps(best | {"cv_accuracy": accuracy})
        )
        shutil.copytree(project / "plots/digit-logreg", project / f"plots/{name}")
    tiny.edit(project, {f"models.{name}": logreg for name in ("folded", "better-folded")})
    (project / "models/better-folded.skops").write_bytes(b"damaged")
    done = call(project, "predict", "--dataset", "tiny", "1", status=1)
    assert "models/better-folded.skops cannot be loaded (File is not a zip file)" in done.stderr
    assert (
        "better-folded: the highest cross-validated accuracy of 2 models of the task digit"
        in done.stderr
    )


def test_a_model_for_images_of_another_shape_is_refused(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.edit(project, {"datasets.tiny.shape": [8, 7]})
    assert failure(project, "predict", "--dataset", "tiny", "1", "--model", "digit-logreg") == (
        "Error: digit-logreg takes images of 64 pixels, its dataset's are 8 × 7 now; "
        "`dvc repro train@digit-logreg` fits it again"
    )
    tiny.edit(project, {"datasets.tiny.shape": [4, 16]})  # pictures are for models of two sizes
    monkeypatch.chdir(project)
    for name, reason in (
        ("digit-logreg", "digit-logreg takes .* 4 × 16 pixels"),
        (None, "no model in params"),
    ):
        with pytest.raises(UserError, match=f"{reason}.*28 × 28 or 8 × 8"):
            Recognizer.load(name)


def test_a_missing_model_says_how_to_get_it(project: Path) -> None:
    model = Path("models", "digit-logreg.skops")
    (project / model).unlink()
    assert failure(project, "predict", "--model", "digit-logreg", "a.png") == (
        f"Error: {model} was not found; run `digits repro digit-logreg`, or `dvc pull "
        "train@digit-logreg evaluate@digit-logreg` if the results were shared"
    )
    assert "`dvc repro evaluate@digit-logreg` makes one" in failure(project, "predict", "a.png")
