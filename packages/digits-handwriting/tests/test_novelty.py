"""Novelty detection: the rule, with and without Gaussians, and where a flag is printed."""

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import requests
from PIL import Image
from playwright.sync_api import expect
from scipy.special import expit
from sklearn.discriminant_analysis import QuadraticDiscriminantAnalysis
from sklearn.pipeline import Pipeline

from digits import predicting
from digits.core import paths, tables
from digits.core.pixels import Scores
from digits.settings import params_file
from digits.settings.params import ModelParams
from digits_handwriting import boxes
from digits_handwriting.novelty import DENSITY, NoveltyDetector, find_density_model
from digits_handwriting.recognizer import Recognizer
from drawing import serving, stroke
from tests.helpers import browser, tiny
from tests.helpers.calls import call

# The letter E.
LINES = [((0.2, 0.2), (0.2, 0.8))] + [((0.2, at), (0.8, at)) for at in (0.2, 0.5, 0.8)]


@pytest.fixture(scope="module")
def place(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the tiny project with two models that have folds; `row.png` has the letter H between two digits."""
    project = tiny.copy(made, tmp_path_factory.mktemp("unlike") / "tiny")
    folded = tiny.model("digit", "scaled 50", "svm.SVC", 3)
    density = tiny.model("digit", "scaled 50", DENSITY, 3, solver="eigen", shrinkage=0.3)
    tiny.edit(project, {"models.digit-folded": folded, "models.digit-density": density})
    for words in ("train digit-folded", "train digit-density", "evaluate digit-folded"):
        call(project, *words.split())
    pixels, _ = tiny.digits()
    letter = np.zeros((8, 8), int)
    letter[:, [0, 7]] = letter[4] = 16
    three, letter, zero = (
        np.kron(np.pad(each.reshape(8, 8), 2), np.ones((6, 6), int))
        for each in (pixels[3], letter, pixels[0])
    )
    rows = {
        "row": [three, letter, zero],
        "three": [three],
        "letter": [letter],
        "letters": [letter, letter, three, letter],
    }
    for name, images in rows.items():
        image = np.hstack(images)
        Image.fromarray((255 - image * 15).astype(np.uint8)).save(project / f"{name}.png")
    return project


def test_the_p_value_is_the_share_of_training_images_that_are_no_more_normal() -> None:
    detector = NoveltyDetector.fit(np.array([[0.7, 0.3], [0.2, 0.8], [0.9, 0.1], [0.6, 0.4]]))
    probabilities = np.array([[0.55, 0.45], [0.7, 0.3], [0.95, 0.05], [0.3, 0.7]])
    p_values = detector.p_values(np.zeros((4, 2, 2), np.uint8), probabilities)
    # Among its label's training images the second image has the share 3/4. The shares of two
    # training images are at most that: 2/4 and 3/4.
    assert p_values.tolist() == [1 / 5, 3 / 5, 1, 1 / 5 + 1 / 5]


def test_with_gaussians_an_image_must_be_normal_in_both_ways() -> None:
    rng = np.random.default_rng(0)
    y = np.repeat([0, 1, 2], 200)
    X = np.array([[50, 50], [50, 200], [200, 50]])[y] + rng.normal(0, 9, (600, 2))
    density = Pipeline([("classifier", QuadraticDiscriminantAnalysis())]).fit(X, y)
    sure = rng.uniform(0.8, 1, 600)
    unsure = (1 - sure) / 2
    columns = [np.where(y == label, sure, unsure) for label in range(3)]
    log_densities = density.decision_function(X).max(axis=1)
    detector = NoveltyDetector.fit(np.transpose(columns), density, log_densities)

    images = np.array([[[50, 50]], [[50, 50]], [[120, 120]]], np.uint8)
    probabilities = np.array([[0.99, 0.01, 0], [0.5, 0.3, 0.2], [0.99, 0.01, 0]])
    normal, unsure_label, far = detector.p_values(images, probabilities)
    assert normal > 0.5
    assert unsure_label < 0.1
    assert far < 0.1


@pytest.mark.variant
def test_predict_marks_the_class_and_explains_the_mark(place: Path) -> None:
    text, line = (
        call(place, "predict", "--model", "digit-folded", *option, "row.png")
        for option in ([], ["--format", "json"])
    )
    assert re.fullmatch(r"row\.png: predicted 3 \d\? 0 \(.+ %, .+ %, .+ %\)\n", text.stdout)
    assert "? flags what does not resemble the training data of digit-folded" in text.stderr
    digits = json.loads(line.stdout)
    assert [each["unlike"] for each in digits] == [False, True, False]
    assert [each["label"] for each in (digits[0], digits[2])] == [3, 0]
    assert digits[1]["label"] in range(10)
    assert "flags" not in call(place, "predict", "--model", "digit-folded", "three.png").stderr
    binary = call(place, "predict", "--model", "five-sgd", "row.png").stdout
    assert binary.startswith("row.png: predicted not 5, not 5, not 5 (")


def test_a_picture_most_of_whose_digits_are_flagged_may_be_turned_or_cropped(
    place: Path, tmp_path: Path
) -> None:
    png = tmp_path / "read.png"
    done = call(place, "predict", "--model", "digit-folded", "letters.png", "--png", str(png))
    said = "letters.png: 3 of 4 are flagged; turn the picture upright, or crop it to the digits"
    assert said in done.stderr
    with Image.open(png) as drawn:
        colours = {colour for _, colour in drawn.getcolors(1 << 20) or []}
    assert {boxes.BLUE, boxes.RED} <= colours
    for name in ("row.png", "letter.png"):  # one flag of three, and a single digit
        done = call(place, "predict", "--model", "digit-folded", name)
        assert "? flags what does not resemble" in done.stderr
        assert "upright" not in done.stderr


def test_gaussians_are_taken_where_they_are_here(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    project = tiny.copy(place, tmp_path / "copy")
    monkeypatch.chdir(project)
    models = params_file.load().models
    assert find_density_model(models, "five") is None  # there is one of `digit`
    without_folds = models["digit-density"].model_copy(update={"folds": 0})
    assert find_density_model({"digit-density": without_folds}, "digit") is None
    for has_density in (True, False):
        recognizer = predicting.load("digit-folded")
        assert isinstance(recognizer, Recognizer)
        assert recognizer.novelty_detector
        assert (recognizer.novelty_detector.density_model is not None) == has_density
        (project / "data/crossval/digit-density.parquet").unlink(missing_ok=True)
    detector = predicting.load("five-sgd")  # a letter is not a five, as it says
    assert isinstance(detector, Recognizer)
    assert detector.novelty_detector is None


def test_of_two_labels_no_density_is_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    entries = {
        "svc": tiny.model("two", "raw", "svm.SVC", 3),
        "density": tiny.model("two", "raw", DENSITY, 3),
    }
    models = {name: ModelParams.model_validate(entry) for name, entry in entries.items()}
    for name in models:
        tables.write(paths.cv_predictions(name), pd.DataFrame({"decision_1": [-2.0, 1, 3]}))
    paths.model("density").parent.mkdir()
    paths.model("density").touch()

    def calibrate(scores: Scores) -> Scores:
        return np.transpose([expit(-scores), expit(scores)])

    detector = NoveltyDetector.load(models, "svc", calibrate)
    assert detector
    assert detector.density_model is None


@pytest.mark.slow
def test_the_drawing_page_marks_the_class_and_explains_the_mark(place: Path) -> None:
    with serving(place, "digit-folded") as address, browser.page(address) as opened:
        page = opened.page
        page.goto(f"{address}/")
        assert (
            page.get_by_role("button", name="Keep as").count() == 0
        )  # where no folder is named
        assert requests.post(f"{address}/kept/1", timeout=browser.LIMIT).status_code == 404
        for line in LINES:
            stroke(page, *line)
        expect(page.locator("#prediction")).to_have_text(re.compile(r"^\d\?$"))
        expect(page.get_by_role("status")).to_contain_text(
            "; ? flags what does not resemble the training data"
        )
        expect(page.locator("#marks div.flagged")).to_have_count(1)
        expect(page.locator("#marks span.flagged")).to_have_text(re.compile(r"^\d\?$"))
        expect(page.locator("dl")).to_contain_text(re.compile(r"^\s*\d.*%"))
        for _ in LINES[1:]:
            page.get_by_role("button", name="Undo").click()
        expect(page.get_by_role("status")).not_to_contain_text("?")


def test_nothing_is_marked_without_folds_or_their_predictions_which_a_line_says(
    place: Path, tmp_path: Path
) -> None:
    assert (
        "flags" not in call(place, "predict", "--model", "digit-logreg", "row.png").stderr
    )  # it has no folds
    project = tiny.copy(place, tmp_path / "copy")
    (project / "data/crossval/digit-folded.parquet").unlink()
    done = call(project, "predict", "--model", "digit-folded", "row.png")
    assert (
        "no image is flagged, because data/crossval/digit-folded.parquet was not found"
        in done.stderr
    )
    assert re.match(r"row\.png: predicted 3 \d 0 ", done.stdout)
