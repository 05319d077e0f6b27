"""What is no digit: a density beside the other models, and what `predict` and the drawing page make of it."""

import json
import re
from pathlib import Path

from tests import browser, tiny
from tests.handwriting.calls import predict, serving, stroke

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect


@pytest.fixture(scope="module")
def place(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the tiny project with a density, and a picture of a chessboard between two digits. Not to be changed."""
    project = tiny.copy(made, tmp_path_factory.mktemp("none") / "tiny")
    density = "discriminant_analysis.QuadraticDiscriminantAnalysis"
    block = tiny.experiment("tiny", "class", "scaled", density, 3, solver="eigen", shrinkage=0.3)
    tiny.edit(project, {"experiments.digit-density": block})
    tiny.repro(project, "evaluate@digit-density")
    pixels, _ = tiny.digits()
    board = np.kron(np.indices((4, 4)).sum(axis=0) % 2, np.ones((2, 2), int)) * 16
    board[1::2] |= 4  # connected
    row = [np.kron(np.pad(each.reshape(8, 8), 2), np.ones((6, 6), int)) for each in (pixels[3], board, pixels[0])]
    Image.fromarray((255 - np.hstack(row) * 15).astype(np.uint8)).save(project / "row.png")
    return project


def test_predict_says_none_and_what_it_is_nearest(place: Path) -> None:
    text, line = (predict(place, *option, "row.png").stdout for option in ([], ["--json"]))
    assert re.fullmatch(r"row\.png: predicted 3 none 0 \(.+ %, nearest \d, .+ %\)\n", text)
    three, board, zero = json.loads(line)["digits"]
    assert [three["digit"], board["digit"], zero["digit"]] == [3, None, 0]
    assert board["nearest"] in range(10)
    binary = predict(place, "--model", "five-sgd", "row.png").stdout
    assert binary.startswith("row.png: predicted not five, not five, not five (")


def test_the_drawing_page_says_none_and_the_nearest_class_when_asked(place: Path) -> None:
    with serving(place, "digit-density") as address, browser.page(390, 844, origin=address) as opened:
        page = opened.page
        page.goto(f"{address}/")
        for share in (0.2, 0.4, 0.6, 0.8):
            stroke(page, (share, 0.2), (share, 0.8))
            stroke(page, (0.2, share), (0.8, share))
        expect(page.get_by_role("status")).to_have_text("none unlike the training images")
        nearest = page.locator("dl")
        expect(nearest).to_be_hidden()
        page.get_by_text("Nearest class").click()
        expect(nearest).to_contain_text(re.compile(r"^\s*\d.*%"))
        stroke(page, (0.2, 0.2), (0.8, 0.8))
        page.wait_for_selector("#result[aria-busy=false]")
        expect(nearest).to_be_visible()  # as it was asked for


def test_rejected_images_of_a_dataset_are_counted_apart_and_few(place: Path) -> None:
    *lines, total = predict(place, "--dataset", "tiny", "0-399").stdout.splitlines()
    rejected = [line for line in lines if line.endswith(", rejected")]
    assert 1 <= len(rejected) <= 20
    assert all("predicted none (nearest " in line for line in rejected)
    right = sum(line.endswith(", right") for line in lines)
    assert total == f"{right} of 400 right, {len(rejected)} rejected"


def test_nothing_is_rejected_without_the_density(place: Path, tmp_path: Path) -> None:
    project = tiny.copy(place, tmp_path / "copy")
    (project / "models/digit-density.skops").unlink()
    predicted = predict(project, "--model", "digit-logreg", "row.png").stdout
    assert re.match(r"row\.png: predicted 3 \d 0 ", predicted)
