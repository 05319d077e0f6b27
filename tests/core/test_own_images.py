"""Pictures and tables of one's own as a dataset: picture files of every kind, the sources `folder` and `table`."""

import io
import re
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

from digits import pictures
from digits.core import tables
from digits.core.errors import PipelineError
from digits.core.params import Dataset
from digits.pictures import PictureError
from stages.fetch import digests, fetch, source
from tests import tiny

import numpy as np
import pandas as pd
import pytest
from PIL import Image

PIXELS, CLASSES = tiny.digits()
NAMES: list[list[Any]] = [["NA", "b"], ["False", "True"]]
INK = np.zeros((100, 120), np.uint8)
INK[30:36, 40:82] = INK[36:72, 60:66] = 255  # a T


def encoded(image: Any, kind: str = "PNG", **options: Any) -> io.BytesIO:
    file = io.BytesIO()
    (image if isinstance(image, Image.Image) else Image.fromarray(image)).save(file, kind, **options)
    return io.BytesIO(file.getvalue())


def write(path: Path, pixels: Any, **options: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(pixels, np.uint8)).save(path, **options)


def read(kind: str, place: Path, **changes: Any) -> pd.DataFrame:
    block = {**tiny.dataset({kind: str(place)}), "shape": [28, 28], "maximum": 255, "classes": 256, **changes}
    images: pd.DataFrame = source(kind).read(str(place), Dataset.model_validate(block))
    return images


def test_ink_stands_out_in_whatever_colours() -> None:
    palette = Image.fromarray((INK > 0).astype(np.uint8)).convert("P")
    palette.putpalette([0, 0, 0, 20, 20, 90])
    for file in (
        encoded(np.dstack([0 * INK] * 3 + [INK])),  # black on nothing
        encoded(palette, transparency=0),
        encoded(Image.fromarray(INK / np.float32(255)), "TIFF"),
        encoded(INK, "GIF", save_all=True, append_images=[Image.fromarray(0 * INK)]),  # a second frame
    ):
        grey = pictures.read(file).grey.astype(int)
        contrast = np.abs(grey - grey[0, 0])
        assert contrast.max() >= 100
        assert ((contrast > contrast.max() / 2) == (INK > 0)).all()


def test_a_turned_photo_is_turned_back_and_a_large_one_is_reduced_or_refused() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # the camera was turned; this says: turn it clockwise
    large = np.kron(np.rot90(INK), np.ones((30, 30), np.uint8))
    turned = pictures.read(encoded(large, "JPEG", exif=exif))
    assert (turned.grey.shape, turned.scale) == ((1500, 1800), 2)
    assert np.abs(turned.grey - np.kron(INK, np.ones((15, 15)))).mean() < 3
    with pytest.raises(PictureError, match="not a picture"):
        pictures.read(io.BytesIO(b"<svg></svg>"))
    with pytest.raises(PictureError, match="too large; 50 megapixels"):
        pictures.read(encoded(Image.new("1", (8_000, 10_000))))


