from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from digits.common import files, tables
from digits.common.cli import PipelineError
from tests import tiny


def test_a_beginner_s_pandas_reads_the_images(tmp_path: Path) -> None:
    pixels, classes = tiny.digits()
    tables.write(tmp_path / "images.parquet", tables.image_table(pixels, classes, tiny.SHAPE))
    frame = pd.read_parquet(tmp_path / "images.parquet")
    assert list(frame.columns) == [*(f"pixel{i}" for i in range(1, 65)), "class"]
    assert set(frame.dtypes) == {np.dtype(np.uint8)}
    assert frame.iloc[7].tolist() == [*pixels[7], classes[7]]


def test_pixels_come_back_from_several_row_groups_at_once_or_one_by_one(tmp_path: Path) -> None:
    pixels = np.random.RandomState(0).randint(0, 256, (tables.ROW_GROUP + 5, 4), dtype=np.uint8)
    path = tmp_path / "images.parquet"
    tables.write(path, tables.image_table(pixels, pixels[:, 0], (2, 2)))
    assert pq.ParquetFile(path).num_row_groups == 2
    assert np.array_equal(tables.read_pixels(path), pixels)
    first, rest = tables.pixels(path)
    assert np.array_equal(first, pixels[: tables.ROW_GROUP])
    assert np.array_equal(rest, pixels[tables.ROW_GROUP :])


def images(rows: int) -> pa.Table:
    pixels = np.random.RandomState(0).randint(0, 256, (rows, 4), dtype=np.uint8)
    return tables.image_table(pixels, pixels[:, 0], (2, 2))


@pytest.mark.parametrize("rows", [7, tables.ROW_GROUP, tables.PART, tables.PART + 1, 2 * tables.PART])
def test_whatever_the_pieces_the_same_rows_give_the_same_files(tmp_path: Path, rows: int) -> None:
    table = images(rows)
    tables.write(tmp_path / "at-once.parquet", table)
    with tables.writing(tmp_path / "pieces.parquet") as append:
        for start in range(0, rows, 3333):
            append(table.slice(start, 3333))
    at_once, pieces = (
        [path.read_bytes() for path in sorted([tmp_path / name, *(tmp_path / name).rglob("*")]) if path.is_file()]
        for name in ("at-once.parquet", "pieces.parquet")
    )
    assert at_once == pieces
    assert (tmp_path / "pieces.parquet").is_dir() == (rows > tables.PART)
    assert tables.read(tmp_path / "pieces.parquet").equals(table)
    assert tables.count(tmp_path / "pieces.parquet") == rows
    assert sorted(path.name for path in tmp_path.iterdir()) == ["at-once.parquet", "pieces.parquet"]


def test_some_images_come_in_the_order_asked_for_from_whatever_part(tmp_path: Path) -> None:
    rows = 2 * tables.PART + 5
    tables.write(tmp_path / "images.parquet", images(rows))
    wanted = np.array([rows - 1, 3, tables.PART, tables.PART - 1, 3, tables.ROW_GROUP])
    taken = tables.take_pixels(tmp_path / "images.parquet", wanted)
    assert np.array_equal(taken, tables.read_pixels(tmp_path / "images.parquet")[wanted])


def test_a_table_in_parts_takes_the_place_of_a_file_and_a_file_that_of_parts(tmp_path: Path) -> None:
    for rows in (10, tables.PART + 1, 20, 3 * tables.PART, tables.PART + 2):
        tables.write(tmp_path / "images.parquet", images(rows))
        assert tables.count(tmp_path / "images.parquet") == rows
        assert [path.name for path in tmp_path.iterdir()] == ["images.parquet"]


def test_a_table_whose_rows_cannot_all_be_made_is_not_there(tmp_path: Path) -> None:
    def write() -> None:
        with tables.writing(tmp_path / "images.parquet") as append:
            append(images(tables.PART + 1))
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write()
    assert list(tmp_path.iterdir()) == []


def test_a_folder_without_parts_is_no_table(tmp_path: Path) -> None:
    (tmp_path / "images.parquet").mkdir()
    with pytest.raises(PipelineError, match="has no parts of a table in it; make it again"):
        tables.read(tmp_path / "images.parquet")


def test_scores_come_back_as_they_went(tmp_path: Path) -> None:
    for scores in (np.array([0.5, -1.0]), np.array([[0.1, 0.9, 0.0], [0.2, 0.3, 0.5]])):
        tables.write(tmp_path / "scores.parquet", tables.table(tables.score_columns(scores, np.arange(3))))
        assert np.array_equal(tables.read_scores(tables.read(tmp_path / "scores.parquet")), scores)


