"""`digits show`: images in the terminal and on a sheet, with predictions, and the mistakes."""

import contextlib
import re
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from digits.commands.show import predictions_by_row
from digits.imaging import drawing
from digits.messages.errors import UserError
from digits.results.labels import label_names
from digits.results.predictions import describe_predictions, rank_mistakes
from digits.settings import params_file
from tests.helpers import tiny
from tests.helpers.calls import call, failure

PIXELS, CLASSES = tiny.digits()
CAPTION = re.compile(r"tiny (\d+): (\d), predicted ((?:not )?\d) \((?:> )?(\d+) %\)")
FIVE_NAMES = ["not 5", "5"]  # of the labels of the task `five`


class Caption(NamedTuple):
    """What is written above an image with a prediction."""

    row: int
    digit: int
    predicted: str
    percent: int


def show(project: Path, *arguments: str) -> str:
    """Return what `digits show tiny` prints."""
    return call(project, "show", "tiny", *arguments).stdout


def read_captions(project: Path, *arguments: str) -> list[Caption]:
    """Return the captions of images with predictions."""
    captions = []
    for row, digit, predicted, percent in CAPTION.findall(show(project, *arguments)):
        captions.append(Caption(int(row), int(digit), predicted, int(percent)))
    return captions


def test_digits_by_number_are_side_by_side(made: Path) -> None:
    caption, *lines = show(made, "7", "0-3").splitlines()  # four fit a line
    expected = [f"tiny {row}: {CLASSES[row]}" for row in [7, 0, 1, 2]]
    assert re.findall(r"tiny \d: \d", caption) == expected
    # The first image is 8 pixels wide, and each pixel two characters.
    first_image = np.array([list(line.ljust(16)[:16]) for line in lines[:8]])
    shades = np.vectorize(drawing.SHADES.index)(first_image[:, ::2])
    expected_shades = np.round(PIXELS[7].reshape(8, 8) / 16 * 9).astype(int)
    assert shades.tolist() == expected_shades.tolist()


def find_fives(text: str) -> list[int]:
    """Return the numbers of the fives in captions."""
    return [int(row) for row in re.findall(r"tiny (\d+): 5", text)]


def test_by_label_the_first_images_are_shown(made: Path) -> None:
    text = show(made, "--label", "5", "--limit", "5")
    assert find_fives(text) == np.flatnonzero(CLASSES == 5)[:5].tolist()


def test_by_label_at_random_other_images_are_shown_each_time(made: Path) -> None:
    first = find_fives(show(made, "--label", "5", "--random", "5"))
    second = find_fives(show(made, "--label", "5", "--random", "5"))
    assert len(set(first)) == 5
    assert len(set(second)) == 5
    assert first != second  # they are equal once in 10 million times
    assert len(find_fives(show(made, "--label", "5", "--random", "15"))) == 15


def test_the_predictions_of_the_test_set_are_in_its_order(made: Path) -> None:
    table = pd.read_parquet(made / "data/predictions/five-sgd.parquet")[:10]
    expected = []
    for row, label in zip(table["row"], table["prediction"], strict=True):
        expected.append((row, CLASSES[row], FIVE_NAMES[label]))
    result = call(made, "show", "tiny", "--predictions", "five-sgd")
    assert [caption[:3] for caption in read_captions(made, "--predictions", "five-sgd")] == (
        expected
    )
    assert result.stderr == "showing the first 10 of 100 images; --limit shows more\n"


@pytest.mark.parametrize(
    ("task", "names"),
    [
        ({}, [str(number) for number in range(10)]),
        ({"positive": [3]}, ["not 3", "3"]),
        ({"positive": [0, 1]}, ["another", "0 or 1"]),
        ({"positive": [0], "negative": [1, 2]}, ["1 or 2", "0"]),
    ],
)
def test_a_label_is_called_like_its_classes(
    made: Path, monkeypatch: pytest.MonkeyPatch, task: dict[str, Any], names: list[str]
) -> None:
    monkeypatch.chdir(made)
    changes = {"tasks": {"a": {"split": "tiny", **task}}, "models": {}}
    assert label_names(params_file.validate(tiny.params(changes)), "a") == names


def test_any_image_has_a_prediction_by_a_model_that_was_not_trained_on_it(made: Path) -> None:
    crossval = pd.read_parquet(made / "data/crossval/five-sgd.parquet").set_index("row")
    test = pd.read_parquet(made / "data/predictions/five-sgd.parquet").set_index("row")
    test_row = test.index[0]
    captions = read_captions(made, "15", str(test_row), "5", "--predictions", "five-sgd")
    assert [caption.row for caption in captions] == [15, test_row, 5]
    for caption, table in zip(captions, [crossval, test, crossval], strict=True):
        assert caption.digit == CLASSES[caption.row]
        assert caption.predicted == FIVE_NAMES[table["prediction"][caption.row]]


