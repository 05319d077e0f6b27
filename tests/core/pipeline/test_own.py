"""Pictures and tables of one's own as a dataset: the sources `folder` and `table`."""

import os
import re
import shutil
from collections.abc import Callable
from itertools import product
from pathlib import Path
from typing import Any

from digits import sources
from digits.io import paths
from digits.sources import Batch, SourceError, folder
from digits.sources.sklearn import number_forms
from digits.support.parameters import Dataset
from tests import tiny

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from PIL import Image
from sklearn.datasets import load_digits

PIXELS, CLASSES = tiny.digits()
SIZE = {"shape": [28, 28], "maximum": 255}


def write_picture(path: Path, pixels: Any, **options: Any) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.asarray(pixels, np.uint8)).save(path, **options)


def write_digits(folder: Path) -> None:
    """Write the tiny dataset as a PNG file an image, named by its number, the last ones first."""
    for i in reversed(range(tiny.IMAGES)):
        write_picture(folder / str(CLASSES[i]) / f"{i}.png", PIXELS[i].reshape(tiny.SHAPE))


def write_table(path: Path) -> None:
    """Write the tiny dataset as a table."""
    columns = {"label": CLASSES, **{f"p{i}": PIXELS[:, i] for i in range(PIXELS.shape[1])}}
    frame = pd.DataFrame(columns)
    frame.to_csv(path, index=False) if path.suffix == ".csv" else frame.to_parquet(path)


def read(kind: str, place: Path, **changes: Any) -> Batch:
    """Read all that a source gives."""
    block = Dataset.model_validate({**tiny.dataset({kind: str(place)}), "classes": 256, **changes})
    return tiny.together(sources.module(kind).read(str(place), block, 1))


def fetch(bare: Path, block: dict[str, Any], status: int = 0, **environment: Any) -> str:
    """Run the stage on the tiny dataset with some values changed, and return its standard error."""
    values = tiny.params()
    values["datasets"]["tiny"] |= block
    tiny.write_params(bare, values)
    return tiny.run(["python", "-m", "stages.fetch", "tiny"], bare, status=status, **environment).stderr


@pytest.mark.parametrize(
    ("kind", "place", "write"),
    [("folder", "own", write_digits), ("table", "own.csv", write_table), ("table", "own.parquet", write_table)],
)
def test_a_dataset_read_from_pictures_or_a_table_is_the_same_to_the_byte(
    made: Path, bare: Path, kind: str, place: str, write: Callable[[Path], None]
) -> None:
    write(bare / place)
    assert fetch(bare, {"sources": [{kind: place}]}, LC_ALL="C", LOKY_MAX_CPU_COUNT="1", PYTHONHASHSEED="1") == ""
    assert (bare / paths.raw("tiny")).read_bytes() == (made / paths.raw("tiny")).read_bytes()


def test_pictures_come_in_the_natural_order_of_their_names(tmp_path: Path) -> None:
    names = ["b/10.png", "a/9.png", "b/9.png", "c/1.bmp", "a/a2.png", "b/a10.gif", "c/A1.png", "a/100.png"]
    for i, name in enumerate(names):
        write_picture(tmp_path / name, np.full((28, 28), i))
    images = read("folder", tmp_path, **SIZE)
    assert [names[i] for i in images.pixels[:, 0]] == [
        "c/1.bmp", "a/9.png", "b/9.png", "b/10.png", "a/100.png", "c/A1.png", "a/a2.png", "b/a10.gif",
    ]  # fmt: skip
    assert images.classes.tolist() == [2, 0, 1, 1, 0, 2, 0, 1]
    assert images.names == ["a", "b", "c"]


@pytest.mark.parametrize(
    ("folders", "labels", "names"),
    [
        (["10", "9", "2"], [2, 9, 10], None),
        (["cat", "9", "10"], [0, 1, 2], ["10", "9", "cat"]),
        (["2020", "300", "1999"], [0, 1, 2], ["300", "1999", "2020"]),
        (["e\u0301te\u0301", "a b"], [0, 1], ["a b", "\u00e9t\u00e9"]),
    ],
)
def test_classes_are_numbered(tmp_path: Path, folders: list[str], labels: list[int], names: list[str] | None) -> None:
    for name in folders:
        write_picture(tmp_path / name / "1.png", np.zeros((28, 28)))
    images = read("folder", tmp_path, **SIZE)
    assert (images.classes.tolist(), images.names) == (labels, names)


