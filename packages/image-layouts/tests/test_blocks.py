"""Tables whose pixels exceed the memory are read in blocks."""

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pytest

from image_layouts.layout import read_table
from image_layouts.layout.folder import Folder
from image_layouts.pipeline import own_files as files
from tests.helpers import tiny

PIXELS, CLASSES = tiny.digits()


@pytest.fixture(autouse=True)
def _small_blocks(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(read_table, "READ_BYTES", 40 * 64)
    monkeypatch.chdir(tmp_path)


def write_table(images: pd.DataFrame, name: str) -> None:
    """Write a table in the format that its name says."""
    if name.endswith(".csv"):
        images.to_csv(name, index=False)
    elif name.endswith(".parquet"):
        images.to_parquet(name)
    else:
        images.to_feather(name)


# The set of each of 400 rows, which are read in blocks of 40. No row of the first two is used.
SETS = ["extra"] * 90 + [["train", "test", "extra"][number % 3] for number in range(310)]
ROWS_OF_SETS = [
    row for name in ("train", "test") for row in range(len(SETS)) if SETS[row] == name
]


def write_sets(columns: dict[str, Any]) -> dict[str, Any]:
    """Return the layout of a table whose column `set` says which rows are used."""
    sets = {name: {"where": {"set": name}} for name in ("train", "test")}
    return columns | {"class": "label", "unused": {"where": {"set": "extra"}}} | sets


@pytest.mark.parametrize("name", ["images.csv", "images.parquet", "images.feather"])
def test_the_pixels_of_chosen_rows_are_read_in_blocks(name: str) -> None:
    images = pd.DataFrame(PIXELS, columns=[f"p{number}" for number in range(64)])
    images.insert(3, "label", CLASSES)
    images["set"] = SETS
    write_table(images, name)
    layout = write_sets({"table": name, "pixels": "p0 to p63"})
    found = files.open_folder(Folder(Path(name)), layout)
    assert found.blocks is not None
    assert found.rows["class"].tolist() == CLASSES[ROWS_OF_SETS].astype(str).tolist()
    assert np.array_equal(np.concatenate(list(found.blocks())), PIXELS[ROWS_OF_SETS])


def test_the_pictures_of_chosen_rows_are_read_in_batches() -> None:
    sets = np.resize(SETS, 2_400)  # a thousand rows are read at a time
    # They begin like PGM files, and differ in what follows.
    contents = [b"P5 1 1 255\n" + str(number).encode() for number in range(len(sets))]
    images = pd.DataFrame({"image": contents, "label": np.resize(CLASSES, 2_400), "set": sets})
    images.to_parquet("images.parquet")
    layout = write_sets({"table": "images.parquet", "picture": "image"})
    found = files.open_folder(Folder(Path("images.parquet")), layout)
    assert found.pictures is not None
    rows = [row for name in ("train", "test") for row in np.flatnonzero(sets == name)]
    assert list(found.pictures()) == [contents[row] for row in rows]


def test_a_set_may_begin_behind_the_rows_that_are_read_at_a_time() -> None:
    texts = [" ".join(map(str, pixels)) for pixels in np.resize(PIXELS, (1_100, 64))]
    sets = ["train"] * 1_050 + ["test"] * 50  # a thousand rows are read at a time
    table = pd.DataFrame({"pixels": texts, "label": np.resize(CLASSES, 1_100), "set": sets})
    table.to_csv("faces.csv", index=False)
    parts = {name: {"where": {"set": name}} for name in ("train", "test")}
    layout = {"table": "faces.csv", "pixels": "pixels", "class": "label"} | parts
    found = files.open_folder(Folder(Path("faces.csv")), layout)
    assert found.shape == [8, 8]
    assert found.rows["test"].sum() == 50
    assert found.blocks is not None
    assert max(map(len, found.blocks())) == 40


def test_a_column_that_is_left_out_takes_no_memory() -> None:
    images = pd.DataFrame(PIXELS, columns=[f"p{number}" for number in range(64)])
    images["label"] = CLASSES
    images["note"] = "a long text " * 5_000  # 2.4 MB in each block of 40 rows
    images.to_parquet("images.parquet")
    layout = {"table": "images.parquet", "pixels": "p0 to p63", "class": "label"}
    collection = files.open_folder(Folder(Path("images.parquet")), layout)
    assert collection.blocks is not None
    before = pa.total_allocated_bytes()
    for _ in collection.blocks():
        assert pa.total_allocated_bytes() - before < 1_000_000
