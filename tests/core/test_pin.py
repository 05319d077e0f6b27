"""`digits pin` records what the images of a dataset are in data/datasets.yaml."""

import re
import shutil
import textwrap
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import yaml
from PIL import Image
from pytest_httpserver import HTTPServer
from werkzeug import Request, Response

from digits.imaging.background import find_backgrounds, find_blank, find_common_background
from digits.settings import recorded
from tests.helpers import tiny
from tests.helpers.calls import VALID, call, failure
from tests.helpers.processes import full_disk

TEXT = (tiny.ROOT / "params.yaml").read_text(encoding="utf-8")
ENTRY = "    sources:\n    - files: own\n    shape: [28, 28]  # small\n"
NAMES = ["cat", "no", "Übel"]
PINNED = """\
data/datasets.yaml: tried has
  12 images of 3 classes: cat 4, no 4, Übel 4
  28 × 28 pixels, grey
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with pictures that are in params.yaml, but are not recorded yet."""
    entry = f"datasets:\n  tried:  # mine\n{ENTRY}\n  # The others.\n"
    text = TEXT.replace("datasets:\n", entry, 1)
    (tmp_path / "params.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "data").mkdir()
    shutil.copy(tiny.ROOT / recorded.FILE, tmp_path / recorded.FILE)
    for index, name in enumerate(NAMES * 4):
        path = tmp_path / "own" / name / f"{index}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        # No two are nearly equal, which the command would say.
        pixels = np.random.default_rng(index).integers(0, 240, (30, 40), np.uint8)
        Image.fromarray(pixels).save(path)
    return tmp_path


def read_params(folder: Path) -> str:
    return (folder / "params.yaml").read_text(encoding="utf-8")


def read_recorded(folder: Path) -> dict[str, Any]:
    """Return what is recorded of each dataset."""
    return recorded.parse((folder / recorded.FILE).read_text(encoding="utf-8"))


def test_a_new_entry_is_recorded_and_nothing_else_is_changed(folder: Path) -> None:
    before = read_params(folder)
    others = read_recorded(folder)
    printed = call(folder, "pin", "tried").stdout
    assert printed.startswith(PINNED)
    assert [len(line) > 10 for line in printed.splitlines()].count(True) > 10  # two images
    entry = read_recorded(folder)["tried"]
    assert list(entry) == ["images", "classes", "names", "sha256"]
    assert entry["images"] == 12
    assert entry["classes"] == 3
    assert entry["names"] == NAMES
    assert read_params(folder) == before
    assert read_recorded(folder) == others | {"tried": entry}
    text = (folder / recorded.FILE).read_text(encoding="utf-8")
    assert text.startswith(recorded.HEADER)
    assert "- Übel\n" in text
    assert call(folder, "check").output == VALID


def test_on_a_full_disk_nothing_is_changed(folder: Path) -> None:
    before = tiny.files(folder)
    with full_disk():
        line = failure(folder, "pin", "tried")
    assert line.endswith("File too large")
    assert tiny.files(folder) == before


def test_a_project_of_an_older_version_is_recorded_anew(folder: Path) -> None:
    call(folder, "pin", "tried")
    values = read_recorded(folder)
    before = read_params(folder)
    of_entry = yaml.safe_dump({**values["tried"], "groups": 7}, sort_keys=False)
    of_other = "  other:\n    images: 4\n"
    before = before.replace("\n  # The others.\n", f"\n{of_other}\n  # The others.\n")
    old = before.replace(ENTRY, textwrap.indent(of_entry, "    ") + ENTRY)
    (folder / "params.yaml").write_text(old, encoding="utf-8")
    (folder / recorded.FILE).unlink()
    printed = call(folder, "pin", "tried").stdout
    line = "params.yaml: datasets.tried: what data/datasets.yaml has now was removed\n"
    assert printed.startswith(f"{line}{PINNED}")
    assert read_params(folder) == before
    assert read_recorded(folder) == {"tried": values["tried"]}


def test_values_in_params_yaml_alone_are_not_what_the_stages_need(folder: Path) -> None:
    call(folder, "pin", "tried")
    values = read_recorded(folder)
    of_entry = yaml.safe_dump(values.pop("tried"), sort_keys=False)
    old = read_params(folder).replace(ENTRY, textwrap.indent(of_entry, "    ") + ENTRY)
    (folder / "params.yaml").write_text(old, encoding="utf-8")
    (folder / recorded.FILE).write_text(yaml.safe_dump(values), encoding="utf-8")
    line = "datasets.tried: is not in data/datasets.yaml; run `digits pin tried`"
    assert failure(folder, "check") == f"Error: params.yaml: {line}"


def test_values_that_were_recorded_in_another_form_are_one_line(folder: Path) -> None:
    for text, reason in [("- tried", "has another form than"), ("{", "is not YAML: ")]:
        (folder / recorded.FILE).write_text(text)
        assert failure(folder, "check").startswith(f"Error: data/datasets.yaml {reason}")


def test_a_value_in_params_yaml_takes_precedence(folder: Path) -> None:
    call(folder, "pin", "tried")
    text = read_params(folder).replace(ENTRY, f"    images: 11\n{ENTRY}")
    (folder / "params.yaml").write_text(text, encoding="utf-8")
    assert "number of images: 12, expected 11; if that is" in failure(folder, "check")


WRONG_ENTRIES = {
    "tried: 5": "datasets.tried: must be a mapping, which has keys, not 5",
    "tried: {sources: {files: own}, shape: [8, 8]}": (
        "datasets.tried.sources: must be a list, not {'files': 'own'}"
    ),
    "tried: {sources: [{files: own}], shape: [8, 8], names: 3}": (
        "datasets.tried.names: must be a list, not 3"
    ),
    "tried:": "datasets.tried.shape is missing",
}


@pytest.mark.parametrize(("entry", "message"), WRONG_ENTRIES.items())
def test_a_wrong_entry_is_one_line(tmp_path: Path, entry: str, message: str) -> None:
    (tmp_path / "params.yaml").write_text(f"datasets:\n  {entry}\n")
    assert failure(tmp_path, "pin", "tried") == f"Error: params.yaml: {message}"


def put_into_groups(folder: Path) -> None:
    """Move the pictures of each class into the folders of two groups."""
    for name in NAMES:
        for index, path in enumerate(sorted((folder / "own" / name).iterdir())):
            group = path.parent / f"writer {index % 2}"
            group.mkdir(exist_ok=True)
            path.rename(group / path.name)


# `share` chooses the test set by the picture files, or by the names of the groups. A change of
# either must therefore be seen, even if no pixel and no class changes.


def test_pictures_that_were_saved_again_are_refused(folder: Path) -> None:
    call(folder, "pin", "tried")
    for path in folder.glob("own/*/*.png"):
        Image.open(path).save(path, compress_level=1)
    line = failure(folder, "check")
    assert "files own: files: " in line
    assert "if that is right, run `digits pin tried`" in line


def test_groups_are_counted_and_one_with_another_name_is_refused(folder: Path) -> None:
    put_into_groups(folder)
    call(folder, "pin", "tried")
    assert read_recorded(folder)["tried"]["groups"] == 2
    assert call(folder, "check").output == VALID
    for path in folder.glob("own/*/writer 0"):
        path.rename(path.with_name("another"))  # still the first one
    assert "files own: groups: " in failure(folder, "check")


def test_a_class_with_another_name_is_refused_until_it_is_pinned(folder: Path) -> None:
    call(folder, "pin", "tried")
    (folder / "own/cat").rename(folder / "own/dog")  # still the first one
    assert "files own: names: ['dog', 'no', " in failure(folder, "check")
    call(folder, "pin", "tried")
    assert read_recorded(folder)["tried"]["names"] == ["dog", *NAMES[1:]]


def test_a_checksum_that_is_missing_is_refused(folder: Path) -> None:
    put_into_groups(folder)
    call(folder, "pin", "tried")
    values = read_recorded(folder)
    del values["tried"]["sha256"]["groups"]
    (folder / recorded.FILE).write_text(yaml.safe_dump(values), encoding="utf-8")
    assert "expected None; if that is right, run `digits pin tried`" in failure(folder, "check")


@pytest.mark.parametrize(
    ("old", "new", "is_refused"),
    [("folds: 3", "folds: 4", False), ("shape: [28, 28]", "shape: [8, 8]", True)],
    ids=["another entry", "the same entry"],
)
def test_an_edit_while_the_images_are_read_is_kept(
    folder: Path, httpserver_ipv4: HTTPServer, old: str, new: str, is_refused: bool
) -> None:
    server = httpserver_ipv4.url_for("/")
    source = "    - files: own\n"
    text = read_params(folder).replace(source, f"    - idx: {server}\n{source}")
    path = folder / "params.yaml"
    path.write_text(text, encoding="utf-8")
    edited = text.replace(old, new)

    def edit(_: Request) -> Response:
        path.write_text(edited, encoding="utf-8")
        return Response(status=404)

    httpserver_ipv4.expect_request(re.compile(".*")).respond_with_handler(edit)
    if is_refused:
        line = failure(folder, "pin", "tried")
        assert "datasets.tried was edited while its images were read; run `digits pin" in line
        assert read_params(folder) == edited
    else:
        assert call(folder, "pin", "tried").stdout.startswith(PINNED)
        assert new in read_params(folder)


def test_a_folder_that_was_not_pulled_yet_is_valid_but_cannot_be_pinned(folder: Path) -> None:
    call(folder, "pin", "tried")
    shutil.rmtree(folder / "own")
    assert call(folder, "check").output == VALID
    assert "files own: was not found; put your images there" in failure(folder, "pin", "tried")


def add_test_set(folder: Path) -> Path:
    """Write a layout with a test set, and return the folder of its class cat."""
    layout = "    layout: {train: '{class}/*', test: 'test/{class}/*'}\n"
    text = read_params(folder).replace(ENTRY, layout + ENTRY)
    (folder / "params.yaml").write_text(text, encoding="utf-8")
    (folder / "own/test/cat").mkdir(parents=True)
    return folder / "own/test/cat"


def test_a_test_set_that_came_with_the_images_is_recorded(folder: Path) -> None:
    test_cats = add_test_set(folder)
    shutil.move(folder / "own/cat/0.png", test_cats / "0.png")
    printed = call(folder, "pin", "tried").stdout
    assert "  1 of the images are a test set that came with them\n" in printed
    assert "test" in read_recorded(folder)["tried"]["sha256"]
    shutil.move(folder / "own/cat/3.png", test_cats / "3.png")
    assert "if that is right, run `digits pin tried`" in failure(folder, "check")


def test_a_test_image_that_is_also_a_training_image_is_counted(folder: Path) -> None:
    shutil.copy(folder / "own/cat/0.png", add_test_set(folder) / "another.png")
    printed = call(folder, "pin", "tried").stdout
    assert "1 of these are also among the other images, so delete them\n" in printed


def test_images_on_which_nothing_can_be_seen_are_named(folder: Path) -> None:
    Image.new("L", (2000, 20), 30).save(folder / "own/cat/0.png")
    printed = call(folder, "pin", "tried").stdout
    assert "  1 images are blank or nearly blank: cat/0.png\n" in printed


@pytest.mark.parametrize(("paper", "background"), [(10, "dark"), (240, "light"), (128, None)])
def test_the_background_that_nearly_all_images_have_is_recorded(
    folder: Path, paper: int, background: str | None
) -> None:
    for path in folder.glob("own/*/*.png"):
        pixels = np.full((28, 28), paper, np.uint8)
        pixels[10:20, 10:20] = 255 - paper // 2
        Image.fromarray(pixels).save(path)
    call(folder, "pin", "tried")
    assert read_recorded(folder)["tried"].get("background") == background


def test_a_background_is_dark_or_light_and_covers_half_of_the_image() -> None:
    images = np.repeat([0, 40, 41, 59, 60, 100], 64).reshape(-1, 8, 8)
    images[:, 1:6, 1:7] = (images[:, 1:6, 1:7] + 50) % 101  # 30 of 64 pixels
    expected = ["dark", "dark", "", "", "light", "light"]
    assert find_backgrounds(images, 100).tolist() == expected
    images[:, 6, 1:4] = images[:, 1:2, 1]  # 33 of 64
    assert set(find_backgrounds(images, 100)) == {""}


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
