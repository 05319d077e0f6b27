"""Pictures in colour: they keep it from the file to the terminal."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from digits.core.images import read_images
from digits.features.color_histogram import color_histogram
from digits.imaging import drawing
from digits.imaging.transforms.color import to_brightness
from tests.helpers import tiny
from tests.helpers.calls import call
from tests.helpers.digit_files import write_picture

SIDE = 16
COLORS = {"blue": (20, 40, 230), "red": (230, 40, 20)}  # of the same brightness, nearly
N_PICTURES = 12  # of each class


def write_pictures(folder: Path, side: int) -> None:
    """Write noisy pictures of two classes that differ in their colour alone."""
    rng = np.random.default_rng(1)
    for name, color in COLORS.items():
        for number in range(N_PICTURES):
            noise = rng.integers(-20, 20, (side, side, 3))
            pixels = np.clip(color + noise, 0, 255).astype(np.uint8)
            write_picture(folder / f"{name}/{number}.png", pixels)


TREES = "ensemble.ExtraTreesClassifier"
MODELS: dict[str, Any] = {
    "colors": tiny.model("color", "color_histogram", TREES, 3, n_estimators=10),
    "edges": tiny.model("color", "hog", "svm.SVC", 3)
    | {"feature_parameters": {"step": 8, "radius": 8, "deskewed": False}},
}


@pytest.fixture(scope="module")
def photos(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project with a dataset in colour, and two models that are not trained yet."""
    project = tiny.copy(made, tmp_path_factory.mktemp("color") / "photos")
    write_pictures(project / "data/own", side=30)
    changes: dict[str, Any] = {
        "datasets": {"own": {"sources": [{"files": "data/own"}], "shape": [SIDE, SIDE, 3]}},
        "splits": {"own": {"dataset": "own", "test": {"share": 0.25}}},
        "tasks": {"color": {"split": "own"}},
        "models": MODELS,
    }
    tiny.edit(project, changes)
    tiny.add_dependency(project, "data/own")
    for stage, name in [("fetch", "own"), ("split", "own"), ("binarize", "color")]:
        call(project, stage, name)
    return project


@pytest.fixture
def copied(photos: Path, tmp_path: Path) -> Path:
    """Return a copy of the project, which the test may change."""
    return tiny.copy(photos, tmp_path / "copy")


@pytest.mark.variant
def test_colours_are_learned_predicted_and_shown(copied: Path) -> None:
    for name in MODELS:
        call(copied, "train", name)
    call(copied, "evaluate", "colors")
    predictions = pd.read_parquet(copied / "data/predictions/colors.parquet")
    assert (predictions["label"] == predictions["prediction"]).all()
    assert set(predictions["file"].str.split("/").str[0]) == set(COLORS)

    printed = call(copied, "predict", "--model", "colors", "data/own/red/3.png").stdout
    assert printed.startswith("data/own/red/3.png: predicted red (")
    shown = call(copied, "show", "own", "0", "--predictions", "colors").stdout
    file = pd.read_parquet(copied / "data/raw/own.parquet", columns=["file"])["file"][0]
    assert shown.startswith(f"own 0 ({file}): ")


def test_the_columns_of_a_pixel_are_red_green_and_blue(photos: Path) -> None:
    images = read_images(photos / "data/raw/own.parquet")
    assert images.X.shape == (2 * N_PICTURES, SIDE * SIDE * 3)
    for name, pixels in zip(images.table["file"], images.X, strict=True):
        mean = pixels.reshape(-1, 3).mean(axis=0)
        assert mean == pytest.approx(COLORS[name.split("/")[0]], abs=8)
    assert images.format.shape == [SIDE, SIDE, 3]


def test_another_shape_leaves_every_image_in_its_set(copied: Path) -> None:
    path = copied / "data/split/own/test.parquet"
    before = pd.read_parquet(path)["file"].tolist()
    text = (copied / "params.yaml").read_text(encoding="utf-8")
    text = re.sub(rf"- {SIDE}(\s+)- {SIDE}\s+- 3", r"- 5\1- 4", text)
    (copied / "params.yaml").write_text(text, encoding="utf-8")
    call(copied, "fetch", "own")
    call(copied, "split", "own")
    table = pd.read_parquet(path)
    assert table["file"].tolist() == before
    assert tiny.pixels_of(table).shape[1] == 20


def test_the_brightness_is_that_of_pillow() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 5, 5, 3), dtype=np.uint8)
    expected = [np.asarray(Image.fromarray(image).convert("L")) for image in pixels]
    brightness = to_brightness(pixels.reshape(40, -1)).reshape(40, 5, 5).astype(int)
    assert np.abs(brightness - np.stack(expected)).max() <= 1


def test_a_histogram_has_the_share_of_each_colour() -> None:
    red, blue = [255, 0, 0], [0, 0, 255]
    X = np.array([[*red, *red, *red, *blue]], dtype=np.uint8)
    [histogram] = color_histogram(X, 255, bins=[16, 4, 8])
    shares = sorted(histogram[histogram > 0] ** 2)
    assert shares == pytest.approx([0.25, 0.75])
    [of_other_range] = color_histogram(X // 255 * 16, 16, bins=[16, 4, 8])
    assert of_other_range == pytest.approx(histogram, abs=0.01)
    assert len(color_histogram(X, 255, bins=[3, 2, 1])[0]) == 6


@pytest.mark.parametrize("pixel_max", [100, 200, 255])
def test_white_is_the_brightest_of_colours_whatever_its_number(pixel_max: int) -> None:
    white = np.full((1, 3), pixel_max, np.uint8)
    [histogram] = color_histogram(white, pixel_max, bins=[1, 1, 8])
    assert histogram.tolist() == [0, 0, 0, 0, 0, 0, 0, 1]


def test_a_terminal_shows_the_brightness_of_colours() -> None:
    image = np.array([[[255, 0, 0]], [[0, 9, 255]]], dtype=np.uint8)
    assert drawing.make_lines(image) == ["-"]
