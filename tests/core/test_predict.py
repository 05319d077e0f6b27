"""`digits predict` with models of whole pictures, of 8 × 8 pixels, and how it chooses a model."""

import io
import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from digits import predicting
from digits.core import paths
from digits.evaluation.intervals import confidence_interval
from digits.fetching.fetch import fetch_images
from digits.imaging import pictures
from digits.settings import params_file
from tests.helpers import tiny
from tests.helpers.calls import call, failure

PIXELS, CLASSES = tiny.digits()
MODEL = ("--model", "digit-logreg")
PREDICTION = re.compile(r"predicted (.+?) \((.+? %)")

# The dataset consists of pictures, which lie in subfolders of `own`.
PICTURES = {
    "datasets.tiny.sources": [{"files": "own"}],
    "datasets.tiny.sha256": None,
}


def write(path: Path, pixels: Any) -> None:
    """Write a picture, and create its folder."""
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(pixels, np.uint8)).save(path)


def write_image(path: Path, row: int) -> None:
    """Write an image of the dataset as a picture of the same size."""
    write(path, PIXELS[row].reshape(tiny.SHAPE))


def write_table(path: Path, rows: range, *, with_id: bool = False) -> None:
    """Write images of the dataset as a table with a column per pixel, and without classes."""
    table = pd.DataFrame(PIXELS[rows.start : rows.stop]).add_prefix("pixel")
    if with_id:
        table.insert(0, "ImageId", [f"image {row}" for row in rows])
    table.to_csv(path, index=False)


def make_pictures(project: Path, changes: dict[str, Any] | None = None) -> None:
    """Make the dataset one of pictures."""
    tiny.edit(project, PICTURES | (changes or {}))
    tiny.edit_summary(project, {"sha256": {"files": "0" * 64}})


def read_json(project: Path, *words: str, status: int = 0) -> list[dict[str, Any]]:
    """Return what `digits predict --format json` prints."""
    text = call(project, "predict", "--format", "json", *words, status=status).stdout
    records: list[dict[str, Any]] = json.loads(text)
    return records


