"""Images that are read by a layout, which says what their files mean, as image-layouts/docs/layout.md shows."""

import gzip
import re
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from digits.core.images import Images
from digits.messages import errors as digits_errors
from digits.pinning.values import compute_pinned_values
from image_layouts import errors as layout_errors
from image_layouts import schema as layout
from image_layouts.layout.axes import arrange
from image_layouts.layout.pattern import Pattern
from image_layouts.layout.place import Place
from image_layouts.layout.reading import read_layout
from image_layouts.pipeline import source as files
from tests.helpers import tiny
from tests.helpers.digit_files import (
    LABELS,
    PIXELS,
    make_table,
    write_flat,
    write_picture,
    write_tree,
)

UserError: Any = (digits_errors.UserError, layout_errors.LayoutError)

SETS_OF_PIXELS = {"pixels": "pixel0 to pixel63", "class": "label"}


def read(written: Any, shape: list[int]) -> tuple[dict[str, Any], Images]:
    """Return what `digits pin` records of data/own."""
    entry = {"sources": [{"files": "data/own"}], "layout": written, "shape": shape}
    return compute_pinned_values("own", entry)


def find_rows(written: Any, place: Path) -> pd.DataFrame:
    """Return the table of the images of a layout, of which no picture is opened."""
    return read_layout(Place(place), layout.parse(written)).images.rows


def touch(place: Path, names: list[str]) -> None:
    """Write empty files, and create their folders."""
    for name in names:
        (place / name).parent.mkdir(parents=True, exist_ok=True)
        (place / name).touch()


PAGE = (tiny.ROOT / "packages/image-layouts/docs/layout.md").read_text(encoding="utf-8")