def test_a_picture_is_fitted_into_the_shape_its_aspect_kept(tmp_path: Path) -> None:
    wide = np.full((100, 400, 3), 255)
    wide[:, 200:] = 0, 0, 255
    write_picture(tmp_path / "a" / "1.jpg", wide, quality=95)
    write_picture(tmp_path / "b" / "2.png", 255 - wide[:, :, :2].swapaxes(0, 1).max(axis=2))
    write_picture(tmp_path / "b" / "3.png", np.dstack([np.zeros((28, 28)), np.eye(28) * 255]))
    first, second, third = read("folder", tmp_path, **SIZE).pixels.reshape(-1, 28, 28).astype(int)
    assert (abs(first[:10] - 142) < 4).all()  # the median of white and blue
    assert (abs(first[11:17, :12] - 255) < 4).all()
    assert (abs(first[11:17, 16:] - 29) < 4).all()
    assert set(second[:12, 11:17].ravel()) == {0}
    assert set(second[16:, 11:17].ravel()) == {255}
    assert np.array_equal(third, 255 - 255 * np.eye(28))  # what is transparent lies on white paper


def test_a_tree_of_other_levels_is_guessed_and_read_and_what_is_no_picture_is_left_out(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for i, (who, what) in enumerate(product(["anna", "bo", "cy", "di"], ["cross", "line"])):
        write_picture(tmp_path / "own" / who / "scans" / what / "1.png", np.full((28, 28), i))
    (tmp_path / "own/anna/scans/notes.txt").touch()
    (tmp_path / "own/readme.md").touch()
    with pytest.raises(SourceError, match=r"lies in 3 folders, not in 2 .*`digits pin` guesses what they are"):
        read("folder", tmp_path / "own", **SIZE)
    levels = folder.guess_levels(str(tmp_path / "own"))
    assert levels == ["group", "-", "class"]
    images = read("folder", tmp_path / "own", **SIZE, levels=levels)
    assert images.pixels[:, 0].tolist() == [*range(8)]
    assert (images.names, images.classes.tolist()) == (["cross", "line"], [0, 1] * 4)
    assert images.group is not None
    assert images.group.tolist() == [0, 0, 1, 1, 2, 2, 3, 3]
    assert capsys.readouterr().err.endswith("they are no pictures: 'anna/scans/notes.txt', 'readme.md'\n")


@pytest.mark.parametrize(
    ("tree", "levels"),
    [
        ("{who}/images/{what}", ["group", "-", "class"]),
        ("{what}/images/{who}", ["group", "-", "class"]),  # who can tell?
        ("{what}/images/{what}-by-{who}", ["class", "-", "group"]),
        ("{what}/{who}", ["class", "group"]),
        ("{what}/user{who}", ["class", "group"]),
        ("user{who}/{what}", ["group", "class"]),
        ("train/{what}", ["-", "class"]),
        ("{what}", None),
    ],
)
@pytest.mark.parametrize(("people", "classes"), [(7, 12), (7, 3)])
def test_of_levels_one_is_the_class(
    tmp_path: Path, tree: str, levels: list[str] | None, people: int, classes: int
) -> None:
    for who, what in product(range(people), "abcdefghijkl"[:classes]):
        path = tmp_path / tree.format(who=who, what=what) / f"{who}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    assert folder.guess_levels(str(tmp_path)) == levels


@pytest.mark.parametrize("tree", ["{}", "{}/anna", "scans/{}/anna"])
@pytest.mark.parametrize("odd", ["0.png", "a/x/y/z/9.png"])
def test_the_picture_that_lies_in_more_or_fewer_folders_than_most_is_named(tmp_path: Path, tree: str, odd: str) -> None:
    for name in [odd, f"{tree.format('a')}/1.png", f"{tree.format('b')}/2.png"]:
        write_picture(tmp_path / name, np.zeros((8, 8)))
    with pytest.raises(SourceError, match=rf"^'{odd}' lies in \d folders, not in {tree.count('/') + 1} .*; move it"):
        read("folder", tmp_path, **SIZE, levels=folder.guess_levels(str(tmp_path)))


def test_given_parts_put_the_test_pictures_last(tmp_path: Path) -> None:
    for i, name in enumerate(["testing/a/1.png", "training/b/2.png", "testing/b/3.png", "val/a/4.png"]):
        write_picture(tmp_path / name, np.full((28, 28), i))
    levels = folder.guess_levels(str(tmp_path))
    assert levels == ["part", "class"]
    assert read("folder", tmp_path, **SIZE, levels=levels).pixels[:, 0].tolist() == [1, 3, 0, 2]


def test_names_that_look_like_groups_are_noticed(tmp_path: Path) -> None:
    for i, what in product(range(40), ["cross", "line"]):
        write_picture(tmp_path / what / f"{what}.u{i % 4}.{i}.png", np.zeros((8, 8)))
        write_picture(tmp_path / "grouped" / what / f"u{i % 4}_{i}.png", np.zeros((8, 8)))
    assert folder.names_of_groups(folder.find(tmp_path / "grouped")[0]) == ["u0", "u1", "u2", "u3"]
    shutil.rmtree(tmp_path / "grouped")
    assert folder.names_of_groups(folder.find(tmp_path)[0]) == []  # the first word is the class, the last one counts


def test_a_table_of_file_names_gives_the_same_images_as_the_folder(tmp_path: Path) -> None:
    write_digits(tmp_path / "own")
    images = read("folder", tmp_path / "own", **SIZE)
    files = [f"own/{label}/{i}.png" for i, label in enumerate(CLASSES)]
    pd.DataFrame({"file": files, "class": CLASSES, "group": CLASSES % 3}).to_csv(tmp_path / "own.csv", index=False)
    named = read("table", tmp_path / "own.csv", **SIZE)
    assert np.array_equal(named.pixels, images.pixels)
    assert np.array_equal(named.classes, images.classes)
    assert len(np.unique(named.group)) == 3  # type: ignore[arg-type]
    (tmp_path / "gone.csv").write_text(f"file,class\n{tmp_path / 'own/0/0.png'},a\n/gone/1.png,b\n")
    with pytest.raises(SourceError, match=r"^/gone/1\.png: No such file or directory$"):
        read("table", tmp_path / "gone.csv", **SIZE)


def test_folders_in_a_class_are_groups_whose_pictures_stand_together(tmp_path: Path) -> None:
    names = ["b/bo/2.png", "a/bo/9.png", "a/al/1.png", "b/al10/3.png", "b/al/2.png"]
    for i, name in enumerate(names):
        write_picture(tmp_path / name, np.full((28, 28), i))
    images = read("folder", tmp_path, **SIZE)
    order = ["a/al/1.png", "b/al/2.png", "b/al10/3.png", "b/bo/2.png", "a/bo/9.png"]
    assert [names[i] for i in images.pixels[:, 0]] == order
    assert images.group is not None
    assert images.group.tolist() == [0, 0, 1, 2, 2]
    assert images.group_names == ["al", "al10", "bo"]
    write_picture(tmp_path / "a/5.png", np.zeros((28, 28)))
    with pytest.raises(SourceError, match=r"^'a/5.png' lies in 1 folders, not in 2 \(class, group\); move it$"):
        read("folder", tmp_path, **SIZE)


@pytest.mark.parametrize("name", ["own.csv", "own.parquet"])
def test_a_table_s_groups_are_numbered_as_they_appear(tmp_path: Path, name: str) -> None:
    write_table(tmp_path / name)
    frame = pd.read_csv(tmp_path / name) if name.endswith("csv") else pd.read_parquet(tmp_path / name)
    frame.insert(3, "group", ["zoe", "al"] * (tiny.IMAGES // 2))
    frame.to_csv(tmp_path / name, index=False) if name.endswith("csv") else frame.to_parquet(tmp_path / name)
    images = read("table", tmp_path / name)
    assert images.group is not None
    assert images.group.tolist() == [0, 1] * (tiny.IMAGES // 2)
    assert images.group_names == ["zoe", "al"]
    assert np.array_equal(images.pixels, PIXELS)


def test_the_small_digits_are_fourteen_forms() -> None:
    classes = load_digits().target.astype(np.uint8)
    group = number_forms(classes)
    assert np.flatnonzero(np.diff(group, prepend=-1)).tolist() == [
        0, 130, 256, 386, 516, 646, 776, 906, 1029, 1157, 1287, 1415, 1545, 1667,
    ]  # fmt: skip


def test_groups_go_from_the_source_to_the_predictions_and_none_is_on_both_sides(project: Path) -> None:
    for i, label in enumerate(CLASSES):
        write_picture(project / f"data/own/{label}/writer{i % 8}/{i}.png", PIXELS[i].reshape(tiny.SHAPE))
    tiny.edit(project, {"datasets.tiny.sources": [{"folder": "data/own"}], "splits.tiny.test": {"groups": 2}})
    assert "other content" in tiny.run("dvc repro fetch@tiny", project, status=255).stderr
    tiny.run("digits pin tiny", project)
    tiny.repro(project, "evaluate@five-sgd")
    train, test = (pd.read_parquet(project / paths.split("tiny", part)) for part in ("train", "test"))
    assert set(test["group"]) == {6, 7}
    assert set(train["group"]) == {*range(6)}
    out_of_fold = pd.read_parquet(project / paths.out_of_fold("five-sgd"))
    predictions = pd.read_parquet(project / paths.predictions("five-sgd"))
    assert out_of_fold.groupby("group")["fold"].nunique().max() == 1
    assert predictions[["row", "group"]].equals(test[["row", "group"]])
    told = tiny.run("digits leaderboard five-sgd --groups", project).stdout
    assert "*" not in told  # as if images were independent
    assert re.search(r"^five-sgd by group: writer6: \d\.\d{4}, writer7: \d\.\d{4}$", told, re.MULTILINE)
    measured = pd.read_csv(project / "plots/five-sgd/figures.csv")
    assert {"group writer0", "group writer5"} <= {*measured["of"][measured["part"] == "cross_validation"]}
    (project / "data/own/5/writer1").rename(project / "data/own/5/writer9")
    assert "is no longer what is pinned" in tiny.failure("digits check", project)


def test_what_systems_leave_in_folders_is_skipped(tmp_path: Path) -> None:
    write_digits(tmp_path)
    for name in [
        ".DS_Store",
        "0/.DS_Store",
        "1/Thumbs.db",
        "2/.gitignore",
        "data.dvc",
        "desktop.ini",
        ".cache/x",
        "__MACOSX/3/._1.png",
    ]:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_bytes(b"no picture")
    assert np.array_equal(read("folder", tmp_path).pixels, PIXELS)


def remove_all_but_one(folder: Path) -> None:
    for i in range(1, 10):
        (folder / str(i)).rename(folder.parent / f"gone-{i}")


def copy_to(*targets: str) -> Callable[[Path], object]:
    """Return what copies a picture in a folder."""

    def copy(folder: Path) -> None:
        for target in targets:
            (folder / target).parent.mkdir(exist_ok=True)
            shutil.copy(folder / "0/0.png", folder / target)

    return copy


def write(name: str, content: bytes) -> Callable[[Path], object]:
    """Return what writes a file in a folder."""
    return lambda folder: (folder / name).write_bytes(content)


NOT_WHOLE = "its values are not all whole numbers from 0 to 255"


def write_numbers(value: float) -> Callable[[Path], object]:
    """Return what writes a picture of fractions, one of them this value, in a folder."""
    pixels = np.full((8, 8), 0.5, np.float32)
    pixels[3, 3] = value
    return lambda folder: Image.fromarray(pixels).save(folder / "3/nan.tif")


BAD: dict[str, tuple[Callable[[Path], object], str]] = {
    "one class": (remove_all_but_one, "number of classes: 1 alone, '0'; allowed: 2 to 256"),
    "300 classes": (copy_to(*(f"class-{i}/0.png" for i in range(290))), "number of classes: 300; allowed: 2 to 256"),
    "a class without pictures": (lambda folder: (folder / "a").mkdir(), "'a' has no pictures in it; delete it"),
    "01 and 1": (copy_to("01/0.png"), "the classes '01' and '1' are the same number; rename one"),
    "a lost link": (lambda folder: (folder / "3/x.png").symlink_to("nowhere"), "3/x.png: No such file or directory"),
    "a picture outside": (copy_to("1.png"), "'1.png' lies in 0 folders, not in 1 (class); move it"),
    "a text": (write("3/notes.png", b"3"), "3/notes.png: not a picture, or not one"),
    "a pipe": (lambda folder: os.mkfifo(folder / "3/a.png"), "3/a.png: is no file, but a folder, a pipe or a device"),
    "NaN": (write_numbers(np.nan), "3/nan.tif: the picture has pixels of NaN or infinity"),
    "infinity": (write_numbers(-np.inf), "3/nan.tif: the picture has pixels of NaN or infinity"),
    "cut off": (write("3/a.png", b"\x89PNG\r\n\x1a\n"), "3/a.png: "),
}


@pytest.mark.fault
@pytest.mark.parametrize("fault", BAD)
def test_a_folder_that_is_no_dataset_is_refused(tmp_path: Path, fault: str) -> None:
    spoil, reason = BAD[fault]
    folder = tmp_path / "own"
    write_digits(folder)
    spoil(folder)
    with pytest.raises(SourceError) as error:
        read("folder", folder)
    assert str(error.value).startswith(reason)
    assert "\n" not in str(error.value)


@pytest.mark.fault
@pytest.mark.parametrize(
    ("content", "reason"),
    [
        ("p,q\n1,2\n", "has 0 columns named class or label, expected one; it has p, q"),
        ("file;class\na.png;1\n", "expected one; it has file;class; separate them by commas"),
        ("file\tclass\na.png\t1\n", "expected one; it has file\tclass; separate them by commas"),
        ("label,filename\n1,a.png\n2,b.png\n", "a column that names pictures must be called `file`"),
        ("label,p\n", "number of classes: 0"),
        ("label,p\n1,0\n,0\n", "a row has no label"),
        ("label,p\n1,0\n2.5,0\n", "a label is '2.5', expected whole numbers, or names"),
        ("label,p\n1,0\nnan,0\n", "a label is 'nan', expected whole numbers, or names"),
        ("label,group,p\n1,1,0\n2,inf,0\n", "a group is 'inf', expected whole numbers, or names"),
        *(
            (f"label,p\n1,0\n2,{value}\n", NOT_WHOLE)
            for value in ("254.99999999", "1e-50", "256", "-1", "NaN", "", "inf")
        ),
        ("label,p\n1,0\n2,0.5\n", "its values are not all whole numbers from 0 to 255"),
        ("label,p\n1,0\n2,x\n", "CSV conversion error to double: invalid value 'x'"),
    ],
)
def test_a_table_that_is_no_dataset_is_refused(tmp_path: Path, content: str, reason: str) -> None:
    path = tmp_path / "own.csv"
    path.write_text(content)
    with pytest.raises(SourceError) as error:
        read("table", path)
    assert reason in str(error.value)


def test_a_table_of_fractions_that_are_whole_is_one_of_whole_numbers(tmp_path: Path) -> None:
    frame = pd.DataFrame({"label": [3.0, 12.0, 3.0], "group": [7.0, 7.0, 2.0], "p": [0.0, 255.0, 16.0]})
    frame.to_parquet(tmp_path / "own.parquet")
    frame.to_csv(tmp_path / "own.csv", index=False)
    for name in ("own.parquet", "own.csv"):
        images = read("table", tmp_path / name)
        assert (images.classes.tolist(), images.names) == ([3, 12, 3], None)
        assert images.pixels.ravel().tolist() == [0, 255, 16]


@pytest.mark.fault
@pytest.mark.parametrize("column", ["label", "group", "p"])
@pytest.mark.parametrize("value", [np.nan, np.inf, 254.99999999, 1e-50, None])
def test_a_parquet_table_with_a_value_that_is_no_whole_number_is_refused(
    tmp_path: Path, column: str, value: float | None
) -> None:
    columns: dict[str, Any] = {"label": [1.0, 2.0], "group": [1.0, 2.0], "p": [0.0, 1.0]}
    pq.write_table(pa.table({**columns, column: pa.array([1.0, value], from_pandas=False)}), tmp_path / "own.parquet")
    with pytest.raises(SourceError, match=r"is '.*', expected whole|not all whole|a row has no label"):
        read("table", tmp_path / "own.parquet")


@pytest.mark.parametrize(
    ("block", "reason"),
    [
        (
            {"sources": [{"folder": "gone"}]},
            "folder gone: is not here; put your images there, or correct the name; `dvc pull` fetches what was shared",
        ),
        ({"sources": [{"table": "own.csv"}]}, "table own.csv: is not here; put your images there, or"),
        (
            {"sources": [{"folder": "own"}], "images": 401},
            "folder own: 400 images, expected 401; `digits pin tiny` takes over what is there now\n",
        ),
    ],
)
def test_a_folder_that_is_not_what_is_pinned_is_one_line(bare: Path, block: dict[str, Any], reason: str) -> None:
    write_digits(bare / "own")
    error = fetch(bare, block, status=1, DATA_MIRROR="mirror")
    assert error.startswith(f"fetch: error: no source has tiny: {reason}")
    assert error.count("\n") == 1
    assert not (bare / paths.raw("tiny")).exists()