def numbers(kind: pa.DataType, **columns: list[int | float | None]) -> pa.Table:
    """Return a table of columns of one type, whose images, if any, are of 1 x 1 pixel."""
    arrays = {name: pa.array(values, kind) for name, values in columns.items()}
    return pa.table(arrays, metadata={"image_shape": f"1x{sum(name.startswith('pixel') for name in columns)}"})


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (numbers(pa.uint32(), row=[1]), "holds no images"),
        (numbers(pa.float64(), pixel1=[1.5]), "column 'pixel1' is double, expected uint8"),
        (numbers(pa.uint16(), pixel1=[256]), "column 'pixel1' is uint16, expected uint8"),
        (numbers(pa.uint8(), pixel1=[1, None]), "1 values of 'pixel1' are missing"),
        (numbers(pa.uint8(), pixel1=[1]).replace_schema_metadata(None), "holds no images: 1 columns of pixels"),
        (numbers(pa.uint8(), pixel2=[1], pixel1=[1]), "not in order, or one stands twice"),
        (numbers(pa.uint8(), pixel1=[1], pixel3=[1]), "not in order, or one stands twice"),
        (numbers(pa.uint8(), pixel1=[1], weight=[1]), "column 'weight' is uint8, expected no such column"),
        (numbers(pa.uint8(), pixel1=[]), "has no rows"),
        (numbers(pa.uint8(), pixel1=[0] * (tables.ROW_GROUP + 1)), "has 10001 rows in a group, at most 10000"),
        (None, "cannot be read"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, table: pa.Table | None, reason: str) -> None:
    path = tmp_path / "images.parquet"
    if table is None:
        path.write_bytes(b"PAR1 and nothing else")
    else:
        pq.write_table(table, path)
    with pytest.raises(PipelineError, match=reason):
        tables.read_pixels(path)


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (numbers(pa.float64(), score=[1.0, np.nan]), "a value of 'score' is not a finite number"),
        (numbers(pa.float32(), score_0=[1.0], score_1=[np.inf]), "a value of 'score_1' is not a finite number"),
        (numbers(pa.float64(), score_1=[1.0], score_0=[1.0]), "not in order, or one stands twice"),
        (numbers(pa.float64(), score=[1.0], score_0=[1.0]), "not in order, or one stands twice"),
        (numbers(pa.float64(), score_03=[1.0]), "not in order, or one stands twice"),
        (numbers(pa.float64(), score_=[1.0]), "column 'score_' is double, expected no such column"),
        (numbers(pa.uint8(), label=[1]).append_column("label", pa.array([1], pa.uint8())), "one stands twice"),
        (numbers(pa.int64(), row=[1]), "column 'row' is int64, expected uint32"),
    ],
)
def test_scores_that_are_none_are_refused(tmp_path: Path, table: pa.Table, reason: str) -> None:
    pq.write_table(table, tmp_path / "scores.parquet")
    with pytest.raises(PipelineError, match=reason):
        tables.read(tmp_path / "scores.parquet")


@pytest.mark.parametrize("name", ["label", "prediction"])
def test_a_class_without_scores_is_refused(tmp_path: Path, name: str) -> None:
    scores = tables.score_columns(np.zeros((2, 3)), np.array([0, 5, 9]))
    for values, sound in (([0, 9], True), ([0, 8], False)):
        tables.write(tmp_path / "scores.parquet", tables.table({name: np.array(values, np.uint8), **scores}))
        if sound:
            assert tables.read(tmp_path / "scores.parquet").num_rows == 2
        else:
            with pytest.raises(PipelineError, match=f"a value of '{name}' is a class that has no score"):
                tables.read(tmp_path / "scores.parquet")


@pytest.mark.parametrize(
    ("labels", "sound"),
    [([0, 3, 3, 7], True), ([0, 1, 1, 0], True), ([0, 0, 0, 1], True), ([0, 1, 0, 0], False), ([2, 0, 0, 0], False)],
)
def test_labels_are_the_classes_or_yes_to_some_of_them(labels: list[int], sound: bool) -> None:
    classes = np.array([0, 3, 3, 7])
    if sound:
        tables.check_labels(Path("labels"), np.array(labels), classes)
    else:
        with pytest.raises(PipelineError, match="not those of the images' classes"):
            tables.check_labels(Path("labels"), np.array(labels), classes)


def test_a_missing_file_says_what_makes_it(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="is not here; `dvc repro` makes it"):
        tables.read(tmp_path / "none.parquet")


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    tables.write(tmp_path / "t.parquet", tables.table({"row": np.arange(3, dtype=np.uint32)}))
    with pytest.raises(PipelineError, match="no column 'label'"):
        tables.read(tmp_path / "t.parquet", ["row", "label"])


def test_what_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "value.txt"
    files.write_text(path, "old")

    def fail() -> None:
        with files.whole(path) as temporary:
            temporary.write_text("half")
            raise OSError("the disk is full")

    with pytest.raises(PipelineError, match="full"):
        fail()
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_a_reader_of_the_old_file_is_not_disturbed(tmp_path: Path) -> None:
    path = tmp_path / "value.txt"
    files.write_text(path, "old")
    with path.open() as reader:
        files.write_text(path, "new")
        assert reader.read() == "old"
    assert path.read_text() == "new"


def test_json_is_sorted_and_csv_has_unix_lines(tmp_path: Path) -> None:
    files.write_json(tmp_path / "m.json", {"b": 1, "a": {"d": 0.5, "c": 2}})
    assert (tmp_path / "m.json").read_text() == '{\n  "a": {\n    "c": 2,\n    "d": 0.5\n  },\n  "b": 1\n}\n'
    files.write_csv(tmp_path / "t.csv", ["x", "y"], [(1, 0.5)])
    assert (tmp_path / "t.csv").read_bytes() == b"x,y\n1,0.5\n"
