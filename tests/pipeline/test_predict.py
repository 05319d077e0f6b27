"""`python -m tools.predict` as a user runs it, with a ten-class model and a detector of fives, 8 × 8 each."""

import json
import re
import shutil
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import Pipeline

from digits.common import parquet, tables
from digits.common.errors import PipelineError
from tests import tiny
from tools.handwriting import pictures
from tools.predict import classify, in_words, look, predict_row, seen_before
from tools.recognizer import Recognizer

PREDICT = ["python", "-m", "tools.predict"]


@pytest.fixture(scope="module")
def place(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the tiny project with pictures of its first ten digits. Not to be changed."""
    project = Path(shutil.copytree(made, tmp_path_factory.mktemp("predict") / "tiny", symlinks=True))
    pixels, _ = tiny.digits()
    (project / "scans").mkdir()
    for i in range(10):
        Image.fromarray(255 - pixels[i].reshape(8, 8) * 15).save(project / "scans" / f"{i}.png")
    Image.fromarray(255 - pixels[15].reshape(8, 8) * 15).save(project / "five.png")
    line = [np.kron(np.pad(pixels[i].reshape(8, 8), 2), np.ones((6, 6), np.uint8)) for i in (3, 6, 0)]
    Image.fromarray(255 - np.hstack(line) * 15).save(project / "line.png")
    (project / "scans" / "notes.txt").write_text("no picture")
    (project / "bad.png").write_bytes(b"no picture")
    Image.new("L", (50, 50), 255).save(project / "blank.png")
    dash = Image.new("L", (100, 100), 255)
    dash.paste(0, (20, 45, 80, 55))
    dash.save(project / "dash.png")
    (project / "empty").mkdir()
    return project


def predict(project: Path, *arguments: str, status: int = 0) -> list[str]:
    return tiny.run([*PREDICT, *arguments], project, status=status).stdout.splitlines()


def test_a_folder_gives_a_line_a_picture_sorted_and_mostly_right(place: Path) -> None:
    lines = predict(place, "scans")
    assert [line.split(":")[0] for line in lines] == [str(Path("scans", f"{i}.png")) for i in range(10)]
    right = [line.split(": ", 1)[1].startswith(f"{i}  (") for i, line in enumerate(lines)]
    assert sum(right) >= 8  # the first ten images show 0 to 9
    assert all(line.endswith(" %)") for line in lines)


def test_json_gives_digit_probability_and_box_in_reading_order(place: Path) -> None:
    [line] = predict(place, "--json", "line.png")
    answer = json.loads(line)
    assert list(answer) == ["file", "digits"]
    assert answer["file"] == "line.png"
    assert [digit["digit"] for digit in answer["digits"]] == [3, 6, 0]
    for i, digit in enumerate(answer["digits"]):
        assert list(digit) == ["digit", "probability", "box"]
        assert 0 < digit["probability"] <= 1
        x, y, width, height = digit["box"]
        assert 72 * i < x < x + width < 72 * (i + 1)
        assert (y, height) == (12, 48)


def test_bad_pictures_are_named_and_the_good_are_read(place: Path) -> None:
    done = tiny.run([*PREDICT, "bad.png", "line.png", "no.png", "blank.png", "dash.png"], place, status=1)
    assert re.fullmatch(r"line\.png: 3 6 0  \(\d+ %, \d+ %, \d+ %\)\n", done.stdout)
    named = [line.split(": ")[1] for line in done.stderr.splitlines()]
    assert named == ["bad.png", "no.png", "blank.png", "dash.png", "not calibrated"]
    assert "Traceback" not in done.stderr


def test_bad_pictures_are_named_in_json(place: Path) -> None:
    bad, good = (json.loads(line) for line in predict(place, "--json", "bad.png", "line.png", status=1))
    assert list(bad) == ["file", "error"]
    assert "not a picture" in bad["error"]
    assert len(good["digits"]) == 3


def test_standard_input(place: Path) -> None:
    command = [sys.executable, "-m", "tools.predict", "-"]
    picture = (place / "line.png").read_bytes()
    done = subprocess.run(command, cwd=place, input=picture, capture_output=True, check=True)
    assert done.stdout.startswith(b"-: 3 6 0  (")
    closed = subprocess.run(["sh", "-c", 'exec "$@" <&-', "sh", *command], cwd=place, capture_output=True, check=False)
    assert closed.returncode == 1
    assert closed.stderr.startswith(b"predict: -: standard input is closed\n")


def test_no_more_of_standard_input_is_read_than_a_picture_may_have(monkeypatch: pytest.MonkeyPatch) -> None:
    endless = BytesIO(bytes(1000))
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=endless))
    monkeypatch.setattr(pictures, "LONGEST", 10)
    assert "too large" in str(look("-", 28).error)
    assert endless.tell() == 11


def test_of_equals_the_first_is_the_prediction_and_the_others_come_next() -> None:
    X, y = np.zeros((3, 64), np.uint8), np.array([0, 1, 2])  # noqa: N806
    prior = Recognizer("prior", (8, 8), [0, 1, 2], None, Pipeline([("classifier", DummyClassifier())]).fit(X, y), 1.0)
    assert in_words(prior, classify(prior, X[:1])) == "0  (33 %; 1: 33 %, 2: 33 %)"


def test_a_binary_model_says_yes_or_no(place: Path) -> None:
    five, one = predict(place, "--model", "five-sgd", "five.png", str(Path("scans", "1.png")))
    assert ": yes  (" in five
    assert ": no  (" in one
    [line] = predict(place, "--model", "five-sgd", "--json", "five.png")
    [digit] = json.loads(line)["digits"]
    assert digit["label"] == 1
    assert 0.5 <= digit["probability"] < 1  # the scores of stochastic gradient descent go to hundreds


def test_what_the_model_saw_is_shown_and_saved(place: Path, tmp_path: Path) -> None:
    namesake = Path(shutil.copy(place / "scans" / "7.png", tmp_path / "line.png"))
    lines = predict(place, "--show", "--save", str(tmp_path / "seen"), "line.png", str(namesake))
    assert len(lines) == 2 * (1 + 8 + 1)  # the three digits of the first stand side by side
    assert any("@@" in line for line in lines)
    assert sorted(path.name for path in (tmp_path / "seen").iterdir()) == [f"line.png-{i}.png" for i in (1, 2, 3, 4)]
    with Image.open(tmp_path / "seen" / "line.png-1.png") as image:
        assert image.size == (8, 8)
        assert image.getextrema() == (0, 255)


def test_a_row_of_the_dataset_is_predicted_as_it_is(place: Path) -> None:
    done = tiny.run([*PREDICT, "--row", "tiny", "7"], place)
    assert done.stdout.startswith("tiny 7: 7  (")
    assert done.stdout.endswith("), right\n")
    seen, calibrated = done.stderr.splitlines()
    assert seen == "predict: the image is in the training part: digit-logreg has seen it before"
    assert calibrated.startswith("predict: not calibrated: digit-logreg has no folds")
    five = predict(place, "--row", "tiny", "7", "--model", "five-sgd")
    assert five[0].startswith("tiny 7: no  (")
    assert five[0].endswith("), right")


def test_a_row_of_the_dataset_is_said_to_be_known_to_the_model_or_not(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    assert seen_before("five-sgd", "tiny", tiny.IMAGES - tiny.TEST - 1).startswith("the image is in the training part")
    assert seen_before("five-sgd", "tiny", tiny.IMAGES - tiny.TEST).startswith("the image is in the test part")
    assert seen_before("five-sgd", "mnist", 7) == "five-sgd was trained on other images than mnist"


def reshape(project: Path, *shape: int) -> None:
    """Give the tiny dataset's images another shape in params.yaml."""
    values = tiny.params()
    values["datasets"]["tiny"]["shape"] = list(shape)
    tiny.write_params(project, values)


def test_pictures_are_for_models_of_two_sizes_and_rows_for_any(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    reshape(project, 4, 16)
    parquet.write(project / "data/raw/tiny.parquet", tables.image_table(*tiny.digits(), (4, 16)))
    monkeypatch.chdir(project)
    with pytest.raises(PipelineError, match=r"digit-logreg takes .* 4 × 16 pixels.*28 × 28 or 8 × 8"):
        Recognizer.load("digit-logreg")
    with pytest.raises(PipelineError, match=r"no model .*28 × 28 or 8 × 8"):
        Recognizer.load()
    predict_row(Recognizer.load(None, "tiny"), "tiny", 7, show=True)
    line, *drawn = capsys.readouterr().out.splitlines()
    assert line.endswith("right")
    assert len(drawn) == 5
    assert drawn[-1] == ""


def test_a_model_of_another_size_than_its_dataset_is_to_be_trained_again(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    reshape(project, 28, 28)
    monkeypatch.chdir(project)
    with pytest.raises(PipelineError, match=r"64 pixels.*28 × 28.*`dvc repro train@digit-logreg`"):
        Recognizer.load("digit-logreg")


@pytest.mark.parametrize(
    ("arguments", "status", "reason"),
    [
        (["--row", "tiny", "400"], 2, "allowed: 0 to 399"),
        (["--row", "tinny", "4"], 2, "datasets: there is no 'tinny'. Did you mean 'tiny'?"),
        (["--row", "tiny", "four"], 2, "'four'"),
        (["--row", "tiny", "9" * 5000], 2, "99' is not the number of an image"),
        (["--model", "five-sdg", "line.png"], 2, "Did you mean 'five-sgd'?"),
        (["empty"], 1, "there are no pictures in this folder"),
        ([], 2, "give pictures"),
    ],
)
def test_a_wrong_call_is_explained(place: Path, arguments: list[str], status: int, reason: str) -> None:
    done = tiny.run([*PREDICT, *arguments], place, status=status)
    assert reason in done.stderr.splitlines()[-1]
    assert "Traceback" not in done.stderr
    assert done.stdout == ""


def test_the_default_model_is_chosen_out_of_fold_and_never_by_the_test_part(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    values = tiny.params()
    best = json.loads((project / "metrics/digit-logreg.json").read_text())
    best["accuracy"] = 0.1
    for name, accuracy in (("folded", 0.9), ("better-folded", 0.95)):
        values["experiments"][name] = values["experiments"]["digit-logreg"]
        shutil.copy(project / "models/digit-logreg.joblib", project / f"models/{name}.joblib")
        (project / f"metrics/{name}.json").write_text(json.dumps(best | {"cv_accuracy": accuracy}))
        shutil.copytree(project / "plots/digit-logreg", project / f"plots/{name}")
    tiny.write_params(project, values)
    monkeypatch.chdir(project)
    with pytest.raises(PipelineError, match=r"models/better-folded\.joblib is not the file that dvc.lock records"):
        Recognizer.load()
    names = [line.split()[0] for line in tiny.run(["python", "-m", "tools.leaderboard"], project).stdout.splitlines()]
    assert names[2:] == ["five-sgd", "better-folded", "folded", "digit-logreg"]


def test_a_missing_model_says_how_to_get_it(project: Path) -> None:
    pixels, _ = tiny.digits()
    Image.fromarray(pixels[0].reshape(8, 8) * 15).save(project / "a.png")
    (project / "models" / "digit-logreg.joblib").unlink()
    named = tiny.run([*PREDICT, "--model", "digit-logreg", "a.png"], project, status=1)
    model = Path("models", "digit-logreg.joblib")
    assert named.stderr == (
        f"predict: error: {model} is not here; `dvc repro train@digit-logreg` makes it, `dvc pull` fetches it\n"
    )
    best = tiny.run([*PREDICT, "a.png"], project, status=1)
    assert "`make demo`" in best.stderr