def test_the_mistakes_of_ten_classes_come_with_the_most_confident_first(made: Path) -> None:
    table = pd.read_parquet(made / "data/predictions/digit-logreg.parquet")
    scores = np.sort(table.filter(like="decision_"))
    table["confidence"] = scores[:, -1] - scores[:, -2]
    mistakes = table.query("label != prediction").sort_values("confidence", ascending=False)
    assert len(mistakes) > 0
    captions = read_captions(made, "--mistakes", "digit-logreg", "--limit", "100")
    assert [caption.row for caption in captions] == mistakes["row"].tolist()
    assert [caption.digit for caption in captions] == mistakes["label"].tolist()
    predicted = [int(caption.predicted) for caption in captions]
    assert predicted == mistakes["prediction"].tolist()
    line = call(made, "show", "tiny", "--mistakes", "digit-logreg").stderr
    assert line.startswith("not calibrated: digit-logreg has no folds")


def test_the_mistakes_of_two_classes_have_calibrated_probabilities(made: Path) -> None:
    table = pd.read_parquet(made / "data/crossval/five-sgd.parquet")
    mistakes = table.query("label != prediction")
    mistakes = mistakes.assign(confidence=mistakes["decision_1"].abs())
    mistakes = mistakes.sort_values("confidence", ascending=False)
    text = (made / "plots/five-sgd/metrics.csv").read_text(encoding="utf-8")
    [temperature] = re.findall(r"temperature,all,([\d.]+)", text)
    logits = mistakes["confidence"] / float(temperature)
    percents = (100 / (1 + np.exp(-logits))).round()
    captions = read_captions(made, "--mistakes", "five-sgd", "--subset", "train")
    assert [caption.row for caption in captions] == mistakes["row"].tolist()
    assert [caption.percent for caption in captions] == percents.tolist()


def test_a_mistake_that_a_threshold_made_against_the_score_is_not_confident() -> None:
    scores = [-1.5, -2.1, 0.5, 3.0]  # the threshold is -2, and the last one is no mistake
    predictions = pd.DataFrame(
        {"label": [0, 1, 0, 1], "prediction": [1, 0, 1, 1], "decision_1": scores}
    )
    assert rank_mistakes(predictions).tolist() == [1, 2, 0]
    probabilities = predictions.assign(decision_1=[0.2, 0.1, 0.7, 1])
    probabilities = probabilities.rename(columns={"decision_1": "probability_1"})
    assert rank_mistakes(probabilities).tolist() == [1, 2, 0]


def test_a_model_that_lacks_a_class_gives_the_probability_of_the_predicted_one() -> None:
    scores = {"decision_0": [0, 0], "decision_2": [9, 0], "decision_3": [0, 1]}
    predictions = pd.DataFrame({"prediction": [2, 3], **scores})
    found = describe_predictions(predictions, ["2", "1"], ["0", "1", "2", "3"], None)
    assert found == ["2, predicted 2 (> 99 %)", "1, predicted 3 (58 %)"]


