"""Images that are read by a layout, which says what their files mean."""

import re
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from form_files import write_form
from image_layouts import schema as layout
from image_layouts.errors import LayoutError
from image_layouts.layout.axes import arrange
from image_layouts.layout.folder import Folder
from image_layouts.layout.pattern import Pattern
from image_layouts.layout.reading import Reading, check_reading, read_layout
from tests.helpers import tiny
from tests.helpers.digit_files import LABELS, PIXELS, make_table, write_flat, write_picture
from tests.helpers.imports import list_imported_names

SETS_OF_PIXELS = {"pixels": "pixel0 to pixel63", "class": "label"}
READINGS: dict[str, dict[str, Any]] = yaml.safe_load(
    Path(__file__).with_name("readings.yaml").read_text(encoding="utf-8")
)
COLUMNS = ("file", "class", "group", "id", "test")


def read(written: Any, root: Path) -> Reading:
    """Return what a layout reads. No picture is opened."""
    return read_layout(Folder(root), written)


@pytest.mark.parametrize("case", READINGS.values(), ids=READINGS)
def test_a_layout_reads_or_refuses_files(case: dict[str, Any], tmp_path: Path) -> None:
    default = {"files": ["{cat,dog}/{1,2}.png"]}
    write_form(tmp_path, case if {"files", "texts", "arrays"} & case.keys() else default)
    if "error" in case:
        with pytest.raises(LayoutError) as refused:
            check_reading(read(case["layout"], tmp_path))
        assert case["error"] in refused.value.message
        return
    reading = read(case["layout"], tmp_path)
    if "late" in case:
        assert reading.images.blocks is not None
        with pytest.raises(LayoutError, match=case["late"]):
            list(reading.images.blocks())
        return
    expected = {name: case[name] for name in COLUMNS if name in case}
    assert expected
    assert reading.rows[list(expected)].to_dict("list") == expected
    assert reading.unmatched == []
    if "unused" in case:
        assert reading.unused_pictures == case["unused"]


def touch(root: Path, names: list[str]) -> None:
    """Write empty files, and create their folders."""
    for name in names:
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).touch()


PAGE = (tiny.ROOT / "packages/image-layouts/docs/layout.md").read_text(encoding="utf-8")