@pytest.fixture(scope="module")
def place(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the tiny project, as one about pictures. Do not change it."""
    project = tiny.copy(made, tmp_path_factory.mktemp("predict") / "tiny")
    make_pictures(project)
    for row in range(10):  # they show 0 to 9
        write_image(project / f"scans/{row}.png", row)
    (project / "scans/.DS_Store").touch()
    (project / "scans/notes.txt").touch()
    (project / "scans/old").mkdir()
    (project / "bad.png").write_text("no picture")
    return project


def test_a_folder_gives_a_line_per_picture_and_names_what_is_left_out(place: Path) -> None:
    done = call(place, "predict", *MODEL, "scans")
    lines = done.stdout.splitlines()
    files = [str(Path("scans", f"{row}.png")) for row in range(10)]
    assert [line.split(": predicted ")[0] for line in lines] == files
    right = [f": predicted {row} (" in line for row, line in enumerate(lines)]
    assert sum(right) >= 8
    left_out, not_calibrated = done.stderr.splitlines()
    assert left_out == "scans: left out: notes.txt, old"
    assert "not calibrated: digit-logreg has no folds" in not_calibrated


def test_the_likeliest_other_labels_are_printed(place: Path) -> None:
    printed = call(place, "predict", *MODEL, "scans").stdout.splitlines()
    for line, record in zip(printed, read_json(place, *MODEL, "scans"), strict=True):
        labels = [int(label) for label in re.findall(r"; (\d):", line)]
        probable = [rank for rank in (2, 3) if record[f"probability_{rank}"] >= 0.01]
        assert labels == [record[f"label_{rank}"] for rank in probable]
        assert record["probability_2"] >= record["probability_3"]


def test_predictions_of_pictures_and_tables_are_those_of_the_stages(
    place: Path, tmp_path: Path
) -> None:
    for row in range(320, 340):
        write_image(tmp_path / f"{row}.png", row)
    predicted = call(place, "predict", "--model", "five-sgd", str(tmp_path)).stdout
    shown = call(place, "show", "tiny", "320-339", "--predictions", "five-sgd").stdout
    predictions = PREDICTION.findall(predicted)
    assert predictions == PREDICTION.findall(shown)
    assert {label for label, _ in predictions} == {"5", "not 5"}
    assert any(percent != "> 99 %" for _, percent in predictions)  # they are calibrated
    table = tmp_path / "test.csv"
    write_table(table, range(320, 340))
    of_table = call(place, "predict", "--model", "five-sgd", str(table)).stdout
    assert PREDICTION.findall(of_table) == predictions
    assert of_table.startswith(f"{table}:1: predicted ")


def test_a_picture_is_converted_as_the_source_of_the_dataset_does(project: Path) -> None:
    random = np.random.default_rng(0)
    for index, shape in enumerate([(8, 8), (40, 30, 3), (20, 90)]):
        write(project / f"own/{index}/photo.png", random.integers(0, 256, shape))
    make_pictures(project, {"datasets.tiny.pixel_max": 255})
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(project)
        predictor = predicting.load("digit-logreg")
        dataset = params_file.load().datasets["tiny"]
        images = fetch_images("tiny", dataset)
        for index, image in enumerate(images.X):
            [prediction] = predictor.predict(Path(f"own/{index}/photo.png"))
            assert np.array_equal(prediction.image.ravel(), image)


def test_the_space_beside_a_picture_has_the_brightness_of_its_border(tmp_path: Path) -> None:
    write(tmp_path / "narrow.png", np.full((4, 2), 200))
    assert (pictures.read_resized(tmp_path / "narrow.png", [4, 4]) == 200).all()


def test_a_picture_is_rounded_to_the_few_values_of_the_training_images(
    project: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny.edit(project, {"datasets.tiny.sources": [{"files": "table.csv"}]})
    values = np.repeat([0, 4, 12, 100, 130, 200, 248, 255], 8).reshape(8, 8)
    write(project / "a.png", values)
    monkeypatch.chdir(project)
    [prediction] = predicting.load("digit-logreg").predict(Path("a.png"))
    assert prediction.image[:, 0].tolist() == [0, 0, 1, 6, 8, 13, 16, 16]


def test_json_has_the_label_and_the_probabilities(place: Path) -> None:
    files = ["bad.png", "scans/3.png", "no.png"]
    bad, good, missing = read_json(place, *MODEL, *files, status=1)
    others = [f"{key}_{rank}" for rank in (2, 3, 4) for key in ("label", "probability")]
    fields = ["file", "id", "model", "actual", "label", "probability", "error", *others]
    assert list(bad) == list(good) == list(missing) == fields
    assert (good["file"], good["model"], good["label"]) == (files[1], "digit-logreg", 3)
    assert good["actual"] is None
    probabilities = [good["probability"], *(good[f"probability_{rank}"] for rank in (2, 3, 4))]
    assert sum(probabilities) <= 1
    assert probabilities == sorted(probabilities, reverse=True)
    assert bad["label"] is bad["probability_4"] is None
    assert "not a picture" in bad["error"]
    assert missing["error"] == "No such file or directory"


def test_csv_has_what_json_has(place: Path) -> None:
    files = ["scans/3.png", "bad.png", "labelled-3"]
    write_image(place / "labelled-3/3/a,b.png", 3)
    records = read_json(place, *MODEL, *files, status=1)
    text = call(place, "predict", *MODEL, "--format", "csv", *files, status=1).stdout
    table = pd.read_csv(io.StringIO(text), dtype=object, keep_default_na=False)
    expected = [
        {key: "" if value is None else str(value) for key, value in record.items()}
        for record in records
    ]
    assert table.to_dict("records") == expected
    assert table["actual"].tolist() == ["", "", "3"]


def test_what_the_model_takes_is_not_drawn_into_data(place: Path) -> None:
    words = ["predict", *MODEL, "scans", "--show", "--format", "json"]
    assert "--show cannot be used with --format json" in call(place, *words, status=2).stderr


def test_what_cannot_be_predicted_is_named_and_does_not_stop_the_others(
    place: Path, tmp_path: Path
) -> None:
    empty, other = tmp_path / "empty", tmp_path / "other.npy"
    empty.mkdir()
    np.save(other, np.zeros((3, 5, 5), np.uint8))
    words = ["bad.png", str(empty), str(other), "scans/3.png", "no.png"]
    done = call(place, "predict", *MODEL, *words, status=1)
    assert re.fullmatch(r"scans/3\.png: predicted 3 \(\d+ %.*\)\n", done.stdout)
    for line in [
        "bad.png: not a picture",
        f"{empty} is empty; name a folder of pictures",
        f"{other} has images of the shape [5, 5], but digit-logreg takes images of the shape [8, 8]",
        "no.png: No such file or directory\n",
    ]:
        assert f"\n{line}" in f"\n{done.stderr}"


def test_what_the_model_takes_is_shown_of_standard_input_too(place: Path) -> None:
    content = (place / "scans/3.png").read_bytes()
    shown = call(place, "predict", *MODEL, "--show", "-", stdin=content).stdout
    caption, *lines = shown.splitlines()
    assert caption.startswith("-: predicted 3 (")
    assert len(lines) == 8 + 1
    assert any("@@" in line for line in lines)


@pytest.fixture(scope="module")
def labelled(place: Path) -> Path:
    """Return a folder with a subfolder for each class: three right ones, two mistakes."""
    folder = place / "labelled"
    for row in (0, 3, 6):
        write_image(folder / f"{row}/{row}.png", row)
    write_image(folder / "0/7.png", 7)
    shutil.copy(place / "bad.png", folder / "6")
    return folder


def test_a_folder_with_a_subfolder_for_each_class_is_evaluated(
    place: Path, labelled: Path, tmp_path: Path
) -> None:
    png = tmp_path / "mistakes.png"
    done = call(place, "predict", *MODEL, "labelled", "--show", "--png", str(png), status=1)
    mistake, *lines = done.stdout.splitlines()
    assert mistake.startswith("labelled/0/7.png: 0, predicted 7 (")
    assert len(lines[: lines.index("")]) == 8  # the image
    table = [" ".join(line.split()) for line in lines[-7:-2]]
    rows = ["0 1 0 0 1 0", "3 0 1 0 0 0", "6 0 0 1 0 1"]
    assert table == ["predicted 0 3 6 7 not found", "actual", *rows]
    low, high = confidence_interval(np.array([1, 1, 1, 0, 0]))
    assert lines[-1] == (
        f"digit-logreg: 3 of 5 right, accuracy 0.6000 (95 %: {low:.4f} to {high:.4f})"
    )
    assert "labelled/6/bad.png: not a picture" in done.stderr
    with Image.open(png) as sheet:
        assert sheet.height < 2 * 140 < 2 * sheet.width  # one image


def test_without_a_mistake_nothing_is_drawn(place: Path, tmp_path: Path) -> None:
    write_image(tmp_path / "own/3/a.png", 3)
    png = tmp_path / "mistakes.png"
    done = call(place, "predict", *MODEL, str(tmp_path / "own"), "--png", str(png))
    assert "digit-logreg: 1 of 1 right, accuracy 1.0000" in done.stdout
    assert f"{png} was not written, because there is nothing to draw" in done.stderr
    assert not png.exists()


def test_folders_that_cannot_be_predicted_are_refused(place: Path, tmp_path: Path) -> None:
    write_image(tmp_path / "own/cat/a.png", 3)
    write_image(tmp_path / "own/3/a.png", 3)
    message = failure(place, "predict", *MODEL, str(tmp_path / "own"))
    assert message == (
        f"Error: {tmp_path}/own: classes of digit-logreg: there is no 'cat'. Valid: "
        "0, 1, 2, 3, 4, 5, 6, 7, 8, 9."
    )


def test_folders_that_are_called_like_no_class_are_predicted(
    place: Path, tmp_path: Path
) -> None:
    write_image(tmp_path / "contest/test/a.png", 3)
    result = call(place, "predict", *MODEL, str(tmp_path / "contest"))
    assert result.stderr.startswith(
        f"{tmp_path}/contest: no classes, because no folder is called like one of 0, 1, 2, 3, "
    )
    assert "test/a.png: predicted 3 (" in result.stdout
    assert "accuracy" not in result.stdout


def test_the_images_of_the_dataset_are_said_to_be_those_of_the_training(
    place: Path, tmp_path: Path
) -> None:
    project = tiny.copy(place, tmp_path / "tiny")
    write_image(project / "own/3/a.png", 3)
    for name in ["own", "scans/../own", str(project / "own")]:
        warning = call(project, "predict", *MODEL, name).stderr
        assert f"{name} has the images that the model was trained on; name others\n" in warning


def test_a_sheet_has_all_pictures_and_overwrites_none(place: Path, tmp_path: Path) -> None:
    png = tmp_path / "sheet.png"
    call(place, "predict", *MODEL, "scans", "--png", str(png))
    with Image.open(png) as sheet:
        assert sheet.width > 4 * 140
    before = tiny.files(place / "scans")
    for name in ["scans/3.png", str(place / "scans/3.png")]:
        refused = call(place, "predict", *MODEL, "scans", "--png", name, status=2)
        assert f"--png {name} would overwrite the picture" in refused.stderr
    assert tiny.files(place / "scans") == before


def test_a_name_of_a_file_is_printed_without_what_disturbs_a_terminal(
    place: Path, tmp_path: Path
) -> None:
    # The name is no UTF-8, and would clear the screen.
    file = tmp_path / "own/3" / os.fsdecode(b"\xff\x1b[2J\n.png")
    write_image(file, 7)
    line = call(place, "predict", *MODEL, str(file)).stdout
    assert line.startswith(f"{file.with_name(' .png')}: predicted 7 (")
    [record] = read_json(place, *MODEL, str(file))
    assert record["file"] == str(file)
    in_csv = call(place, "predict", *MODEL, "--format", "csv", str(file)).stdout_bytes
    assert os.fsencode(file.parent) + b"/\xff\n.png" in in_csv


def test_the_default_model_is_chosen_in_cross_validation(project: Path) -> None:
    logreg = tiny.params()["models"]["digit-logreg"]
    model = paths.model("digit-logreg")
    changes: dict[str, Any] = {}
    results = {"folded": (0.9, 0.1), "better": (0.95, 0.2), "best-in-test": (0.1, 1.0)}
    results["of-fewer-images"] = (1.0, 1.0)
    results["as-good"] = (0.95, 0.1)
    for name, (cv_accuracy, accuracy) in results.items():
        changes[f"models.{name}"] = logreg
        shutil.copy(project / model, project / paths.model(name))
        shutil.copytree(project / "plots/digit-logreg", project / f"plots/{name}")
        metrics = {"accuracy": accuracy, "baseline": 0.1}
        metrics |= {"cv_accuracy": cv_accuracy, "cv_std": 0.01}
        (project / f"metrics/{name}.json").write_text(json.dumps(metrics))
    smaller = tiny.dataset({"files": "own"})
    tiny.edit_summary(project, {"images": tiny.IMAGES - 1}, "with-fewer-images")
    changes |= {
        "datasets.with-fewer-images": smaller,  # the last one in the alphabet
        "splits.smaller": {"dataset": "with-fewer-images", "test": 0.25},
        "tasks.smaller": {"split": "smaller"},
        "models.of-fewer-images": logreg | {"task": "smaller"},
    }
    make_pictures(project, changes)
    write_image(project / "3.png", 3)
    assert read_json(project, "3.png")[0]["model"] == "better"
    printed = call(project, "predict", "3.png").stderr
    assert printed.startswith("the model is better; --model chooses another\n")
    # The last dataset is now the largest.
    tiny.edit_summary(project, {"images": tiny.IMAGES + 1}, "with-fewer-images")
    assert read_json(project, "3.png")[0]["model"] == "of-fewer-images"


def test_a_model_of_images_of_another_shape_is_refused(project: Path) -> None:
    make_pictures(project, {"datasets.tiny.shape": [8, 7]})
    assert failure(project, "predict", *MODEL, "a.png") == (
        "Error: digit-logreg takes 64 values per image, but the shape or the network of its "
        "dataset gives 56 now; run `dvc repro evaluate@digit-logreg`"
    )


def test_a_missing_model_says_how_to_get_it(project: Path) -> None:
    make_pictures(project)
    model = paths.model("digit-logreg")
    (project / model).unlink()
    assert failure(project, "predict", *MODEL, "a.png") == (
        f"Error: {model} was not found; `dvc repro train@digit-logreg evaluate@digit-logreg` "
        "makes it, `dvc pull train@digit-logreg evaluate@digit-logreg` fetches what was shared"
    )
    assert failure(project, "predict", "a.png") == (
        "Error: no model that predicts all classes is here; run `dvc pull` if one was shared, or "
        "`dvc repro`, or choose a --model"
    )


@pytest.mark.parametrize("with_id", [False, True])
def test_a_submission_has_the_ids_and_the_labels(
    place: Path, tmp_path: Path, *, with_id: bool
) -> None:
    path = tmp_path / "test.csv"
    write_table(path, range(10), with_id=with_id)
    words = ["predict", *MODEL, str(path)]
    printed = call(place, *words, "--submission", "ImageId,Label").stdout
    records = read_json(place, *MODEL, str(path))
    ids = [f"image {row}" if with_id else str(row + 1) for row in range(10)]
    assert [record["id"] for record in records] == ids
    lines = [f"{record['id']},{record['label']}" for record in records]
    assert printed.splitlines() == ["ImageId,Label", *lines]
    refused = call(place, *words, "--submission", "Label", status=2).stderr
    assert "expected two names, such as ImageId,Label" in refused
    for other in ["--show", "--format=json"]:
        refused = call(place, *words, "--submission", "id,label", other, status=2).stderr
        assert "--submission cannot be used with --format or --show" in refused


def test_a_submission_has_each_id_once(place: Path, tmp_path: Path) -> None:
    for name in ["a.csv", "b.csv"]:
        write_table(tmp_path / name, range(3), with_id=True)
    words = ["predict", *MODEL, "--submission", "id,label"]
    line = failure(place, *words, str(tmp_path / "a.csv"), str(tmp_path / "b.csv"))
    assert line.startswith("Error: --submission: two images have the id ")


def test_arrays_with_labels_are_evaluated(place: Path, tmp_path: Path) -> None:
    path = tmp_path / "digits.npz"
    np.savez(path, x=PIXELS[:100].reshape(-1, 8, 8), y=CLASSES[:100])
    printed = call(place, "predict", *MODEL, str(path)).stdout
    assert re.search(r"digit-logreg: \d+ of 100 right, accuracy 0\.9", printed)
    before = path.read_bytes()
    refused = call(place, "predict", *MODEL, str(path), "--png", str(path), status=2)
    assert f"--png {path} would overwrite the picture" in refused.stderr
    assert path.read_bytes() == before


@pytest.mark.parametrize(
    ("largest", "reason"),
    [
        (1_000, "its values are not all whole numbers from 0 to 255"),
        (240, "its pixels are up to 240, but digit-logreg takes pixels from 0 to 16"),
    ],
)
def test_a_table_of_other_values_than_those_of_the_training_images_is_refused(
    place: Path, tmp_path: Path, largest: int, reason: str
) -> None:
    path = tmp_path / "test.csv"
    table = pd.DataFrame(PIXELS[:20].astype(int)).add_prefix("pixel")
    table.iloc[7, 30] = largest
    table.to_csv(path, index=False)
    assert f"test.csv: {reason}" in failure(place, "predict", *MODEL, str(path))


def test_arrays_are_set_upright_if_the_dataset_says_that_its_images_lie_on_their_side(
    project: Path, tmp_path: Path
) -> None:
    make_pictures(project, {"datasets.tiny.transpose": True})
    lying = PIXELS[:100].reshape(-1, 8, 8).swapaxes(1, 2)
    np.savez(tmp_path / "lying.npz", x=lying, y=CLASSES[:100])
    printed = call(project, "predict", *MODEL, str(tmp_path / "lying.npz")).stdout
    assert re.search(r"digit-logreg: \d+ of 100 right, accuracy 0\.9", printed)


def test_pictures_in_a_parquet_file_are_evaluated(place: Path, tmp_path: Path) -> None:
    path = tmp_path / "digits.parquet"
    contents = [(place / f"scans/{row}.png").read_bytes() for row in range(10)]
    pd.DataFrame({"image": contents, "label": range(10)}).to_parquet(path)
    printed = call(place, "predict", *MODEL, str(path)).stdout
    assert f"{path}/digits/6: 5, predicted 9 (" in printed  # the only mistake
    assert "digit-logreg: 9 of 10 right, accuracy 0.9000" in printed
    submitted = call(place, "predict", *MODEL, str(path), "--submission", "id,label").stdout
    ids = [line.split(",")[0] for line in submitted.splitlines()[1:]]
    assert ids == [str(row + 1) for row in range(10)]


def test_a_picture_with_the_other_background_is_inverted(project: Path) -> None:
    make_pictures(project)
    tiny.edit_summary(project, {"background": "dark"})
    image = PIXELS[3].reshape(tiny.SHAPE)
    framed = np.pad(image, 4)  # so that the border is paper
    write(project / "dark.png", framed)
    write(project / "light.png", tiny.PIXEL_MAX - framed)
    dark, light = read_json(project, *MODEL, "dark.png", "light.png")
    assert dark | {"file": "", "id": ""} == light | {"file": "", "id": ""}
    warnings = call(project, "predict", *MODEL, "dark.png", "light.png").stderr
    assert warnings.startswith(
        "1 of 2 pictures were inverted, because nearly all training images have a dark "
        "background\n"
    )


def test_a_blank_picture_is_said_to_be_blank(place: Path, tmp_path: Path) -> None:
    write(tmp_path / "blank.png", np.full((8, 8), 3))
    warnings = call(place, "predict", *MODEL, str(tmp_path / "blank.png")).stderr
    assert "1 of 1 pictures are blank or nearly blank\n" in warnings