def test_a_sheet_has_enlarged_images(made: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "sheet.png"
    show(made, "0-29", "--png", str(sheet))
    grey = np.asarray(Image.open(sheet).convert("L"))
    # The first image begins below its caption. Each pixel is a square of 17 × 17.
    assert grey[36, 15] < grey[36, 16] == 255  # the frame covers nothing of the image
    first_image = grey[36 : 36 + 8 * 17, 16 : 16 + 8 * 17]
    centres = first_image.reshape(8, 17, 8, 17)[:, 8, :, 8]
    expected = 255 - PIXELS[0].reshape(8, 8).astype(int) * 255 // 16
    assert centres.tolist() == expected.tolist()


def test_a_dataset_is_described(made: Path) -> None:
    lines = show(made).splitlines()
    assert lines[0] == "tiny: 400 images of 8 x 8"
    assert lines[1] == "pixels: 0 to 16"
    counts = [int(line.split()[1]) for line in lines[5:]]
    assert counts == np.bincount(CLASSES).tolist()


def test_two_large_images_fit_side_by_side(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("COLUMNS", "80")
    # In colour, because grey drawings on white paper are shown by their ink.
    images = np.full((2, 64, 64, 3), 255, np.uint8)
    drawing.print_images(images, ["", ""], min_side_by_side=2)
    shown = ["@" * 38 + "   " + "@" * 38] * 19  # a character is two pixels high
    assert capsys.readouterr().out.splitlines() == [*shown, ""]


def test_of_drawings_on_light_paper_the_ink_is_shown(
    capsys: pytest.CaptureFixture[str],
) -> None:
    light = np.full((1, 28, 28), 255, np.uint8)
    light[:, :, 14] = 0
    drawing.print_images(light, [""])
    assert capsys.readouterr().out.splitlines() == [" " * 14 + "@"] * 14 + [""]
    drawing.print_images(255 - light, [""])
    assert capsys.readouterr().out.splitlines() == [" " * 14 + "@"] * 14 + [""]


def test_the_last_line_of_an_odd_number_of_rows_is_drawn() -> None:
    image = np.array([[0, 255], [255, 0], [0, 255]], dtype=np.uint8)
    assert drawing.make_lines(image) == ["@@", " @"]


@pytest.mark.variant
def test_a_sheet_of_very_many_images_has_the_first_ones(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    images = np.zeros((600, 224, 224), np.uint8)
    images[599] = 255
    drawing.write_sheet(tmp_path / "sheet.png", images, [""] * 600)
    sheet = np.asarray(Image.open(tmp_path / "sheet.png"))
    assert sheet.shape[0] <= 20_100
    assert sheet.min() > 0  # the black image is left out, because 0 is white paper here
    line = f"{tmp_path}/sheet.png has only the first 375 of 600 images, to stay readable"
    assert capsys.readouterr().err.splitlines() == [line]


@pytest.mark.variant
def test_a_reader_that_ends_early_is_no_error(made: Path) -> None:
    command = "set -o pipefail; digits show tiny 0-399 | head -1"
    assert tiny.run(["bash", "-c", command], made, status=1).stderr == ""


def test_a_dataset_that_was_not_fetched_is_one_line(tmp_path: Path) -> None:
    tiny.edit(tmp_path, {})
    line = failure(tmp_path, "show", "tiny")
    path = "data/raw/tiny.parquet"
    remedy = "`dvc repro fetch@tiny` makes it, `dvc pull fetch@tiny` fetches what was shared"
    assert line == f"Error: {path} was not found; {remedy}"


def test_predictions_that_were_not_made_are_one_line(project: Path) -> None:
    path = "data/predictions/five-sgd.parquet"
    (project / path).unlink()
    line = failure(project, "show", "tiny", "--predictions", "five-sgd")
    assert line == (
        f"Error: {path} was not found; `dvc repro train@five-sgd evaluate@five-sgd` makes it, "
        "`dvc pull train@five-sgd evaluate@five-sgd` fetches what was shared"
    )


def test_a_model_without_folds_predicts_only_the_test_set(made: Path) -> None:
    table = pd.read_parquet(made / "data/predictions/digit-logreg.parquet")
    row = table["row"][0]
    model = ["--predictions", "digit-logreg"]
    [caption] = read_captions(made, str(row), *model)
    assert caption.predicted == str(table["prediction"][0])
    other = next(row for row in range(400) if row not in set(table["row"]))
    line = failure(made, "show", "tiny", str(other), *model)
    reason = "which is neither in its test set nor in a fold"
    assert line == f"Error: the model has no prediction of image {other}, {reason}"


def test_a_model_of_another_dataset_is_one_line(made: Path) -> None:
    with contextlib.chdir(made):
        settings = params_file.load()
    line = (
        "^five-sgd is a model of tiny, not of other; run `digits show tiny --predictions five"
    )
    with pytest.raises(UserError, match=line):
        predictions_by_row("five-sgd", ["test"], "other", settings)


def test_a_class_without_a_mistake_is_one_line(made: Path) -> None:
    table = pd.read_parquet(made / "data/predictions/digit-logreg.parquet")
    labels = set(range(10)) - set(table.query("label != prediction")["label"])
    words = ["--mistakes", "digit-logreg", "--label", str(min(labels))]
    reason = f"the model makes no mistake among images of the class {min(labels)}"
    assert failure(made, "show", "tiny", *words) == f"Error: no image to show: {reason}"


def test_a_subset_without_a_model_is_refused(made: Path) -> None:
    refused = call(made, "show", "tiny", "--subset", "train", "--label", "3", status=2)
    assert "--subset needs --predictions or --mistakes" in refused.stderr


def test_numbers_do_not_choose_among_mistakes(made: Path) -> None:
    words = ["show", "tiny", "7", "--mistakes", "five-sgd"]
    assert "--mistakes cannot be used with NUMBERS" in call(made, *words, status=2).stderr


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        ("tinny 1", "DATASET: there is no 'tinny'. Did you mean 'tiny'? Valid: tiny."),
        ("tiny 400", "tiny has no image 400; allowed: 0 to 399"),
        ("tiny 3-1", "'3-1' is neither a number such as 36001 nor a range such as 0-9"),
        ("tiny one", "'one' is neither a number such as 36001 nor a range such as 0-9"),
        ("tiny --predictions digit-logreg --subset train", "digit-logreg has no folds"),
        ("tiny --label 10", "--label: there is no '10'."),
        ("tiny 0 --label 5", "no image to show: none has the class 5"),
        ("tiny --mistakes five-sdg", "MODEL: there is no 'five-sdg'. Did you mean"),
    ],
)
def test_what_cannot_be_shown_is_one_line(made: Path, arguments: str, line: str) -> None:
    assert failure(made, "show", *arguments.split()).startswith(f"Error: {line}")