def test_each_example_of_the_page_is_a_layout() -> None:
    examples = re.findall(r"^```yaml\n(layout:.+?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert len(examples) == 4
    for text in examples:
        layout.parse(yaml.safe_load(text)["layout"])
    _, _, table = PAGE.partition("## Forms and their layouts")
    written = re.findall(r"^\| .+ \| `(.+)` \|$", table, re.MULTILINE)
    assert len(written) >= 14
    for text in written:
        assert layout.parse(layout.parse_text(text)).parts, text


def test_another_layout_that_was_tried_before_changes_nothing(tmp_path: Path) -> None:
    touch(tmp_path, ["1.png", "2.png"])
    (tmp_path / "t.csv").write_text("file,class\n1.png,a\n2.png,b\n")
    folder = Folder(tmp_path)
    part = {"table": "t.csv", "file": "{file}", "class": "class"}
    with pytest.raises(LayoutError, match="UTF-16 stream does not start with BOM"):
        read_layout(folder, part | {"encoding": "utf-16"})
    assert len(read_layout(folder, part).rows) == 2


def test_the_images_of_unused_classes_are_left_out(tmp_path: Path) -> None:
    X = np.arange(6 * 4).reshape(6, 2, 2)
    np.savez(tmp_path / "m.npz", x=X, y=["a", "b", "c", "a", "b", "c"])
    written = {"images": "m.npz/x", "class": "m.npz/y", "unused": [{"class": "b"}]}
    images = read(written, tmp_path).images
    assert images.rows["class"].tolist() == ["a", "c", "a", "c"]
    assert images.rows["id"].tolist() == [1, 3, 4, 6]
    assert images.blocks is not None
    [block] = images.blocks()
    assert np.array_equal(block, X.reshape(6, 4)[[0, 2, 3, 5]])


def test_an_index_that_pandas_has_stored_is_a_column_like_others(tmp_path: Path) -> None:
    shuffled = make_table(slice(0, 100)).sample(frac=1, random_state=0)
    shuffled.to_parquet(tmp_path / "t.parquet")
    images = read({"table": "t.parquet"} | SETS_OF_PIXELS, tmp_path).images
    assert images.blocks is not None
    assert np.array_equal(np.concatenate(list(images.blocks())), shuffled.filter(like="pixel"))
    assert images.rows["class"].tolist() == shuffled["label"].astype(str).tolist()

    touch(tmp_path, ["1.png", "2.png"])
    table = pd.DataFrame({"class": ["a", "b"]}, index=pd.Index(["1.png", "2.png"], name="file"))
    table.to_parquet(tmp_path / "t.parquet")
    part = {"table": "t.parquet", "file": "{file}", "class": "class"}
    assert read(part, tmp_path).rows["file"].tolist() == ["1.png", "2.png"]


def test_a_picture_without_a_class_is_not_blank(tmp_path: Path) -> None:
    write_flat(tmp_path / "pictures", slice(0, 3))
    contents = [path.read_bytes() for path in sorted((tmp_path / "pictures").iterdir())]
    table = pd.DataFrame({"image": contents, "class": ["a", "b", None]})
    table.to_parquet(tmp_path / "t.parquet")
    written = {"table": "t.parquet", "picture": "image", "class": "class", "unused": "*/*"}
    with pytest.raises(LayoutError, match="1 images have no class, first 3"):
        check_reading(read(written, tmp_path))


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
    with pytest.raises(LayoutError, match=reason):
        read({"table": "t.parquet", "picture": picture, "class": label}, tmp_path)


def test_other_arrays_are_not_opened(tmp_path: Path) -> None:
    np.savez(tmp_path / "m.npz", x=PIXELS[:4], y=np.array([b"a", b"b", b"a", b"b"]))
    (tmp_path / "junk.npy").write_text("This is no array.")
    rows = read({"images": "m.npz/x", "class": "m.npz/y"}, tmp_path).rows
    assert rows["class"].tolist() == ["a", "b", "a", "b"]


def test_a_row_of_pixels_is_left_out_only_if_all_of_it_is_blank(tmp_path: Path) -> None:
    table = make_table(slice(0, 20)).astype(str)
    table.loc[5, "label"] = ""
    table.loc[6, "pixel63"] = ""
    text = f"{table.to_csv(index=False)}{',' * 64}\n"
    (tmp_path / "t.csv").write_text(text)
    reading = read({"table": "t.csv"} | SETS_OF_PIXELS, tmp_path)
    assert reading.rows["class"].tolist() == table["label"].tolist()
    with pytest.raises(LayoutError, match="1 images have no class, first 6"):
        check_reading(reading)


AMBIGUOUS = {
    ("{class}_*.png", "a_b_1.png"): "the class a, or a_b",
    ("*_{class}_*", "a_x_y_x_b"): "the class y_x, or x",
    ("**/{class}/**/*", "cat/sub/cat/1.png"): "the class sub, or cat",
    ("{group}-{class}.png", "a-b-c.png"): "the group a, or a-b",
    ("{class}/{group}_*", "cat/a_b_1.png"): "the group a, or a_b",
}


@pytest.mark.parametrize(("pattern", "path"), AMBIGUOUS)
def test_a_path_that_fits_in_two_ways_is_refused(pattern: str, path: str) -> None:
    with pytest.raises(LayoutError, match=f"in two ways, with {AMBIGUOUS[pattern, path]}; "):
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
    with pytest.raises(LayoutError, match=line):
        arrange(np.zeros((4, 9, 9)), axes)


@pytest.mark.parametrize(
    ("axes", "shape", "axis"), [("n (h w) c", (9, 64, 4), 2), ("c n h w", (4, 9, 8, 8), 0)]
)
def test_the_advice_on_other_numbers_of_colours_helps(
    axes: str, shape: tuple[int, ...], axis: int
) -> None:
    images = np.zeros(shape)
    with pytest.raises(LayoutError, match=rf"numpy.take\(images, \[0, 1, 2\], axis={axis}\)"):
        arrange(images, axes)
    assert arrange(np.take(images, [0, 1, 2], axis=axis), axes).shape == (9, 8, 8, 3)


def test_the_advice_on_volumes_helps() -> None:
    volumes = np.zeros((9, 14, 8, 8))
    advice = r"has volumes, or .+; of volumes, .+, such as numpy.take\(images, 7, axis=1\)$"
    with pytest.raises(LayoutError, match=advice):
        arrange(volumes, "n c h w")
    assert arrange(np.take(volumes, 7, axis=1), "n h w").shape == (9, 8, 8)


def test_scaled_pixels_are_rounded() -> None:
    images = np.array([[[0.13, 0.25], [0.125, 1]]])  # 33.15, 63.75, 31.875 and 255
    assert arrange(images, "n h w", scale=255).tolist() == [[[33, 64], [32, 255]]]


def test_two_files_whose_names_differ_only_in_unicode_are_refused(tmp_path: Path) -> None:
    for name in ["\u00e9.png", "e\u0301.png"]:
        write_picture(tmp_path / name, PIXELS[0])
    if len(list(tmp_path.iterdir())) == 2:  # not on a Mac
        with pytest.raises(LayoutError, match="two files are called"):
            Folder(tmp_path)


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


def read_array_labels(root: Path, labels: Any, key: str) -> list[str]:
    """Return the labels of three images in arrays, which are their classes or groups."""
    np.savez(root / "m.npz", x=np.zeros((3, 4, 5)), y=np.array(labels))
    rows = read({"images": "m.npz/x", key: "m.npz/y"}, root).rows
    return [str(label) for label in rows[key]]


@pytest.mark.parametrize("key", ["class", "group"])
@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        pytest.param([5, 7, 7], ["5", "7", "7"], id="numbers"),
        pytest.param(["a", "b", "b"], ["a", "b", "b"], id="texts"),
        pytest.param([[5], [7], [7]], ["5", "7", "7"], id="a column"),
        pytest.param([[5, 7, 7]], ["5", "7", "7"], id="a row"),
        pytest.param([[1, 0], [0, 1], [0, 1]], ["0", "1", "1"], id="a column for each class"),
        pytest.param([[1, 0, 0], [0, 1, 1]], ["0", "1", "1"], id="a row for each class"),
        pytest.param([-1.0, 0.0, 1.0], ["-1", "0", "1"], id="whole floats"),
        pytest.param([-1.5, 0.0, 1.0], ["-1.5", "0.0", "1.0"], id="other floats"),
    ],
)
def test_arrays_of_labels_have_several_shapes_and_whole_floats_are_whole_numbers(
    labels: Any, expected: list[str], key: str, tmp_path: Path
) -> None:
    assert read_array_labels(tmp_path, labels, key) == expected


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
    with pytest.raises(LayoutError, match=line):
        read_array_labels(tmp_path, labels, "class")


