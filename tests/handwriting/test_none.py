"""What is none of a model's classes: the rule that is fitted for a model with folds, and what comes of it."""

import json
import re
from pathlib import Path

from digits.handwriting.recognizer import Recognizer
from tests import browser, tiny
from tests.handwriting.calls import predict, serving, stroke

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import expect

RULE = Path("data", "novelty", "digit-folded.npz")


@pytest.fixture(scope="module")
def place(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the tiny project with a model that has folds and its rule, and pictures. Not to be changed.

    `row.png` is a chessboard between two digits, `own/3` has a three and a chessboard.
    """
    project = tiny.copy(made, tmp_path_factory.mktemp("none") / "tiny")
    block = tiny.experiment("digit", "scaled", "svm.SVC", 3)
    tiny.edit(project, {"experiments.digit-folded": block})
    tiny.repro(project, "evaluate@digit-folded")
    pixels, _ = tiny.digits()
    board = np.kron(np.indices((4, 4)).sum(axis=0) % 2, np.ones((2, 2), int)) * 16
    board[1::2] |= 4  # connected
    three, board, zero = (
        np.kron(np.pad(each.reshape(8, 8), 2), np.ones((6, 6), int)) for each in (pixels[3], board, pixels[0])
    )
    (project / "own" / "3").mkdir(parents=True)
    for name, image in (
        ("row", np.hstack([three, board, zero])),
        ("three", three),
        ("board", board),
        ("own/3/three", three),
        ("own/3/board", board),
    ):
        Image.fromarray((255 - image * 15).astype(np.uint8)).save(project / f"{name}.png")
    assert "learning, once, which pictures belong to no class of digit-folded: " in predict(project, "row.png").stderr
    return project


def test_predict_says_none_and_what_it_is_nearest(place: Path) -> None:
    text, line = (predict(place, *option, "row.png") for option in ([], ["--json"]))
    assert "learning" not in text.stderr  # the rule is kept
    assert re.fullmatch(r"row\.png: predicted 3 none 0 \(.+ %, nearest \d: .+ %, .+ %\)\n", text.stdout)
    answer = json.loads(line.stdout)
    three, board, zero = answer["digits"]
    assert answer["model"] == "digit-folded"
    assert [(each["label"], each["none"]) for each in (three, board, zero)] == [(3, False), (None, True), (0, False)]
    assert board["nearest"] in range(10)
    always = json.loads(predict(place, "--always", "--json", "row.png").stdout)["digits"]
    assert [each["label"] for each in always] == [3, board["nearest"], 0]
    binary = predict(place, "--model", "five-sgd", "row.png").stdout
    assert binary.startswith("row.png: predicted not 5, not 5, not 5 (")


def test_the_drawing_page_says_none_and_the_nearest_class_when_asked(place: Path) -> None:
    with serving(place, "digit-folded") as address, browser.page(390, 844, origin=address) as opened:
        page = opened.page
        page.goto(f"{address}/")
        lines = [line for at in (0.2, 0.4, 0.6, 0.8) for line in (((at, 0.2), (at, 0.8)), ((0.2, at), (0.8, at)))]
        for line in lines:
            stroke(page, *line)
        expect(page.get_by_role("status")).to_have_text("none unlike the training images")
        nearest = page.locator("dl")
        expect(nearest).to_be_hidden()
        page.get_by_text("Nearest class").click()
        expect(nearest).to_contain_text(re.compile(r"^\s*\d.*%"))
        for _ in lines[1:]:
            page.get_by_role("button", name="Undo").click()
        expect(page.get_by_role("status")).not_to_contain_text("none")
        for line in lines[1:]:
            stroke(page, *line)
        expect(page.get_by_role("status")).to_have_text("none unlike the training images")
        expect(nearest).to_be_visible()  # as it was asked for


def test_few_images_of_a_dataset_are_rejected_and_they_are_counted_apart(place: Path) -> None:
    *lines, total = predict(place, "--dataset", "tiny", "0-399").stdout.splitlines()
    rejected = [line for line in lines if line.endswith(", rejected")]
    assert len(rejected) <= 12
    assert all("predicted none (nearest " in line for line in rejected)
    right = sum(line.endswith(", right") for line in lines)
    assert total == f"{right} of 400 right" + (f", {len(rejected)} rejected" if rejected else "")


def test_a_folder_is_measured_with_and_without_none(place: Path) -> None:
    nearest = json.loads(predict(place, "--json", "board.png").stdout)["digits"][0]["nearest"]
    printed = predict(place, "own").stdout
    assert printed.splitlines()[0].startswith(f"{Path('own/3/board.png')}: 3, predicted none (nearest {nearest}: ")
    always = 2 if nearest == 3 else 1
    assert re.search(rf": 1 of 2 right, accuracy .*; {always} if nothing is called none \(--always\)\n$", printed)
    assert predict(place, "own", "--always").stdout.splitlines()[-1].startswith(f"digit-folded: {always} of 2 right")


@pytest.mark.slow
def test_a_model_that_changes_gets_a_new_rule_and_one_without_folds_or_data_none(place: Path, tmp_path: Path) -> None:
    project = tiny.copy(place, tmp_path / "copy")
    (project / RULE).write_bytes((project / RULE).read_bytes()[:5_000])
    assert "learning" in predict(project, "row.png").stderr
    tiny.edit(project, {"experiments.digit-folded": tiny.experiment("digit", "scaled", "svm.SVC", 3, C=2)})
    tiny.repro(project, "evaluate@digit-folded")
    assert "learning" in predict(project, "row.png").stderr
    assert re.match(r"row\.png: predicted 3 \d 0 ", predict(project, "--model", "digit-logreg", "row.png").stdout)
    (project / RULE).unlink()
    (project / "data/crossval/digit-folded.parquet").unlink()
    done = predict(project, "row.png")
    assert "nothing is called none: that is learned from data/task/digit/train.parquet and" in done.stderr
    assert re.match(r"row\.png: predicted 3 \d 0 ", done.stdout)
    tiny.edit(project, {"experiments.digit-folded": tiny.experiment("digit", "scaled", "svm.SVC", 5)})
    tiny.repro(project, "evaluate@digit-folded")
    assert "`none` needs at least 100 images per fold; digit-folded has 60\n" in predict(project, "row.png").stderr


def test_a_folder_is_sorted_and_nothing_is_overwritten(place: Path, tmp_path: Path) -> None:
    (tmp_path / "3").mkdir()
    (tmp_path / "3" / "three.png").write_text("mine")
    for _ in range(2):  # the second time all are there
        predict(place, "three.png", "board.png", "row.png", "--sort-into", str(tmp_path))
    assert sorted(path.relative_to(tmp_path).as_posix() for path in tmp_path.rglob("*.png")) == [
        "3/three-2.png",
        "3/three.png",
        "none/board.png",
        "several/row.png",
    ]
    assert (tmp_path / "3" / "three.png").read_text() == "mine"
    assert (tmp_path / "3" / "three-2.png").read_bytes() == (place / "three.png").read_bytes()


def test_nothing_is_sorted_out_of_the_folder(place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = Recognizer.load
    names = ["../a/b" if label == 3 else str(label) for label in range(10)]  # a table may have such classes
    monkeypatch.setattr(Recognizer, "load", lambda *each, **how: found(*each, **how)._replace(names=names))
    predict(place, "three.png", "--sort-into", str(tmp_path / "sorted"))
    assert [path.name for path in (tmp_path / "sorted").iterdir()] == ["%2E%2E%2Fa%2Fb"]
