"""New images are read as those of the dataset are: with its layout, axes and scale."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from digits.settings.params import DatasetParams
from image_layouts.errors import LayoutError
from image_layouts.labelled_images import LabelledImages
from image_layouts.pipeline.new_images import is_collection_path, read_new_images
from tests.helpers import tiny
from tests.helpers.digit_files import LABELS, NAMES, PIXELS, make_table, write_flat, write_tree

ROWS = slice(0, 20)
IMAGES = PIXELS[ROWS]
FLAT = IMAGES.reshape(20, 64)
CLASSES = [NAMES[label] for label in LABELS[ROWS]]
COLORS = np.stack([IMAGES, IMAGES // 2, IMAGES // 4], axis=3)


def read(path: Path, layout: Any, shape: list[int] | None = None) -> LabelledImages:
    """Return the images of a path as those of a dataset with a layout."""
    entry = tiny.dataset({"files": "own"}) | {"layout": layout, "shape": shape or [8, 8]}
    return read_new_images(path, DatasetParams.model_validate(entry), NAMES)


def read_pixels(images: LabelledImages) -> Any:
    """Return the pixels of arrays or tables, shape (n_images, n_values)."""
    assert images.blocks is not None
    return np.concatenate(list(images.blocks()))


# The array of new images, the layout of the dataset, and the expected pixels.
ARRAYS: dict[str, tuple[Any, Any, Any]] = {
    "the scale": (IMAGES / 255, {"images": "x.npy", "scale": 255}, FLAT),
    "the axes": (np.moveaxis(IMAGES, 0, -1), {"images": "x.npy", "axes": "h w n"}, FLAT),
    "the first part": (
        IMAGES.swapaxes(1, 2),
        {"train": {"images": "x.npy", "axes": "n w h"}, "test": {"images": "t.npy"}},
        FLAT,
    ),
    "planes in a row": (
        np.moveaxis(COLORS, 3, 1).reshape(20, -1),
        {"images": "x.npy", "axes": "n (c h w)"},
        COLORS.reshape(20, -1),
    ),
    "another number of axes": (FLAT, {"images": "x.npy", "axes": "h w n", "scale": 9}, FLAT),
    "arrays for a dataset of pictures": (IMAGES, "{class}/*", FLAT),
}


@pytest.mark.parametrize(("array", "layout", "expected"), ARRAYS.values(), ids=ARRAYS)
def test_new_arrays_are_read_with_the_axes_and_the_scale_of_the_dataset(
    array: Any, layout: Any, expected: Any, tmp_path: Path
) -> None:
    np.savez(tmp_path / "new.npz", values=array)
    images = read(tmp_path / "new.npz", layout)
    assert np.array_equal(read_pixels(images), expected)
    assert "class" not in images.rows


def test_pictures_in_folders_of_classes_and_deeper_ones_are_all_read(tmp_path: Path) -> None:
    write_tree(tmp_path / "new", ROWS)
    write_flat(tmp_path / "new" / NAMES[0] / "deep", slice(20, 22))
    images = read(tmp_path / "new", {"table": "t.csv", "file": "{f}", "class": "c"})
    assert len(images.rows) == 22
    assert "class" not in images.rows


def test_rows_of_pixels_are_in_colour_if_those_of_the_dataset_are(tmp_path: Path) -> None:
    np.save(tmp_path / "new.npy", COLORS.reshape(20, -1))
    images = read(tmp_path / "new.npy", None, [8, 8, 3])
    assert images.shape == [8, 8, 3]
    assert np.array_equal(read_pixels(images), COLORS.reshape(20, -1))


def test_an_array_with_a_label_for_each_new_image_has_the_classes(tmp_path: Path) -> None:
    arrays: dict[str, Any] = {
        "digits": np.moveaxis(IMAGES, 0, -1),
        "numbers": LABELS[ROWS],
        "side": 8,
    }
    np.savez(tmp_path / "new.npz", **arrays)
    rows = read(tmp_path / "new.npz", {"images": "x.npz/x", "axes": "h w n"}).rows
    assert rows["class"].tolist() == CLASSES
    np.savez(tmp_path / "new.npz", **arrays, others=LABELS[ROWS])  # one of two is the classes
    assert "class" not in read(tmp_path / "new.npz", {"images": "x", "axes": "h w n"}).rows


PIXEL_COLUMNS = {"table": "train.csv", "pixels": "pixel0 to pixel63", "class": "label"}


@pytest.mark.parametrize("labelled", [True, False])
def test_a_new_table_is_read_with_the_columns_the_axes_and_the_scale_of_the_dataset(
    labelled: bool, tmp_path: Path
) -> None:
    table = make_table(ROWS, labelled=labelled).astype(object)
    table[[f"pixel{number}" for number in range(64)]] = (
        IMAGES.swapaxes(1, 2).reshape(20, 64) / 255
    )
    table.insert(0, "weight", 7)  # would be a pixel, if the columns were not known
    table.to_csv(tmp_path / "new.csv", index=False, sep=";")
    keys = {"axes": "n (w h)", "scale": 255, "separator": ";", "where": {"set": "train"}}
    images = read(tmp_path / "new.csv", PIXEL_COLUMNS | keys | {"group": "writer", "id": "no"})
    assert np.array_equal(read_pixels(images), FLAT)
    assert ("class" in images.rows) == labelled


def test_a_new_table_without_the_columns_of_the_dataset_is_read_alone(tmp_path: Path) -> None:
    table = make_table(ROWS).rename(columns=lambda name: name.replace("pixel", "p"))
    table.insert(0, "ImageId", [f"image {number}" for number in range(20)])
    table.to_csv(tmp_path / "new.csv", index=False)
    images = read(tmp_path / "new.csv", PIXEL_COLUMNS | {"scale": 255})
    assert np.array_equal(read_pixels(images), FLAT)
    assert images.rows["id"].tolist() == table["ImageId"].tolist()
    [note] = images.notes
    assert note.startswith("the dataset's layout is not used (")
    assert images.rows["class"].tolist() == CLASSES


# Columns that stand between the pixels of a table, and the expected classes and ids.
BETWEEN: dict[str, tuple[dict[str, Any], Any, Any]] = {
    "a blank class": ({"label": ""}, None, None),
    "missing classes": ({"label": -1}, None, None),
    "the class -1 among others": (
        {"label": np.resize([-1, 0, 1], 20)},
        np.resize(["-1", "0", "1"], 20),
        None,
    ),
    "two classes": ({"label": LABELS[ROWS], "digit": "x"}, CLASSES, None),
    "a blank class and a class": ({"label": "", "digit": LABELS[ROWS]}, CLASSES, None),
    "two ids": ({"id": range(5, 25), "index": 0}, None, range(5, 25)),
    "an index of pandas": ({"Unnamed: 0": range(20)}, None, None),
}


@pytest.mark.parametrize(("columns", "classes", "ids"), BETWEEN.values(), ids=BETWEEN)
@pytest.mark.parametrize("ending", [".csv", ".parquet"])
def test_columns_of_classes_and_ids_between_the_pixels_are_no_pixels(
    ending: str, columns: dict[str, Any], classes: Any, ids: Any, tmp_path: Path
) -> None:
    table = pd.DataFrame(FLAT).add_prefix("p")
    for position, (name, values) in enumerate(columns.items(), start=32):
        table.insert(position, name, values)
    path = tmp_path / f"new{ending}"
    table.to_csv(path, index=False) if ending == ".csv" else table.to_parquet(path)
    images = read(path, None)
    assert images.shape == [8, 8]
    assert np.array_equal(read_pixels(images), FLAT)
    assert ("class" in images.rows) == (classes is not None)
    if classes is not None:
        assert images.rows["class"].tolist() == list(classes)
    if ids is not None:
        assert images.rows["id"].tolist() == list(map(str, ids))


def test_a_new_table_may_have_nothing_but_a_column_of_lists(tmp_path: Path) -> None:
    table = pa.table({"image": list(FLAT.astype(np.uint8))})
    pq.write_table(table, tmp_path / "new.parquet")
    images = read(tmp_path / "new.parquet", None)
    assert np.array_equal(read_pixels(images), FLAT)


def test_a_new_table_names_pictures_as_that_of_the_dataset_does(tmp_path: Path) -> None:
    names = write_flat(tmp_path / "scans", ROWS)
    stems = [name.removesuffix(".png") for name in names]
    pd.DataFrame({"no": stems}).to_csv(tmp_path / "new.csv", index=False)
    layout = {"table": "train.csv", "file": "scans/{no}.png", "class": "label"}
    images = read(tmp_path / "new.csv", layout)
    assert images.rows["file"].tolist() == [f"scans/{name}" for name in names]


def test_a_new_table_may_not_mean_the_pictures_of_the_training_set(tmp_path: Path) -> None:
    write_flat(tmp_path / "test", ROWS)
    names = write_flat(tmp_path / "train", ROWS)
    table = pd.DataFrame({"no": names, "label": ["cat", "dog"] * (len(names) // 2)})
    table.to_csv(tmp_path / "train.csv", index=False)
    layout = {"table": "train.csv", "file": "train/{no}", "class": "label"}
    assert len(read(tmp_path / "train.csv", layout).rows) == len(names)
    table[["no"]].to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(LayoutError, match=r"other classes, such as train/00000.png; if"):
        read(tmp_path / "new.csv", layout)
    table.assign(label="cat").iloc[1:].to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(LayoutError, match=r"other classes, such as train/00001.png; if"):
        read(tmp_path / "new.csv", layout)
    table.iloc[5:].to_csv(tmp_path / "new.csv", index=False)
    assert len(read(tmp_path / "new.csv", layout).rows) == len(names) - 5
    table[["no"]].replace(names[0], "other.png").to_csv(tmp_path / "new.csv", index=False)
    with pytest.raises(LayoutError, match="the dataset's layout is not used"):
        read(tmp_path / "new.csv", layout)


def test_new_pictures_have_the_classes_of_the_layout_that_they_fit(tmp_path: Path) -> None:
    (tmp_path / "day").mkdir()
    for name in ["cat_1.png", "dog_2.png"]:
        (tmp_path / "day" / name).touch()
    assert read(tmp_path, "*/{class}_#.*").rows["class"].tolist() == ["cat", "dog"]
    (tmp_path / "day/other.png").touch()
    assert "class" not in read(tmp_path, "*/{class}_#.*").rows


def test_new_pictures_of_another_layout_have_the_classes_of_folders(tmp_path: Path) -> None:
    write_tree(tmp_path, ROWS)
    rows = read(tmp_path, "{group}/{class}/*").rows
    assert rows["class"].tolist() == rows["file"].str.split("/").str[0].tolist()


def test_a_structure_without_the_bytes_of_a_file_is_no_picture(tmp_path: Path) -> None:
    pictures = [{"bytes": b"P1 1 1 0", "path": None}] * 3
    columns = {"mask": [{"mark": b"x", "path": None}] * 3, "image": pictures}
    pq.write_table(pa.table(columns), tmp_path / "new.parquet")
    images = read(tmp_path / "new.parquet", "{class}/*")
    assert images.pictures is not None
    assert list(images.pictures()) == [b"P1 1 1 0"] * 3


@pytest.mark.parametrize("n_blank", [1, 20])
def test_a_table_with_blank_labels_has_no_classes(
    tmp_path: Path, n_blank: int, capsys: pytest.CaptureFixture[str]
) -> None:
    labels = [""] * n_blank + list(map(str, LABELS[ROWS]))[n_blank:]
    table = pd.DataFrame(FLAT).add_prefix("pixel").assign(label=labels)
    table.to_csv(tmp_path / "new.csv", index=False)
    for known in [PIXEL_COLUMNS, "{class}/*"]:
        images = read(tmp_path / "new.csv", known)
        assert "class" not in images.rows
        assert np.array_equal(read_pixels(images), FLAT)
        warning = f"{tmp_path}/new.csv: no classes, because 1 of 20 labels are blank\n"
        assert capsys.readouterr().err == (warning if n_blank == 1 else "")


@pytest.mark.parametrize(
    ("labels", "classes"),
    [
        (LABELS[ROWS], CLASSES),
        (CLASSES, CLASSES),
        (np.arange(20), None),  # there are ten classes
        ([f"image {number}" for number in range(20)], None),
    ],
)
def test_labels_of_an_array_are_classes_or_their_numbers(
    tmp_path: Path, labels: Any, classes: list[str] | None
) -> None:
    np.savez(tmp_path / "new.npz", x=IMAGES, y=labels)
    images = read(tmp_path / "new.npz", {"images": "x.npy"})
    if classes is None:
        [note] = images.notes
        assert re.fullmatch(r"no classes, because (0|image 0) is none of zero, one, .+", note)
    assert list(images.rows.get("class", [])) == (classes or [])
    assert np.array_equal(read_pixels(images), FLAT)


@pytest.mark.parametrize("name", ["new.txt", "zip.test", "new.TSV.gz", ".new.csv"])
def test_a_table_with_another_ending_is_read_by_the_layout(tmp_path: Path, name: str) -> None:
    table = pd.DataFrame(FLAT).add_prefix("pixel").assign(label=LABELS[ROWS])
    compression: Any = "gzip" if name.endswith(".gz") else None
    table.to_csv(tmp_path / name, sep="\t", index=False, compression=compression)
    layout = PIXEL_COLUMNS | {"table": "train.txt", "separator": "\t"}
    assert is_collection_path(tmp_path / name)
    images = read(tmp_path / name, layout)
    assert np.array_equal(read_pixels(images), FLAT)
    assert images.rows["class"].tolist() == CLASSES
    assert images.notes == []


def test_all_rows_of_a_table_without_names_and_classes_are_read(tmp_path: Path) -> None:
    pd.DataFrame(FLAT).to_csv(tmp_path / "new.csv", sep=";", index=False, header=False)
    keys = {"separator": ";", "header": False, "class": "1", "pixels": "2 to 65"}
    images = read(tmp_path / "new.csv", PIXEL_COLUMNS | keys)
    assert np.array_equal(read_pixels(images), FLAT)
    assert images.rows["id"].tolist() == list(range(1, 21))


@pytest.mark.parametrize(
    ("file", "ids"),
    [
        ("train/{id}.*", ["7.1", "8"]),
        ("{id}.png", ["7.1", "8.jpg"]),
        ("{id}", ["7.1.png", "8.jpg"]),
    ],
)
def test_the_ids_of_pictures_have_no_ending_that_the_layout_adds(
    tmp_path: Path, file: str, ids: list[str]
) -> None:
    (tmp_path / "new").mkdir()
    for name in ["7.1.png", "8.jpg"]:
        (tmp_path / "new" / name).touch()
    images = read(tmp_path / "new", {"table": "t.csv", "file": file, "class": "c"})
    assert images.rows["id"].tolist() == ids


@pytest.mark.parametrize("name", ["photo.jpg", "photo", "photo.gz", "missing.csv"])
def test_other_files_are_no_tables(tmp_path: Path, name: str) -> None:
    (tmp_path / "photo.jpg").touch()
    (tmp_path / "photo").touch()
    (tmp_path / "photo.gz").touch()
    assert not is_collection_path(tmp_path / name)


def test_names_that_are_numbers_are_not_taken_for_positions(tmp_path: Path) -> None:
    entry = tiny.dataset({"files": "own"}) | {"layout": "{class}/*", "shape": [8, 8]}
    names = [str(number) for number in range(1, 8)]
    labels = np.resize([1, 2, 6], 20).astype(str)
    np.savez(tmp_path / "new.npz", x=IMAGES, y=labels)
    images = read_new_images(tmp_path / "new.npz", DatasetParams.model_validate(entry), names)
    assert images.rows["class"].tolist() == labels.tolist()