def read_listed(root: Path, text: str) -> list[str]:
    """Return the pictures that the lines of a list name."""
    touch(
        root, ["a/1.png", "b/1.png", "a/2.png", "b/3 x.png", "a/5.jpg", "a/5.png", "b/s.1.png"]
    )
    (root / "list.txt").write_text(text)
    return sorted(read({"files": "{class}/*", "list": "list.txt"}, root).rows["file"])


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
    with pytest.raises(LayoutError, match=f"^list.txt: {re.escape(reason)}$"):
        read_listed(tmp_path, f"a/2.png\n{line}\n")


def find_by_template(root: Path, template: str, value: str) -> str:
    """Return the picture that a row of a table in the folder t names."""
    names = ["t/a/1.png", "t/a/b/1.png", "t/a/b/2.jpg", "t/c/img_3.png", "t/c/img_13.png"]
    touch(root, [*names, "t/img_3.png", "9.png"])
    pd.DataFrame({"id": [value], "class": ["x"]}).to_csv(root / "t/t.csv", index=False)
    part = {"table": "t/t.csv", "file": template, "class": "class"}
    [name] = read(part, root).rows["file"]
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
    with pytest.raises(LayoutError, match=end):
        find_by_template(tmp_path, template, value)


def test_an_array_of_groups_is_used(tmp_path: Path) -> None:
    groups = np.arange(200) // 5
    np.savez(tmp_path / "a.npz", x=PIXELS[:200], y=LABELS[:200], patient=groups, age=groups)
    written = {"images": "a.npz/x", "class": "a.npz/y", "group": "a.npz/patient"}
    reading = read(written, tmp_path)
    assert reading.unused_arrays == ["a.npz/age"]


def test_no_table_of_several_is_unused(tmp_path: Path) -> None:
    for name in ["1", "2", "3"]:
        make_table(slice(0, 20)).to_csv(tmp_path / f"{name}.csv", index=False)
    written = {"table": "#.csv"} | SETS_OF_PIXELS
    assert read(written, tmp_path).unused_files == []
    parts = {"train": {"table": ["1.csv", "2.csv"]}, "test": {"table": "3.csv"}}
    reading = read(SETS_OF_PIXELS | parts, tmp_path)
    assert reading.unused_files == []


def test_only_the_folder_pipeline_imports_the_pipeline() -> None:
    folder = Path(layout.__file__).parent
    modules = [path for path in folder.rglob("*.py") if "pipeline" not in path.parts]
    assert len(modules) > 10
    for path in modules:
        packages = {name.partition(".")[0] for name in list_imported_names(path)}
        assert not packages & {"click", "digits", "dvc", "sklearn"}, path
