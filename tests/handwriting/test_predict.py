"""`python -m tools.predict` as a user runs it, with a ten-class model and a detector of fives, 8 × 8 each."""

import json
import re
import shutil
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from types import SimpleNamespace

from digits.handwriting import components
from digits.handwriting.commands.predict import in_words, look, predict_rows
from digits.handwriting.measure import seen_before
from digits.handwriting.recognizer import Recognizer
from digits.io import parquet, tables
from digits.results.intervals import accuracy_interval
from digits.support import pictures
from digits.support.errors import PipelineError
from tests import tiny

import numpy as np
import pytest
from PIL import Image
from sklearn.dummy import DummyClassifier
from sklearn.pipeline import Pipeline

PREDICT = ["python", "-m", "tools.predict"]
RIGHT = {"scans/0.png": 0, "scans/3.png": 3, "five.png": 5, "scans/6.png": 6}  # labelled pictures, and mistakes
WRONG = {"scans/7.png": 0, "line.png": 3, "bad.png": 5, "blank.png": 6}


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
    for source, digit in (RIGHT | WRONG).items():
        (project / "own" / str(digit)).mkdir(parents=True, exist_ok=True)
        shutil.copy(project / source, project / "own" / str(digit))
    return project


def predict(project: Path, *arguments: str, status: int = 0) -> list[str]:
    return tiny.run([*PREDICT, *arguments], project, status=status).stdout.splitlines()


def test_a_folder_gives_a_line_a_picture_sorted_and_mostly_right(place: Path) -> None:
    lines = predict(place, "scans")
    assert [line.split(":")[0] for line in lines] == [str(Path("scans", f"{i}.png")) for i in range(10)]
    right = [line.split(": ", 1)[1].startswith(f"predicted {i} (") for i, line in enumerate(lines)]
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
    assert re.fullmatch(r"line\.png: predicted 3 6 0 \(\d+ %, \d+ %, \d+ %\)\n", done.stdout)
    named = [line.split(": ")[1] for line in done.stderr.splitlines()]
    assert named == ["bad.png", "no.png", "blank.png", "dash.png", "not calibrated"]
    assert "Traceback" not in done.stderr


def test_bad_pictures_are_named_in_json(place: Path) -> None:
    bad, good = (json.loads(line) for line in predict(place, "--json", "bad.png", "line.png", status=1))
    assert list(bad) == ["file", "error"]
    assert "not a picture" in bad["error"]
    assert len(good["digits"]) == 3


def test_a_folder_with_a_subfolder_for_each_digit_is_measured(place: Path, tmp_path: Path) -> None:
    sheet = tmp_path / "mistakes.png"
    lines = predict(place, "own", "--png", str(sheet))
    low, high = accuracy_interval(4, 8)
    assert lines[-1] == f"digit-logreg: 4 of 8 right, accuracy 0.5000 (95 %: {low:.4f} to {high:.4f})"
    reasons = ("0, predicted 7 (", "3, predicted 3 6 0 (", "5, not a picture", "6, the picture is blank")
    for line, name, reason in zip(lines, ("0/7.png", "3/line.png", "5/bad.png", "6/blank.png"), reasons, strict=False):
        assert line.startswith(f"{Path('own', name)}: {reason}")
    assert lines[1].endswith(": 3 digits in one picture")
    assert lines[5].split() == ["predicted", "0", "3", "5", "6", "7", "none", "several"]
    assert [line.split() for line in lines[7:11]] == [
        ["actual", "0", *"1···1··"],
        ["actual", "3", *"·1····1"],
        ["actual", "5", *"··1··1·"],
        ["actual", "6", *"···1·1·"],
    ]
    with Image.open(sheet) as image:
        assert image.width > 4 * 140
    *each, total = map(json.loads, predict(place, "--json", "own"))
    assert [line["file"] for line in each if not line["right"]] == total["mistakes"]
    assert [line["actual"] for line in each] == [0, 0, 3, 3, 5, 5, 6, 6]
    assert total["interval"] == [round(low, 6), round(high, 6)]
    assert total["confusion"]["3"] == {"3": 1, "several": 1}


def test_a_detector_is_measured_and_what_it_was_trained_on_is_said(project: Path, place: Path) -> None:
    shutil.copytree(place / "own", project / "own")
    values = tiny.params()
    values["datasets"]["tiny"]["sources"] = [{"handwriting": "own"}, {"idx": "idx"}]
    tiny.write_params(project, values)
    done = tiny.run([*PREDICT, "--model", "five-sgd", "own/"], project)
    assert re.search(r"^predicted +not five +five +none +several$", done.stdout, re.MULTILINE)
    assert re.search(r"^actual 5 +· +1 +1 +·$", done.stdout, re.MULTILINE)
    assert "five-sgd: 5 of 8 right, " in done.stdout
    assert done.stderr.splitlines()[0].endswith("was trained on pictures of this folder; it has seen some before")