def test_pictures_and_tables_give_the_pinned_dataset(tmp_path: Path) -> None:
    files = [f"own/{label}/{i}.png" for i, label in enumerate(CLASSES)]
    for name, pixels in reversed([*zip(files, PIXELS, strict=True)]):
        write(tmp_path / name, pixels.reshape(tiny.SHAPE))
    frame = pd.DataFrame({"label": CLASSES, **{f"p{i}": PIXELS[:, i] for i in range(PIXELS.shape[1])}})
    frame.to_csv(tmp_path / "own.csv", index=False)
    frame.to_parquet(tmp_path / "own.parquet")
    for left in (".DS_Store", "1/Thumbs.db", "data.dvc", ".cache/x", "__MACOSX/3/._1.png"):
        (tmp_path / "own" / left).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "own" / left).write_bytes(b"no picture")
    for kind, name in (("folder", "own"), ("table", "own.csv"), ("table", "own.parquet")):
        block = tiny.dataset({kind: str(tmp_path / name)})
        assert digests(fetch("tiny", Dataset.model_validate(block))) == block["sha256"]
        with pytest.raises(PipelineError, match=r"400, not 401; `digits pin"):
            fetch("tiny", Dataset.model_validate({**block, "images": 401}))
    frame = pd.DataFrame({"file": files, "class": CLASSES, "group": ["zoe", "al"] * (tiny.IMAGES // 2)})
    frame.to_csv(tmp_path / "own.csv", index=False)
    images = read("table", tmp_path / "own.csv")
    assert images.drop(columns="group").equals(read("folder", tmp_path / "own"))
    assert (images.attrs["group_names"], images["group"].tolist()) == (["zoe", "al"], [0, 1] * (tiny.IMAGES // 2))


def test_pictures_come_by_part_and_group_and_the_natural_order_of_their_names(tmp_path: Path) -> None:
    ordered: list[tuple[list[str], list[int]]] = [
        (["c/1.bmp", "a/9.png", "b/9.png", "b/10.png", "a/100.png", "c/A1.png", "a/a2.png"], [2, 0, 1, 1, 0, 2, 0]),
        (["a/al/1.png", "b/al/2.png", "b/al10/3.png", "b/bo/2.png", "a/bo/9.png"], [0, 1, 1, 1, 0]),
        (["training/b/2.png", "val/a/4.png", "Testing/a/1.png", "Testing/b/3.png"], [1, 0, 0, 1]),
    ]
    for names, classes in ordered:
        place = tmp_path / str(len(names))
        for i, name in enumerate(names):
            write(place / name, np.full((28, 28), i))
        images = read("folder", place)
        assert (images["pixel1"].tolist(), images["class"].tolist()) == ([*range(len(names))], classes)


def test_classes_are_numbered(tmp_path: Path) -> None:
    cases: list[tuple[list[str], list[int], list[str] | None]] = [
        (["10", "9", "2"], [2, 9, 10], None),
        (["2020", "300", "1999"], [0, 1, 2], ["300", "1999", "2020"]),
        (["e\u0301te\u0301", "a b"], [0, 1], ["a b", "\u00e9t\u00e9"]),
    ]
    for i, (folders, labels, names) in enumerate(cases):
        for name in folders:
            write(tmp_path / str(i) / name / "1.png", np.zeros((28, 28)))
        images = read("folder", tmp_path / str(i))
        assert (images["class"].tolist(), images.attrs.get("names")) == (labels, names)


def test_a_picture_is_fitted_into_the_shape_its_aspect_kept(tmp_path: Path) -> None:
    wide = np.full((100, 400, 3), 255)
    wide[:, 200:] = 0, 0, 255
    write(tmp_path / "a" / "1.jpg", wide, quality=95)
    write(tmp_path / "b" / "2.png", np.dstack([np.zeros((28, 28)), np.eye(28) * 255]))
    first, second = tables.pixels(read("folder", tmp_path)).reshape(-1, 28, 28).astype(int)
    for part, grey in ((first[:10], 142), (first[11:17, :12], 255), (first[11:17, 16:], 29)):  # white and blue: 142
        assert (abs(part - grey) < 4).all()
    assert np.array_equal(second, 255 - 255 * np.eye(28))  # what is transparent lies on white paper


def test_groups_are_read_and_what_is_no_picture_is_left_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    for i, (part, who, what) in enumerate(product(["train", "Test"], ["anna", "bo", "cy"], ["cross", "line"])):
        write(tmp_path / part / what / (who + part) / "1.png", np.full((28, 28), i))
    (tmp_path / "train/cross/notes.txt").touch()
    images = read("folder", tmp_path)
    assert images["pixel1"].tolist() == [*range(12)]
    assert (images.attrs["names"], images["class"].tolist()) == (["cross", "line"], [0, 1] * 6)
    assert images.attrs["group_names"] == ["annatrain", "botrain", "cytrain", "annaTest", "boTest", "cyTest"]
    assert capsys.readouterr().err == f"{tmp_path}: no pictures, left out: train/cross/notes.txt\n"
    write(tmp_path / "train/cross/anna/scans/1.png", np.zeros((28, 28)))
    with pytest.raises(PipelineError, match=r"^'train/cross/anna/scans/1\.png' lies in 'train/cross/anna/sc"):
        read("folder", tmp_path)


def test_what_makes_a_folder_no_dataset_is_named(tmp_path: Path) -> None:
    bad: dict[str, tuple[Callable[[Path], Any], str]] = {
        "1.png": (lambda path: write(path, [[0]]), "'1.png' lies in '', expected CLASS/, or for all CLASS/GROUP/; of"),
        "a": (Path.mkdir, "'a' has no pictures in it; delete it"),
        "02/0.png": (lambda path: write(path, [[0]]), "3 classes (02, 2, 3)"),
        "3/notes.png": (lambda path: path.write_text("3"), "3/notes.png: not a picture, or not one"),
    }
    for i, (name, (make, reason)) in enumerate(bad.items()):
        place = tmp_path / str(i)
        write(place / "2/1.png", [[0]])
        write(place / "3/1.png", [[0]])
        make(place / name)
        with pytest.raises(PipelineError, match=f"^{re.escape(reason)}"):
            read("folder", place)


def test_whole_numbers_in_a_table_may_be_fractions_and_nothing_else(tmp_path: Path) -> None:
    good: dict[str, list[Any]] = {"label": [3.0, 12.0], "group": [7.0, 2.0], "p": [0.0, 255.0]}

    def own(**changes: list[Any]) -> pd.DataFrame:
        pd.DataFrame({**good, **changes}).to_csv(tmp_path / "own.csv", index=False)
        return read("table", tmp_path / "own.csv", shape=[1, 1])

    assert own()[["class", "group", "pixel1"]].to_numpy().tolist() == [[3, 0, 0], [12, 1, 255]]
    assert [own(label=each).attrs["names"] for each in NAMES] == NAMES
    for column, value in product(good, [np.nan, np.inf, 254.99999999, -1.5]):
        with pytest.raises(PipelineError, match=r"is '.*', expected whole|not all whole|a row has no|no numbers"):
            own(**{column: [1.0, value]})


def test_a_table_that_is_no_dataset_is_refused(tmp_path: Path) -> None:
    for content, reason in {
        "p,q\n1,2\n": "has 0 columns named class or label, expected one, separated by commas; it has p, q",
        "label,filename\n1,a.png\n2,b.png\n": "filename has values that are no numbers; one that names pictures must",
        "label,p\n1,0\n2,0,0,0\n": "Error tokenizing data. C error: Expected 2 fields in line 3, saw 4",
    }.items():
        (tmp_path / "own.csv").write_text(content)
        with pytest.raises(PipelineError, match=re.escape(reason)):
            read("table", tmp_path / "own.csv", shape=[1, 1])
