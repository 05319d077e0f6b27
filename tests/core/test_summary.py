"""`fetch` writes the summary of a dataset into data/datasets/NAME.yaml."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image

from digits.imaging.background import classify_backgrounds, find_blank, find_common_background
from tests.helpers import tiny
from tests.helpers.calls import call, failure
from tests.helpers.digit_files import write_picture

ENTRY = {"sources": [{"files": "own"}], "shape": [28, 28]}
NAMES = ["cat", "no", "Übel"]
PRINTED = """\
12 images of 3 classes: cat 4, no 4, Übel 4
28 × 28 pixels, grey
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with pictures, and a dataset that reads them."""
    tiny.edit(tmp_path, {"datasets.tried": ENTRY})
    for index, name in enumerate(NAMES * 4):
        # No two are nearly equal, which the stage would say.
        pixels = np.random.default_rng(index).integers(0, 240, (30, 40), np.uint8)
        write_picture(tmp_path / f"own/{name}/{index}.png", pixels)
    return tmp_path


def read_summary(folder: Path) -> dict[str, Any]:
    text = (folder / "data/datasets/tried.yaml").read_text(encoding="utf-8")
    return yaml.safe_load(text)


def test_the_stage_says_and_writes_what_the_images_are(folder: Path) -> None:
    assert call(folder, "fetch", "tried").stdout == PRINTED
    summary = read_summary(folder)
    assert list(summary) == ["images", "classes", "sha256"]
    assert (summary["images"], summary["classes"]) == (12, dict.fromkeys(NAMES, 4))
    assert list(summary["sha256"]) == ["pixels", "labels", "files"]


def test_fewer_images_than_in_the_last_commit_are_a_warning(folder: Path) -> None:
    start = "tried has fewer images than in the last commit: "
    tiny.run("git init --quiet", folder)
    for _ in range(2):  # first without a commit, then without a change
        assert call(folder, "fetch", "tried").stderr == ""
        tiny.commit(folder, "all images")
        (folder / "later").touch()
    (folder / "own/no/1.png").unlink()
    for _ in range(2):
        warning = call(folder, "fetch", "tried").stderr
        assert warning == f"{start}images: 12 → 11, class no: 4 → 3\n"
    (folder / "own/cat/0.png").rename(folder / "own/no/0.png")
    warning = call(folder, "fetch", "tried").stderr
    assert warning == f"{start}images: 12 → 11, class cat: 4 → 3\n"


def test_a_damaged_summary_is_one_line(folder: Path) -> None:
    call(folder, "fetch", "tried")
    (folder / "data/datasets/tried.yaml").write_text("<<<<<<< HEAD")
    tiny.edit(folder, {"datasets.tried": ENTRY, "splits.tiny.dataset": "tried"})
    assert "run `dvc repro fetch@tried`" in failure(folder, "check")


# `share` chooses the test set by the picture files, or by the names of the groups, so the
# checksums change with them.


@pytest.mark.parametrize("key", ["files", "groups", "test"])
def test_downloaded_images_that_differ_are_refused(folder: Path, key: str) -> None:
    call(folder, "fetch", "tried")
    expected = {**read_summary(folder)["sha256"], key: "0" * 64}
    tiny.edit(folder, {"datasets.tried": {**ENTRY, "sha256": expected}})
    assert f"files own: {key}: sha256 " in failure(folder, "fetch", "tried")


def test_a_test_image_that_is_also_a_training_image_is_counted(folder: Path) -> None:
    layout = {"train": "{class}/*", "test": "test/{class}/*"}
    tiny.edit(folder, {"datasets.tried": {**ENTRY, "layout": layout}})
    (folder / "own/test/cat").mkdir(parents=True)
    (folder / "own/test/cat/0.png").write_bytes((folder / "own/cat/0.png").read_bytes())
    printed = call(folder, "fetch", "tried").stdout
    assert "1 of these are also among the other images, so delete them\n" in printed
    assert "test" in read_summary(folder)["sha256"]


def test_images_on_which_nothing_can_be_seen_are_named(folder: Path) -> None:
    Image.new("L", (2000, 20), 30).save(folder / "own/cat/0.png")
    printed = call(folder, "fetch", "tried").stdout
    assert "1 images are blank or nearly blank: cat/0.png\n" in printed


@pytest.mark.parametrize(("paper", "background"), [(10, "dark"), (240, "light"), (128, None)])
def test_the_background_that_nearly_all_images_have_is_written(
    folder: Path, paper: int, background: str | None
) -> None:
    for path in folder.glob("own/*/*.png"):
        pixels = np.full((28, 28), paper, np.uint8)
        pixels[10:20, 10:20] = 255 - paper // 2
        Image.fromarray(pixels).save(path)
    call(folder, "fetch", "tried")
    assert read_summary(folder).get("background") == background


def test_a_background_is_dark_or_light_and_covers_half_of_the_image() -> None:
    images = np.repeat([0, 40, 41, 59, 60, 100], 64).reshape(-1, 8, 8)
    images[:, 1:6, 1:7] = (images[:, 1:6, 1:7] + 50) % 101  # 30 of 64 pixels
    expected = ["dark", "dark", "", "", "light", "light"]
    assert classify_backgrounds(images, 100).tolist() == expected
    images[:, 6, 1:4] = images[:, 1:2, 1]  # 33 of 64
    assert set(classify_backgrounds(images, 100)) == {""}


@pytest.mark.parametrize(("n_dark", "background"), [(95, "dark"), (94, None)])
def test_at_most_one_of_twenty_images_has_another_background(
    n_dark: int, background: str | None
) -> None:
    images = np.repeat([0, 255], [n_dark, 100 - n_dark])[:, np.newaxis, np.newaxis]
    images = np.tile(images, (1, 8, 8))
    assert find_common_background(images, 255) == background
    assert find_common_background(255 - images, 255) == (background and "light")


def test_a_blank_image_has_less_than_a_twentieth_of_the_contrast() -> None:
    rows = np.array([[7, 7], [7, 19], [7, 20]], np.uint8)
    assert find_blank(rows, 255).tolist() == [True, True, False]
    assert find_blank(np.array([[1, 1], [0, 1]], np.uint8), 16).tolist() == [True, False]