def test_standard_input(place: Path) -> None:
    command = [sys.executable, "-m", "tools.predict", "-"]
    picture = (place / "line.png").read_bytes()
    done = subprocess.run(command, cwd=place, input=picture, capture_output=True, check=True)
    assert done.stdout.startswith(b"-: predicted 3 6 0 (")
    closed = subprocess.run(["sh", "-c", 'exec "$@" <&-', "sh", *command], cwd=place, capture_output=True, check=False)
    assert closed.returncode == 1
    assert closed.stderr.startswith(b"predict: -: standard input is closed\n")


def test_no_more_of_standard_input_is_read_than_a_picture_may_have(monkeypatch: pytest.MonkeyPatch) -> None:
    endless = BytesIO(bytes(1000))
    monkeypatch.setattr(sys, "stdin", SimpleNamespace(buffer=endless))
    monkeypatch.setattr(pictures, "LONGEST", 10)
    assert "too large" in str(look("-", components.find).error)
    assert endless.tell() == 11


def test_of_equals_the_first_is_the_prediction_and_the_others_come_next() -> None:
    X, y = np.zeros((3, 64), np.uint8), np.array([0, 1, 2])  # noqa: N806
    model = Pipeline([("classifier", DummyClassifier())]).fit(X, y)
    prior = Recognizer("prior", (8, 8), [0, 1, 2], ["0", "1", "2"], None, model, 1.0)
    assert in_words(prior, prior.predict(X[:1])) == "predicted 0 (33 %; 1: 33 %, 2: 33 %)"


def test_a_binary_model_names_its_classes(place: Path) -> None:
    five, line = predict(place, "--model", "five-sgd", "five.png", "line.png")
    assert re.fullmatch(r"five.png: predicted five \(\d+ %\)", five)
    assert line.startswith("line.png: predicted not five, not five, not five (")
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
    assert re.fullmatch(r"tiny 7: 7, predicted 7 \(.*%\), right\n", done.stdout)
    seen, calibrated = done.stderr.splitlines()
    assert seen == "predict: the image is in the training part: digit-logreg has seen it before"
    assert calibrated.startswith("predict: not calibrated: digit-logreg has no folds")


def test_several_rows_of_the_dataset_are_counted(place: Path) -> None:
    done = tiny.run([*PREDICT, "--row", "tiny", "7", "299-300", "--model", "five-sgd"], place)
    *lines, total = done.stdout.splitlines()
    _, classes = tiny.digits()
    assert [line.split(" (")[0] for line in lines] == [
        f"tiny {row}: {classes[row]}, predicted not five" for row in (7, 299, 300)
    ]
    assert total == f"{sum(line.endswith(', right') for line in lines)} of 3 right"
    assert done.stderr == "predict: five-sgd was trained on 2 of these 3 images\n"


def test_random_rows_are_others_each_time_and_within_those_asked_for(place: Path) -> None:
    found = [
        re.findall("tiny (\\d+):", " ".join(predict(place, "--row", "tiny", "300-399", "--random", "9"))) for _ in "12"
    ]
    assert found[0] != found[1]
    assert all(len({*each}) == 9 and int(min(each)) >= 300 for each in found)


def test_a_row_of_the_dataset_is_said_to_be_known_to_the_model_or_not(
    place: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(place)
    last = np.array([tiny.IMAGES - tiny.TEST - 1])  # of the training part
    assert seen_before("five-sgd", "tiny", last).startswith("the image is in the training part")
    assert seen_before("five-sgd", "tiny", last + 1).startswith("the image is not in the training part")
    assert (
        seen_before("five-sgd", "tiny", np.append(last + 1, last + 2))
        == "five-sgd was trained on none of these 2 images"
    )
    assert seen_before("five-sgd", "mnist", last) == "five-sgd was trained on other images than mnist"


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
    with pytest.raises(PipelineError, match=r"no experiment .*28 × 28 or 8 × 8"):
        Recognizer.load()
    predict_rows(Recognizer.load(None, "tiny"), "tiny", ["7"], draw=None, show=True)
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
        (["--row", "tiny", "four"], 2, "'four' is neither a number such as 36001 nor a range"),
        (["--row", "tiny", "9" * 5000], 2, "99' is neither a number"),
        (["--row", "tiny"], 2, "give numbers of images, or --random N"),
        (["--random", "3", "line.png"], 2, "--random goes with --row DATASET"),
        (["--model", "five-sdg", "line.png"], 2, "Did you mean 'five-sgd'?"),
        (["own", "scans"], 1, "own: there are no pictures in this folder, and no"),
        (["--png", "x.png", "scans"], 2, "--png goes with one folder that has a subfolder for each digit"),
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
    assert "`dvc repro evaluate@digit-logreg` makes one" in best.stderr