def test_each_example_of_the_page_is_a_layout() -> None:
    examples = re.findall(r"^```yaml\n(layout:.+?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert len(examples) == 4
    for text in examples:
        layout.parse(yaml.safe_load(text)["layout"])


WRONG = {
    "no kind": ({"class": "a"}, "it has none of them; expected one of `files`, `table` and"),
    "two kinds": (
        {"files": "*", "table": "a.csv"},
        "it has `files` and `table`; expected one of `files`, `table` and `images`",
    ),
    "an unknown key": (
        {"files": "*", "clas": "a"},
        "layout: there is no 'clas'. Valid: files, list.",
    ),
    "no content": (
        {"table": "a.csv", "class": "b"},
        "a table needs one of the keys `file`, `picture` and `pixels`",
    ),
    "an empty training set": ({"train": [], "test": "a/*"}, "its part `train` is empty"),
    "only a test set": (
        {"test": "b/{class}/*"},
        "it has no key `train`, and so no training set",
    ),
    "another type": ({"images": 3}, "images must be text, not 3"),
    "an unknown field": ("{klass}/*", "{klass} in {klass}/* has no meaning; write {class}"),
    "different fields": (
        ["{class}/{group}/*", "{class}/*"],
        "{class}/{group}/* and {class}/* have different fields",
    ),
    "no column in file": ({"table": "a.csv", "file": "a.png"}, "file: a.png names no column"),
    "an unknown separator": (
        {"table": "a.csv", "file": "{b}", "separator": "blank"},
        "separator: 'blank' is neither one character nor one of blanks, first blank, last blank",
    ),
    "an unknown encoding": (
        {"table": "a.csv", "file": "{b}", "encoding": "utf8-x"},
        "encoding: Python knows no 'utf8-x'",
    ),
    "no such picture": ("x/{class}/*", "no picture in data/own fits the pattern x/{class}/*"),
    "no such list": ({"files": "{class}/*", "list": "a.txt"}, "no file in data/own is called"),
    "no such table": ({"table": "a.csv", "file": "{b}"}, "no file in data/own fits a.csv"),
    "no such array": (
        {"images": "a.npy"},
        "no array is called a.npy; the files with arrays are",
    ),
}


@pytest.mark.parametrize(("written", "line"), WRONG.values(), ids=WRONG)
def test_a_wrong_layout_is_refused_with_one_line(
    written: Any, line: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_tree(Path("data/own"), slice(0, 20))
    with pytest.raises(UserError, match=re.escape(line)):
        read(written, [8, 8])


def write_table(rows: str) -> None:
    """Write twenty pictures, and a table with some rows."""
    write_flat(Path("data/own"), slice(0, 20))
    Path("data/own/t.csv").write_text(rows, encoding="utf-8")


ROWS = "file,class,set\n" + "".join(
    f"{number:05d}.png,{'ab'[number % 2]},{'train' if number < 10 else 'test'}\n"
    for number in range(20)
)
SETS = {
    "table": "t.csv",
    "file": "{file}",
    "class": "class",
    "train": {"where": {"set": "train"}},
    "test": {"where": {"set": "test"}},
}


def test_each_row_of_a_table_is_used_once_or_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_table(ROWS)
    values, _ = read(SETS, [8, 8])
    assert values["images"] == 20
    write_table(ROWS.replace("00003.png,b,train", "00003.png,b,extra"))
    with pytest.raises(UserError, match=r"1 rows of t.csv are in no part of the layout, first"):
        read(SETS, [8, 8])
    with pytest.raises(UserError, match=r"1 pictures do not fit the layout, first 00003.png"):
        read(SETS | {"unused": {"where": {"set": "extra"}}}, [8, 8])
    unused = ["*3.png", {"where": {"set": "extra"}}]
    values, images = read(SETS | {"unused": unused}, [8, 8])
    assert values["images"] == 19
    assert "00003.png" not in set(images.table["file"])
    with pytest.raises(UserError, match=r"10 rows of t.csv are in several parts of the layout"):
        read(SETS | {"train": {"where": {"set": "t*"}}, "unused": unused}, [8, 8])


def test_a_picture_that_does_not_fit_the_layout_is_noticed(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_tree(Path("data/own"), slice(0, 20))
    read("{class}/*", [8, 8])
    write_picture(Path("data/own/new/day/1.png"), PIXELS[0])
    line = "1 pictures do not fit the layout, first new/day/1.png; correct the layout, or add"
    with pytest.raises(UserError, match=line):
        read("{class}/*", [8, 8])
    values, _ = read({"files": "{class}/*", "unused": "new/**/*"}, [8, 8])
    assert values["images"] == 20


def test_all_faults_are_told_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for folder in ["train/a/x", "train/b/x", "test/a/x", "test/c/y"]:
        write_flat(Path("data/own") / folder, slice(0, 4))
    written = {"train": "train/{class}/{group}/*", "test": "test/{class}/{group}/*"}
    with pytest.raises(UserError) as refused:
        read(written, [8, 8])
    assert str(refused.value).endswith(
        "only the test set has the classes c, and only the training set has b: if these are the "
        "same classes, rename their folders so that they are called alike in both sets; 1 groups "
        "are in both training set and test set: x"
    )


def test_rows_that_are_unused_are_left_out_of_a_part_without_where(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_table(ROWS.replace(",a,", ",extra,").replace("00004.png,extra", "00004.png,c"))
    unused = [{"where": {"class": "extra"}}, "*"]
    part = {"table": "t.csv", "file": "{file}", "class": "class"}
    values, _ = read(part | {"unused": unused}, [8, 8])
    assert values["names"] == ["b", "c"]
    values, _ = read(part | {"train": {"where": {"class": ["?", "[b]", "*"]}}}, [8, 8])
    assert values["classes"] == 3


def test_rows_are_chosen_by_a_column_that_has_only_a_number(tmp_path: Path) -> None:
    touch(tmp_path, ["1.png", "2.png", "3.png"])
    (tmp_path / "t.csv").write_text("1.png,a,TRAIN\n2.png,b,TRAIN\n3.png,a,TEST\n")
    keys = "table: t.csv, header: false, file: '{1}', class: 2"
    sets = "train: {where: {3: TRAIN}}, test: {where: {3: TEST}}"
    rows = find_rows(yaml.safe_load(f"{{{keys}, {sets}}}"), tmp_path)
    assert rows["test"].tolist() == [False, False, True]


def test_a_star_fits_a_value_of_several_lines(tmp_path: Path) -> None:
    table = pd.DataFrame({"file": ["1.png", "2.png"], "class": "a", "note": ["a\nb", "c"]})
    table.to_csv(tmp_path / "t.csv", index=False)
    for name in table["file"]:
        (tmp_path / name).touch()
    part = {"table": "t.csv", "file": "{file}", "class": "class"}
    for pattern, n_rows in [("*", 2), ("a*", 1), ("*b", 1), ("a*b", 1)]:
        where = {"note": pattern}
        others = {"unused": [{"where": {"note": "c"}}]} if n_rows == 1 else {}
        assert len(find_rows(part | {"train": {"where": where}} | others, tmp_path)) == n_rows


def test_a_column_that_no_table_has_is_not_unused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_table(ROWS)
    part = {"table": "t.csv", "file": "{file}", "class": "class"}
    with pytest.raises(UserError, match="unused: no table has the column sett"):
        read(part | {"unused": [{"where": {"sett": "test"}}]}, [8, 8])


def test_another_layout_that_was_tried_before_changes_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_table(ROWS)
    place = Place(Path("data/own"))
    part = {"table": "t.csv", "file": "{file}", "class": "class"}
    unused = {"unused": [{"where": {"set": "test"}}, "*"]}
    with pytest.raises(UserError, match="UTF-16 stream does not start with BOM"):
        read_layout(place, layout.parse(part | {"encoding": "utf-16"}))
    assert len(read_layout(place, layout.parse(part | unused)).images.rows) == 10


def test_the_images_of_unused_classes_are_left_out(tmp_path: Path) -> None:
    X = np.arange(6 * 4).reshape(6, 2, 2)
    np.savez(tmp_path / "m.npz", x=X, y=["a", "b", "c", "a", "b", "c"])
    written = {"images": "m.npz/x", "class": "m.npz/y", "unused": [{"class": "b"}]}
    images = read_layout(Place(tmp_path), layout.parse(written)).images
    assert images.rows["class"].tolist() == ["a", "c", "a", "c"]
    assert images.rows["id"].tolist() == [1, 3, 4, 6]
    assert images.blocks is not None
    [block] = images.blocks()
    assert np.array_equal(block, X.reshape(6, 4)[[0, 2, 3, 5]])


def test_pictures_of_unused_classes_are_unused(tmp_path: Path) -> None:
    touch(tmp_path, ["a/1.png", "b/2.png", "c/3.png"])
    written = {"files": "{class}/*", "unused": [{"class": ["a", "c"]}]}
    reading = read_layout(Place(tmp_path), layout.parse(written))
    assert reading.images.rows["file"].tolist() == ["b/2.png"]
    assert reading.images.pictures is not None
    assert list(reading.images.pictures()) == [tmp_path / "b/2.png"]
    assert reading.unused_pictures == ["a/1.png", "c/3.png"]
    assert reading.unmatched == []


def test_an_unused_class_may_be_written_with_letters_of_two_signs(tmp_path: Path) -> None:
    """As a Mac writes `é` in the names of files: an `e`, and its accent."""
    touch(tmp_path, ["caf\u00e9/1.png", "tea/2.png"])
    written = {"files": "{class}/*", "unused": [{"class": "cafe\u0301"}]}
    assert find_rows(written, tmp_path)["class"].tolist() == ["tea"]


def test_a_pattern_may_be_written_with_letters_of_two_signs(tmp_path: Path) -> None:
    touch(tmp_path, ["caf\u00e9/a/1.png", "caf\u00e9/b/2.png"])
    assert find_rows("cafe\u0301/{class}/*", tmp_path)["class"].tolist() == ["a", "b"]


def test_rows_are_left_out_by_a_column_that_one_of_two_tables_has(tmp_path: Path) -> None:
    touch(tmp_path, ["1.png", "2.png", "3.png"])
    (tmp_path / "a.csv").write_text("file,class,bad\n1.png,x,\n2.png,y,yes\n")
    (tmp_path / "b.csv").write_text("file,class\n3.png,y\n")
    sets = {"train": {"table": "a.csv"}, "test": {"table": "b.csv"}}
    unused = {"unused": [{"where": {"bad": "yes"}}, "2.png"]}
    rows = find_rows({"file": "{file}", "class": "class"} | sets | unused, tmp_path)
    assert rows["file"].tolist() == ["1.png", "3.png"]


def test_an_unused_class_must_exist(tmp_path: Path) -> None:
    touch(tmp_path, ["a/1.png", "b/2.png"])
    with pytest.raises(UserError, match="unused: no image is of the class 'cat'"):
        find_rows({"files": "{class}/*", "unused": [{"class": "cat"}]}, tmp_path)


def test_several_items_may_name_unused_rows(tmp_path: Path) -> None:
    touch(tmp_path, ["1.png", "2.png", "3.png"])
    (tmp_path / "t.csv").write_text("file,class\n1.png,a\n2.png,b\n3.png,c\n")
    unused = [{"where": {"class": "a"}}, {"where": {"file": "3*"}}, "1.png", "3.png"]
    written = {"table": "t.csv", "file": "{file}", "class": "class", "unused": unused}
    assert find_rows(written, tmp_path)["file"].tolist() == ["2.png"]


def test_a_stem_is_a_name_without_its_last_ending(tmp_path: Path) -> None:
    touch(tmp_path, ["scan.0012.png", "scan.0013.png"])
    (tmp_path / "t.csv").write_text("file,class\na/scan.0012.tif,a\nb/scan.0013.tif,b\n")
    written = {"table": "t.csv", "file": "{file.stem}.png", "class": "class"}
    assert find_rows(written, tmp_path)["file"].tolist() == ["scan.0012.png", "scan.0013.png"]


def test_several_items_may_name_unused_classes() -> None:
    items = [{"class": "cat"}, {"class": ["dog", "cow"]}]
    unused = layout.parse({"files": "{class}/*", "unused": items}).unused_classes
    assert unused == ["cat", "dog", "cow"]


def test_unused_patterns_need_not_have_the_same_fields(tmp_path: Path) -> None:
    touch(tmp_path, ["cat/1.png", "dog/1.png", "x/y/1.png", "z/1_2_3.png"])
    written = {"files": "{class}/#.png", "unused": ["x/{class}/*", "z/{id}_*"]}
    reading = read_layout(Place(tmp_path), layout.parse(written))
    assert reading.unused_pictures == ["x/y/1.png", "z/1_2_3.png"]
    assert reading.unmatched == []


def test_an_empty_key_unused_leaves_nothing_out() -> None:
    assert layout.parse({"files": "{class}/*", "unused": None}).unused == []


@pytest.mark.parametrize("value", ["True", "true", "TRUE"])
@pytest.mark.parametrize(
    ("no", "yes"),
    [(False, True), ("False", "True"), ("false", "true")],
    ids=["booleans", "capitals", "small letters"],
)
def test_rows_are_chosen_by_a_truth_value(
    value: str, no: Any, yes: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    other_value = {"True": "False", "true": "False", "TRUE": "FALSE"}[value]
    write_table(ROWS.replace("train", other_value).replace("test", value))
    part = {"table": "t.csv", "file": "{file}", "class": "class"}
    sets = {"train": {"where": {"set": no}}, "test": {"where": {"set": yes}}}
    values, _ = read(part | sets, [8, 8])
    assert values["images"] == 20


def test_large_numbers_keep_all_digits(tmp_path: Path) -> None:
    touch(tmp_path, ["1.png", "2.png"])
    numbers = ["9007199254740992", "9007199254740993"]  # the same as floats
    lines = [f"{row + 1}.png,{number}.0\n" for row, number in enumerate(numbers)]
    (tmp_path / "t.csv").write_text(f"file,class\n{''.join(lines)}")
    part = {"table": "t.csv", "file": "{file}", "class": "class"}
    assert find_rows(part, tmp_path)["class"].tolist() == numbers


def test_images_of_different_shapes_are_refused(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", x=np.zeros((6, 4, 4)), t=np.zeros((6, 5, 5)), y=[0, 1] * 3)
    train, test = ({"images": f"a.npz/{name}", "class": "a.npz/y"} for name in "xt")
    with pytest.raises(UserError, match="different kinds of images: 4 × 4, 5 × 5"):
        find_rows({"train": train, "test": test}, tmp_path)


def test_blanks_around_a_class_or_a_group_are_ignored(tmp_path: Path) -> None:
    touch(tmp_path, ["1.png", "2.png"])
    table = "file,class,who\n1.png,cat ,anna\n2.png, cat,anna \n"
    (tmp_path / "t.csv").write_text(table)
    part = {"table": "t.csv", "file": "{file}", "class": "class", "group": "who"}
    rows = find_rows(part, tmp_path)
    assert rows["class"].tolist() == ["cat", "cat"]
    assert rows["group"].tolist() == ["anna", "anna"]


def test_whole_numbers_beside_a_missing_one_stay_whole(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_table(ROWS)
    table = pd.read_csv("data/own/t.csv")
    table["fold"] = pd.array([1, 2, *[None] * 18], dtype="Int64")
    table.to_parquet("data/own/t.parquet")
    Path("data/own/t.csv").unlink()
    part = {"table": "t.parquet", "file": "{file}", "class": "class", "unused": "*"}
    sets = {"train": {"where": {"fold": ["", 1]}}, "test": {"where": {"fold": 2}}}
    values, _ = read(part | sets, [8, 8])
    assert values["images"] == 20


def test_an_index_that_pandas_has_stored_is_a_column_like_others(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data/own").mkdir(parents=True)
    shuffled = make_table(slice(0, 100)).sample(frac=1, random_state=0)
    shuffled.to_parquet("data/own/t.parquet")
    _, images = read({"table": "t.parquet"} | SETS_OF_PIXELS, [8, 8])
    assert np.array_equal(images.X, shuffled.filter(like="pixel"))
    assert images.table["class"].tolist() == shuffled["label"].tolist()

    Path("data/own/t.parquet").unlink()
    write_table(ROWS)
    pd.read_csv("data/own/t.csv", index_col="file").to_parquet("data/own/t.parquet")
    Path("data/own/t.csv").unlink()
    part = {"table": "t.parquet", "file": "{file}", "class": "class"}
    values, _ = read(part, [8, 8])
    assert values["images"] == 20


def test_a_picture_without_a_class_is_not_blank(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_flat(Path("data/own/pictures"), slice(0, 3))
    contents = [path.read_bytes() for path in sorted(Path("data/own/pictures").iterdir())]
    shutil.rmtree("data/own/pictures")
    pd.DataFrame({"image": contents, "class": ["a", "b", None]}).to_parquet(
        "data/own/t.parquet"
    )
    with pytest.raises(UserError, match="1 images have no class, first 3"):
        read({"table": "t.parquet", "picture": "image", "class": "class"}, [8, 8])


@pytest.mark.parametrize(
    ("picture", "label", "reason"),
    [
        ("file", "class", "the column file has no pictures"),
        ("image", "image", "the column image has pictures, not texts"),
    ],
)
def test_texts_are_no_pictures_and_pictures_are_no_classes(
    picture: str, label: str, reason: str, tmp_path: Path
) -> None:
    write_flat(tmp_path / "pictures", slice(0, 3))
    files = sorted((tmp_path / "pictures").iterdir())
    table = pd.DataFrame({"image": [path.read_bytes() for path in files]})
    table = table.assign(file=[bytes(path) for path in files], **{"class": list("aab")})
    table.to_parquet(tmp_path / "t.parquet")
    with pytest.raises(UserError, match=reason):
        find_rows({"table": "t.parquet", "picture": picture, "class": label}, tmp_path)


@pytest.mark.parametrize("row", [1, 12])
@pytest.mark.parametrize("n_labels", [0, 2])
def test_a_row_with_a_wrong_label_is_named_by_its_place_in_the_table(
    row: int, n_labels: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_table(ROWS)
    table = pd.read_csv("data/own/t.csv")
    table["a"] = (table["class"] == "a").astype(int)
    table["b"] = 1 - table["a"]
    table.loc[row, ["a", "b"]] = n_labels // 2
    table.to_csv("data/own/t.csv", index=False)
    part = {"table": "t.csv", "file": "{file}", "class": ["a", "b"]}
    sets = {"train": {"where": {"set": "train"}}, "test": {"where": {"set": "test"}}}
    found = "2" if n_labels else "none"
    with pytest.raises(UserError, match=f"are labels, of which row {row + 1} has {found}"):
        read(part | sets, [8, 8])


def test_a_row_with_another_number_is_named_by_its_place_in_the_table(tmp_path: Path) -> None:
    touch(tmp_path, [f"{number}.png" for number in range(6)])
    table = pd.DataFrame(
        {
            "file": [f"{number}.png" for number in range(6)],
            "set": ["extra", "extra", "train", "train", "train", "train"],
            "a": [1, 1, 1, 0, 2, 0],
            "b": [0, 0, 0, 1, 0, 1],
        }
    )
    table.to_csv(tmp_path / "t.csv", index=False)
    written = {"table": "t.csv", "file": "{file}", "class": ["a", "b"]}
    with pytest.raises(UserError, match="row 5 has 2, 0 in the columns of the classes"):
        find_rows(written | {"unused": [{"where": {"set": "extra"}}]}, tmp_path)


def test_columns_with_a_class_each_belong_to_the_rows_of_their_set(tmp_path: Path) -> None:
    touch(tmp_path, ["1.png", "2.png", "3.png"])
    rows = ["file,set,a,b", "1.png,extra,1,0", "2.png,train,0,1", "3.png,train,1,0"]
    (tmp_path / "t.csv").write_text("\n".join(rows))
    unused = ["1.png", {"where": {"set": "extra"}}]
    written = {"table": "t.csv", "file": "{file}", "class": ["a", "b"], "unused": unused}
    assert find_rows(written, tmp_path)["class"].tolist() == ["b", "a"]


def test_folders_of_tables_may_have_braces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_table(ROWS)
    Path("data/own").rename(tmp_path / "own")
    Path("data/own").mkdir()
    (tmp_path / "own").rename("data/own/a{b}")
    part = {"table": "a[{]b}/t.csv", "file": "{file}", "class": "class"}
    values, _ = read(part, [8, 8])
    assert values["images"] == 20


def test_a_column_may_be_called_like_a_range(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    table = pd.DataFrame(
        {"hours to live": ["1 2 3 4", "4 3 2 1", "0 0 0 1"], "class": ["a", "b", "a"]}
    )
    Path("data/own").mkdir(parents=True)
    table.to_csv("data/own/t.csv", index=False)
    values, _ = read({"table": "t.csv", "pixels": "hours to live", "class": "class"}, [2, 2])
    assert values["images"] == 3


def test_the_index_without_a_name_that_pandas_writes_is_no_title(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names = write_flat(Path("data/own"), slice(0, 20))
    classes = pd.Series(
        {name: "ab"[number % 2] for number, name in enumerate(names)}, name="label"
    )
    classes.to_csv("data/own/t.csv")
    values, _ = read({"table": "t.csv", "file": "{unnamed: 0}", "class": "label"}, [8, 8])
    assert values["images"] == 20


def test_the_name_of_an_array_may_have_signs_of_patterns(tmp_path: Path) -> None:
    np.savez(tmp_path / "scans #2.npz", x=np.zeros((2, 4, 4)), y=["a", "b"])
    written = {"images": "scans [#]2.npz/x", "class": "scans #2.npz/y"}
    assert find_rows(written, tmp_path)["class"].tolist() == ["a", "b"]


def test_other_arrays_are_not_opened(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data/own").mkdir(parents=True)
    images = np.arange(4 * 64, dtype=np.uint8).reshape(4, 8, 8)
    np.savez("data/own/m.npz", x=images, y=np.array([b"a", b"b", b"a", b"b"]))
    Path("data/own/junk.npy").write_text("This is no array.")
    values, _ = read({"images": "m.npz/x", "class": "m.npz/y"}, [8, 8])
    assert values["names"] == ["a", "b"]


def test_only_a_star_is_a_wildcard_in_values(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_table(ROWS)
    part = {"table": "t.csv", "file": "{file}", "class": "class"}
    with pytest.raises(UserError, match=r"10 rows of t.csv are in no part"):
        read(part | {"train": {"where": {"class": ["[ab]", "a"]}}}, [8, 8])


def test_a_row_of_pixels_without_a_class_is_not_blank(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data/own").mkdir(parents=True)
    table = make_table(slice(0, 20)).astype(str)
    table.loc[5, "label"] = ""
    table.to_csv("data/own/t.csv", index=False)
    written = {"table": "t.csv"} | SETS_OF_PIXELS
    with pytest.raises(UserError, match="1 images have no class, first 6"):
        read(written, [8, 8])
    text = Path("data/own/t.csv").read_text()
    kept = "".join(line for line in text.splitlines(keepends=True) if not line.startswith(","))
    Path("data/own/t.csv").write_text(f"{kept}{',' * 64}\n")
    values, _ = read(written, [8, 8])
    assert values["images"] == 19


@pytest.mark.parametrize("ending", ["csv", "csv.gz"])
@pytest.mark.parametrize("start", ["2\n", "\n \n2\n"])
def test_the_number_of_rows_before_a_table_is_left_out(
    start: str, ending: str, tmp_path: Path
) -> None:
    touch(tmp_path, ["1.png", "2.png"])
    with (gzip.open if ending == "csv.gz" else open)(tmp_path / f"t.{ending}", "wt") as opened:
        opened.write(f"{start}file,class\n1.png,a\n2.png,b\n")
    rows = find_rows({"table": f"t.{ending}", "file": "{file}", "class": "class"}, tmp_path)
    assert rows["class"].tolist() == ["a", "b"]


def test_a_row_of_pixels_whose_last_one_is_blank_is_not_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("data/own").mkdir(parents=True)
    table = make_table(slice(0, 20), labelled=False).astype(str)
    table.loc[5, "pixel63"] = ""
    table.to_csv("data/own/t.csv", index=False)
    assert (
        len(find_rows({"table": "t.csv", "pixels": "pixel0 to pixel63"}, Path("data/own")))
        == 20
    )


def test_a_path_may_have_a_brace_that_belongs_to_no_column(tmp_path: Path) -> None:
    write_picture(tmp_path / "images/}7.png", PIXELS[0])
    (tmp_path / "t.csv").write_text("id,class\n7,a\n")
    rows = find_rows({"table": "t.csv", "file": "images/}{id}.png", "class": "class"}, tmp_path)
    assert rows["file"].tolist() == ["images/}7.png"]


def test_a_column_may_have_a_name_with_a_point(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_table(ROWS.replace("file,class", "file.name,class"))
    part = {"table": "t.csv", "file": "{file.name}", "class": "class"}
    assert read(part, [8, 8])[0]["images"] == 20


def test_a_path_may_have_several_columns(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    names = [(f"p{number % 3}_x", f"c_{number}") for number in range(20)]
    for number, (patient, image) in enumerate(names):
        path = Path(f"data/own/images/{patient}_{image}.png")
        write_picture(path, PIXELS[number])
    table = pd.DataFrame(names, columns=["patient", "image"]).assign(label=["a", "b"] * 10)
    table.to_csv("data/own/t.csv", index=False)
    part = {"table": "t.csv", "class": "label", "group": "patient"}
    for file in [
        "images/{patient}_{image}.png",
        "images/{patient}_{image}.*",
        "*/{patient}_{image}.png",
    ]:
        values, images = read(part | {"file": file}, [8, 8])
        assert values["groups"] == 3
        assert images.table["file"].tolist() == [f"images/{a}_{b}.png" for a, b in names]


AMBIGUOUS = {
    ("{class}_*.png", "a_b_1.png"): "the class a, or a_b",
    ("*_{class}_*", "a_x_y_x_b"): "the class y_x, or x",
    ("**/{class}/**/*", "cat/sub/cat/1.png"): "the class sub, or cat",
    ("{group}-{class}.png", "a-b-c.png"): "the group a, or a-b",
    ("{class}/{group}_*", "cat/a_b_1.png"): "the group a, or a_b",
}


@pytest.mark.parametrize(("pattern", "path"), AMBIGUOUS)
def test_a_path_that_fits_in_two_ways_is_refused(pattern: str, path: str) -> None:
    with pytest.raises(UserError, match=f"in two ways, with {AMBIGUOUS[pattern, path]}; "):
        Pattern(pattern).match(path)


@pytest.mark.parametrize(
    ("pattern", "path", "fields"),
    [
        ("{class}_#.*", "a_b_12.png", {"class": "a_b"}),
        ("*_{class}_#_#.jpg.chip.jpg", "20_1_3_2017.jpg.chip.jpg", {"class": "1"}),
        ("**/{class}/*", "x/y/cat/1.png", {"class": "cat"}),
        ("*/{class}/*", "x/cat/1.png", {"class": "cat"}),
        ("{class}/{class}/*", "cats/siamese/1.png", {"class": "cats/siamese"}),
        (
            "{group}/{class}/{group}/*",
            "north/cat/p1/1.png",
            {"group": "north/p1", "class": "cat"},
        ),
        ("train*/{class}/*", "train/cat/1.png", {"class": "cat"}),
        ("[#]1[*]/{class}/*", "#1*/cat/1.png", {"class": "cat"}),
        ("{class}/*", "cat/inner/1.png", None),
        ("{class}#.png", "cat.png", None),
    ],
)
def test_a_path_fits_a_pattern_in_one_way_or_not(
    pattern: str, path: str, fields: dict[str, str] | None
) -> None:
    assert Pattern(pattern).match(path) == fields


@pytest.mark.parametrize(
    ("axes", "line"),
    [
        ("(n h) w", "n must not stand in parentheses"),
        ("n h", "need n, h and w"),
        ("n h w )", "need n, h and w"),
        ("n h w x", "need n, h and w"),
        ("n (h c) w", "must have both h and w"),
        ("n h w c", "do not fit an array of shape"),
        ("n (h w)", "do not fit an array of shape"),
    ],
)
def test_axes_that_do_not_fit_an_array_are_refused(axes: str, line: str) -> None:
    with pytest.raises(UserError, match=line):
        arrange(np.zeros((4, 9, 9)), axes)


@pytest.mark.parametrize(
    ("axes", "shape", "axis"), [("n (h w) c", (9, 64, 4), 2), ("c n h w", (4, 9, 8, 8), 0)]
)
def test_the_advice_on_other_numbers_of_colours_helps(
    axes: str, shape: tuple[int, ...], axis: int
) -> None:
    images = np.zeros(shape)
    with pytest.raises(UserError, match=rf"numpy.take\(images, \[0, 1, 2\], axis={axis}\)"):
        arrange(images, axes)
    assert arrange(np.take(images, [0, 1, 2], axis=axis), axes).shape == (9, 8, 8, 3)


def test_the_advice_on_volumes_helps() -> None:
    volumes = np.zeros((9, 14, 8, 8))
    advice = r"has volumes, or .+; of volumes, .+, such as numpy.take\(images, 7, axis=1\)$"
    with pytest.raises(UserError, match=advice):
        arrange(volumes, "n c h w")
    assert arrange(np.take(volumes, 7, axis=1), "n h w").shape == (9, 8, 8)


def test_two_files_whose_names_differ_only_in_unicode_are_refused(tmp_path: Path) -> None:
    for name in ["\u00e9.png", "e\u0301.png"]:
        write_picture(tmp_path / name, PIXELS[0])
    if len(list(tmp_path.iterdir())) == 2:  # not on a Mac
        with pytest.raises(UserError, match="two files are called"):
            Place(tmp_path)


def test_a_key_of_a_part_counts_more_than_the_same_key_beside_the_sets() -> None:
    written = {
        "images": "x.npy",
        "class": "y.npy",
        "scale": 255,
        "train": {"class": "z.npy"},
        "test": [{"images": "t.npy"}, {"images": "u.npy", "scale": 1}],
    }
    parsed = layout.parse(written).model_dump()
    parts = [(part["images"], part["classes"], part["scale"]) for part in parsed["train"]]
    assert parts == [("x.npy", "z.npy", 255)]
    parts = [(part["images"], part["classes"], part["scale"]) for part in parsed["test"]]
    assert parts == [("t.npy", "y.npy", 255), ("u.npy", "y.npy", 1)]


def read_array_labels(place: Path, labels: Any, key: str) -> list[str]:
    """Return the labels of three images in arrays, which are their classes or groups."""
    np.savez(place / "m.npz", x=np.zeros((3, 4, 5)), y=np.array(labels))
    rows = find_rows({"images": "m.npz/x", key: "m.npz/y"}, place)
    return [str(label) for label in rows[key]]


@pytest.mark.parametrize("key", ["class", "group"])
@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        pytest.param([5, 7, 7], "577", id="numbers"),
        pytest.param(["a", "b", "b"], "abb", id="texts"),
        pytest.param([[5], [7], [7]], "577", id="a column"),
        pytest.param([[5, 7, 7]], "577", id="a row"),
        pytest.param([[1, 0], [0, 1], [0, 1]], "011", id="a column for each class"),
        pytest.param([[1, 0, 0], [0, 1, 1]], "011", id="a row for each class"),
    ],
)
def test_arrays_of_labels_have_several_shapes(
    labels: Any, expected: str, key: str, tmp_path: Path
) -> None:
    assert "".join(read_array_labels(tmp_path, labels, key)) == expected


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        pytest.param([-1.0, 0.0, 1.0], ["-1", "0", "1"], id="whole"),
        pytest.param([-1.5, 0.0, 1.0], ["-1.5", "0.0", "1.0"], id="not all whole"),
    ],
)
def test_whole_labels_that_are_floats_are_written_as_whole_numbers(
    labels: list[float], expected: list[str], tmp_path: Path
) -> None:
    assert read_array_labels(tmp_path, labels, "class") == expected


@pytest.mark.parametrize(
    ("labels", "line"),
    [
        pytest.param([[1, 0], [0, 0], [0, 1]], "a single 1 in each row", id="no class"),
        pytest.param([[1, 0], [1, 1], [0, 1]], "a single 1 in each row", id="two classes"),
        pytest.param([[1, 0], [2, -1], [0, 1]], "a single 1 in each row", id="other numbers"),
        pytest.param([[1, 0], [0.5, 0.5], [0, 1]], "a single 1 in each row", id="shares"),
        pytest.param(
            [[1, 0], [0, 1]], "3 images, but m.npz/y has 2 labels", id="a row too few"
        ),
        pytest.param([5, 7], "3 images, but m.npz/y has 2 labels", id="a label too few"),
        pytest.param([5, 7, 7, 5], "3 images, but m.npz/y has 4 labels", id="one too many"),
    ],
)
def test_an_array_that_has_not_one_label_for_each_image_is_refused(
    labels: Any, line: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=line):
        read_array_labels(tmp_path, labels, "class")


def test_labels_that_are_not_in_the_file_are_refused_with_those_that_are(
    tmp_path: Path,
) -> None:
    np.savez(tmp_path / "m.npz", x=PIXELS[:3], y=[1, 2, 3])
    with pytest.raises(
        UserError, match=r"no array is called m\.npz/z, only m\.npz/x, m\.npz/y"
    ):
        find_rows({"images": "m.npz/x", "class": "m.npz/z"}, tmp_path)


def read_listed(place: Path, text: str) -> list[str]:
    """Return the pictures that the lines of a list name."""
    touch(
        place, ["a/1.png", "b/1.png", "a/2.png", "b/3 x.png", "a/5.jpg", "a/5.png", "b/s.1.png"]
    )
    (place / "list.txt").write_text(text)
    return sorted(find_rows({"files": "{class}/*", "list": "list.txt"}, place)["file"])


@pytest.mark.parametrize(
    ("line", "name"),
    [
        pytest.param("b/1.png", "b/1.png", id="the path"),
        pytest.param("./b/1.png", "b/1.png", id="the path from here"),
        pytest.param("/b/1.png", "b/1.png", id="the path from the top"),
        pytest.param("b/1", "b/1.png", id="no ending"),
        pytest.param("2.png", "a/2.png", id="the name"),
        pytest.param("2", "a/2.png", id="the name without its ending"),
        pytest.param("s.1", "b/s.1.png", id="a name with a point without its ending"),
        pytest.param("a/5.jpg", "a/5.jpg", id="one of two endings"),
        pytest.param("b/3 x.png", "b/3 x.png", id="a name with a blank"),
        pytest.param("b\\1.png 17", "b/1.png", id="backslashes, and a word after it"),
        pytest.param("b/1.png 17", "b/1.png", id="a word after it"),
        pytest.param("17 b/1.png", "b/1.png", id="a word before it"),
        pytest.param("b/1.png 2", "b/1.png", id="the name of another picture after it"),
    ],
)
def test_a_line_of_a_list_names_a_picture(line: str, name: str, tmp_path: Path) -> None:
    assert read_listed(tmp_path, f"{line}\n\n") == [name]


def test_several_lists_name_the_pictures_of_all(tmp_path: Path) -> None:
    touch(tmp_path, ["a/1.png", "b/2.png", "a/3.png"])
    (tmp_path / "x.txt").write_text("a/1.png\nb/2.png\n")
    (tmp_path / "y.txt").write_text("2\n")
    written = {"files": "{class}/*", "unused": ["*/3.png"]}
    for lists in (["x.txt", "y.txt"], "x.txt"):
        rows = find_rows(written | {"list": lists}, tmp_path)
        assert sorted(rows["file"]) == ["a/1.png", "b/2.png"]


def test_a_list_cannot_name_a_picture_that_is_left_out(tmp_path: Path) -> None:
    touch(tmp_path, ["a/1.png", "b/2.png"])
    (tmp_path / "x.txt").write_text("a/1.png\nb/2.png\n")
    written = {"files": "{class}/*", "list": "x.txt", "unused": ["b/2.png"]}
    with pytest.raises(UserError, match=r"no picture is called b/2\.png"):
        find_rows(written, tmp_path)


def test_pictures_of_a_list_that_are_called_alike_are_sorted_by_their_folders(
    tmp_path: Path,
) -> None:
    names = [f"a/{folder}/1.png" for folder in "cdefghijk"]
    touch(tmp_path, [*names, "b/c/2.png"])
    (tmp_path / "x.txt").write_text("\n".join([*names[::-1], "b/c/2.png"]))
    rows = find_rows({"files": "{class}/*/*", "list": "x.txt"}, tmp_path)
    assert rows["file"].tolist() == [*names, "b/c/2.png"]


def test_an_array_of_groups_is_used(tmp_path: Path) -> None:
    groups = np.arange(200) // 5
    np.savez(tmp_path / "a.npz", x=PIXELS[:200], y=LABELS[:200], patient=groups, age=groups)
    written = {"images": "a.npz/x", "class": "a.npz/y", "group": "a.npz/patient"}
    reading = read_layout(Place(tmp_path), layout.parse(written))
    assert reading.unused_arrays == ["a.npz/age"]


@pytest.mark.parametrize("name", ["t.txt", "t.txt.gz"])
def test_a_class_behind_the_first_blank_may_have_blanks(name: str, tmp_path: Path) -> None:
    touch(tmp_path, ["é1.png", "é2.png", "é3.png"])
    text = "é1  Boeing 707\n\té2\tDH-82\n\né3 A  B  C \n".encode("latin-1")
    (tmp_path / name).write_bytes(gzip.compress(text) if name.endswith(".gz") else text)
    written = {"table": name, "separator": "first blank", "encoding": "latin-1"}
    rows = find_rows(written | {"header": False, "file": "{1}.png", "class": 2}, tmp_path)
    assert list(rows["class"]) == ["Boeing 707", "DH-82", "A  B  C"]


def test_no_table_of_several_is_unused(tmp_path: Path) -> None:
    for name in ["1", "2", "3"]:
        make_table(slice(0, 20)).to_csv(tmp_path / f"{name}.csv", index=False)
    written = {"table": "#.csv"} | SETS_OF_PIXELS
    assert read_layout(Place(tmp_path), layout.parse(written)).unused_files == []
    parts = {"train": {"table": ["1.csv", "2.csv"]}, "test": {"table": "3.csv"}}
    reading = read_layout(Place(tmp_path), layout.parse(SETS_OF_PIXELS | parts))
    assert reading.unused_files == []


def test_a_list_may_begin_with_a_byte_order_mark(tmp_path: Path) -> None:
    assert read_listed(tmp_path, "\ufeffb/1.png\n") == ["b/1.png"]


def test_a_list_names_the_pictures_of_all_its_lines(tmp_path: Path) -> None:
    assert read_listed(tmp_path, "b/1.png\na/2.png\nb/1.png\n") == ["a/2.png", "b/1.png"]


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        ("1.png", "several pictures are called 1.png"),
        ("1", "several pictures are called 1"),
        ("a/5", "several pictures are called a/5"),
        ("1.png 17", "several pictures are called 1.png 17"),
        ("4.png", "no picture is called 4.png"),
        ("4.png 2", "no picture is called 4.png 2"),
        ("4.PNG 2", "no picture is called 4.PNG 2"),
        (".png", "no picture is called .png"),
    ],
)
def test_a_line_of_a_list_that_names_no_single_picture_is_refused(
    line: str, reason: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=f"^list.txt: {re.escape(reason)}$"):
        read_listed(tmp_path, f"a/2.png\n{line}\n")


def find_by_template(place: Path, template: str, value: str) -> str:
    """Return the picture that a row of a table in the folder t names."""
    names = ["t/a/1.png", "t/a/b/1.png", "t/a/b/2.jpg", "t/c/img_3.png", "t/c/img_13.png"]
    touch(place, [*names, "t/img_3.png", "9.png"])
    pd.DataFrame({"id": [value], "class": ["x"]}).to_csv(place / "t/t.csv", index=False)
    part = {"table": "t/t.csv", "file": template, "class": "class"}
    [name] = find_rows(part, place)["file"]
    return str(name)


@pytest.mark.parametrize(
    ("template", "value", "name"),
    [
        pytest.param("*/{id}.png", "1", "t/a/1.png", id="one folder"),
        pytest.param("*/*/{id}.png", "1", "t/a/b/1.png", id="two folders"),
        pytest.param("a/{id}.*", "1", "t/a/1.png", id="any ending"),
        pytest.param("*/{id}.*", "b/2", "t/a/b/2.jpg", id="a folder in the table"),
        pytest.param("*/*_{id}.png", "3", "t/c/img_3.png", id="a part of the name"),
        pytest.param("*_{id}.png", "3", "t/img_3.png", id="beside the table"),
        pytest.param("../{id}.*", "9", "9.png", id="above the table"),
    ],
)
def test_a_star_in_the_path_of_a_picture_stands_for_a_name_or_a_part_of_it(
    template: str, value: str, name: str, tmp_path: Path
) -> None:
    assert find_by_template(tmp_path, template, value) == name


@pytest.mark.parametrize(
    ("template", "value", "end"),
    [
        ("*/{id}.png", "2", r"by \*/\{id\}\.png: x 2; correct them"),
        ("*/img*{id}.png", "3", "the first one may be t/c/img_13.png, t/c/img_3.png; "),
        ("*{id}.png", "1", "1 of 1 rows name no single picture"),
    ],
)
def test_a_star_that_finds_no_picture_or_several_is_refused(
    template: str, value: str, end: str, tmp_path: Path
) -> None:
    with pytest.raises(UserError, match=end):
        find_by_template(tmp_path, template, value)


def write_ids(place: Path, ids: list[str]) -> None:
    """Write a table that names pictures and their ids, and one that has the pictures."""
    table = pd.DataFrame({"class": list("abab"), "id": ids})
    touch(place, ["t/1.png", "t/2.png", "t/3.png", "t/4.png"])
    named = table.assign(file=["1.png", "2.png", "3.png", "4.png"])
    named.to_csv(place / "t/t.csv", index=False)
    (place / "p").mkdir()
    table.assign(picture=4 * [b"P1 1 1 0"]).to_parquet(place / "p/t.parquet")
    touch(place, [f"f/{row.id}_{row.Index}{row[1]}.png" for row in table.itertuples()])


IDS = {
    "t": {"table": "t.csv", "file": "{file}", "class": "class", "id": "id"},
    "p": {"table": "t.parquet", "picture": "picture", "class": "class", "id": "id"},
    "f": {"files": "{id}_#{class}.*"},
}


@pytest.mark.parametrize("name", IDS)
def test_pictures_with_the_same_id_are_refused(name: str, tmp_path: Path) -> None:
    write_ids(tmp_path, ["x", "y", "z", "y"])
    with pytest.raises(UserError, match=r"^1 images have the id of another one, first y$"):
        files.open_place(Place(tmp_path / name), IDS[name])


@pytest.mark.parametrize("name", IDS)
def test_pictures_with_different_ids_keep_them(name: str, tmp_path: Path) -> None:
    write_ids(tmp_path, ["x", "y", "z", "u"])
    rows = files.open_place(Place(tmp_path / name), IDS[name]).rows
    assert sorted(rows["id"]) == ["u", "x", "y", "z"]


def test_a_picture_that_fits_patterns_with_different_classes_is_refused(tmp_path: Path) -> None:
    touch(tmp_path, ["cat/a.png", "dog/b.png", "dog/cat_1.png"])
    with pytest.raises(UserError, match=r"^dog/cat_1.png fits two patterns with another class"):
        find_rows(["{class}/*", "dog/{class}_#.png"], tmp_path)


def test_columns_beside_pixels_may_be_named_in_another_order(tmp_path: Path) -> None:
    table = make_table(slice(0, 20))
    table.insert(0, "writer", [f"w{number}" for number in range(20)])
    table.to_csv(tmp_path / "t.csv", index=False)
    written = {"table": "t.csv", "class": "label", "group": "writer"}
    rows = find_rows(written | {"pixels": "pixel0 to pixel63"}, tmp_path)
    assert rows["class"].tolist() == table["label"].astype(str).tolist()
    assert rows["group"].tolist() == table["writer"].tolist()
