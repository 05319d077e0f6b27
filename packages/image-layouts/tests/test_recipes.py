"""The commands of the page convert other files, so that `digits start` understands them."""

import json
import pickle
import re
import shutil
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import h5py
import numpy as np
import pandas as pd
import pyarrow as pa
import pytest
from scipy.spatial.distance import cdist

from digits.core.images import Images
from digits.core.pixels import Pixels
from digits.fetching.conversion import make_images
from digits.settings.params import DatasetParams
from image_layouts.errors import LayoutError
from image_layouts.pipeline import start
from image_layouts.pipeline.own_files import to_collection
from image_layouts.proposing import advice
from tests.helpers import pages, tiny
from tests.helpers.digit_files import (
    LABELS,
    NAMES,
    PIXELS,
    TEST,
    TRAIN,
    write_flat,
    write_picture,
    write_tree,
)

PAGE = "packages/image-layouts/docs/your-own.md"


def archive(root: Path) -> None:
    write_tree(root / "unpacked", TRAIN)
    with ZipFile(root / "pictures.zip", "w") as file:
        for path in sorted(root.glob("unpacked/**/*.png")):
            file.write(path, path.relative_to(root / "unpacked"))
    shutil.rmtree(root / "unpacked")


def archive_per_class(root: Path) -> None:
    write_tree(root, TRAIN)
    for name in NAMES:
        with ZipFile(root / f"{name}.zip", "w") as file:
            for path in sorted(root.glob(f"{name}/*.png")):
                file.write(path, path.name)
        shutil.rmtree(root / name)


def contest_archives(root: Path) -> None:
    names = write_flat(root / "train", TRAIN)
    table = pd.DataFrame({"id": names, "has_cactus": LABELS[TRAIN]})
    table.to_csv(root / "train.csv", index=False)
    with ZipFile(root / "train.zip", "w") as file:
        for name in names:
            file.write(root / "train" / name, f"train/{name}")
    shutil.rmtree(root / "train")


def json_lines(root: Path) -> None:
    """Write pictures whose names are the same in both subsets."""
    for subset, rows in [("train", TRAIN), ("test", TEST)]:
        for number, pixels in enumerate(PIXELS[rows]):
            write_picture(root / f"{subset}/{number:04d}.png", pixels)
        lines = [
            json.dumps({"file_name": f"{number:04d}.png", "label": NAMES[label]}) + "\n"
            for number, label in enumerate(LABELS[rows])
        ]
        (root / f"{subset}/metadata.jsonl").write_text("".join(lines))


def hdf5(root: Path) -> None:
    """Write the groups of USPS, with pixels from 0 to 1."""
    with h5py.File(root / "usps.h5", "w") as file:
        for subset, rows in [("train", TRAIN), ("test", TEST)]:
            file[f"{subset}/data"] = PIXELS[rows].reshape(-1, 64) / np.float32(255)
            file[f"{subset}/target"] = LABELS[rows]


def pickles(root: Path) -> None:
    for name, rows in [("data_batch_1", TRAIN), ("test_batch", TEST)]:
        batch = {"data": PIXELS[rows].reshape(-1, 64), "labels": LABELS[rows].tolist()}
        (root / name).write_bytes(pickle.dumps(batch))


def understand() -> Images:
    """Return what `digits start` understands of data/own. Pictures keep their size."""
    root, reading = start.choose_layout(None, {})
    images = reading.images
    dataset = DatasetParams(sources=[{"files": str(root)}], shape=images.shape or [8, 8])
    return make_images(to_collection(images, dataset), dataset)


def check_pixels(X: Pixels, images: pd.DataFrame) -> None:
    """Check that the pixels of each image are those of its class, whatever its name is."""
    shown = LABELS[cdist(X, PIXELS[: len(X)].reshape(-1, 64)).argmin(axis=1)]
    pairs = pd.DataFrame({"shown": shown, "class": images["class"]}).drop_duplicates()
    assert len(pairs) == 10
    assert pairs["shown"].is_unique
    assert pairs["class"].is_unique


def follow(recipe: str, folder: Path) -> None:
    """Run in a folder the command that stands under a heading of the page.

    The packages that it installs are those of the tests.
    """
    [command] = re.findall(r"```text\n(.*?)```", pages.read_section(PAGE, recipe), re.DOTALL)
    tiny.run(["bash", "-ec", command], folder, PIP_NO_INDEX="1")


def test_no_advice_is_given_about_what_describes_arrow_files(tmp_path: Path) -> None:
    table = pa.table({"c": [1, 2]})
    with pa.ipc.new_stream(tmp_path / "data.arrow", table.schema) as stream:
        stream.write_table(table)
    (tmp_path / "state.json").write_text("{}")
    assert advice.find_advice(sorted(tmp_path.iterdir())) == ""
    (tmp_path / "data.arrow").unlink()
    assert advice.find_advice(sorted(tmp_path.iterdir())).startswith("files such as state.json")


def test_each_recipe_is_a_heading_of_the_page() -> None:
    section = pages.read_section(PAGE, "Convert other files")
    headings = re.findall(r"^### (.+)$", section, re.MULTILINE)
    assert headings == list(advice.RECIPES)


# By the heading of a recipe: forms that it converts, and the number of test images.
RECIPES: list[tuple[str, Callable[[Path], None], int]] = [
    ("Unpack archives", archive, 0),
    ("Unpack archives", archive_per_class, 0),
    ("Unpack archives", contest_archives, 0),
    ("Convert JSON lines", json_lines, 40),
    ("Convert HDF5 files", hdf5, 40),
    ("Convert pickles", pickles, 40),
]


@pytest.mark.variant
@pytest.mark.parametrize(("recipe", "write", "n_test"), RECIPES)
def test_a_recipe_converts_what_is_refused(
    recipe: str,
    write: Callable[[Path], None],
    n_test: int,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data/own").mkdir(parents=True)
    write(Path("data/own"))
    before = tiny.files(tmp_path)
    with pytest.raises(
        LayoutError, match=f"see “{recipe}” in packages/image-layouts/docs/your-own.md"
    ):
        understand()
    assert tiny.files(tmp_path) == before
    follow(recipe, tmp_path)
    images = understand()
    assert (images.table["test"].sum() if n_test else 0) == n_test
    assert len(images) == 200 + n_test
    check_pixels(images.X, images.table)


@pytest.mark.variant
def test_damaged_pictures_are_moved_away(tmp_path: Path) -> None:
    root = tmp_path / "data/own"
    write_tree(root, TRAIN)
    damaged = sorted(root.glob("one/*"))[:3]
    for path in damaged:
        path.write_bytes(path.read_bytes()[:60])
    follow("Move damaged pictures away", tmp_path)
    assert not any(path.exists() for path in damaged)
    assert len(list(root.rglob("*.png"))) == 197
    assert len(list((tmp_path / "data/damaged/one").iterdir())) == 3
