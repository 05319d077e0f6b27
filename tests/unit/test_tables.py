from common import files, tables
from common.cli import PipelineError

from pathlib import Path

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import tiny


def test_a_beginner_s_pandas_reads_the_images(tmp_path: Path) -> None:
    pixels, classes = tiny.digits()
    tables.write(tmp_path / "images.parquet", tables.image_table(pixels, classes, tiny.SHAPE))
    frame = pd.read_parquet(tmp_path / "images.parquet")
    assert list(frame.columns) == [*(f"pixel{i}" for i in range(1, 65)), "class"]
    assert set(frame.dtypes) == {np.dtype(np.uint8)}
    assert frame.iloc[7].tolist() == [*pixels[7], classes[7]]


def test_pixels_come_back_from_several_row_groups_or_from_the_first(tmp_path: Path) -> None:
    pixels = np.random.RandomState(0).randint(0, 256, (tables.ROW_GROUP + 5, 4), dtype=np.uint8)
    path = tmp_path / "images.parquet"
    tables.write(path, tables.image_table(pixels, pixels[:, 0], (2, 2)))
    assert pq.ParquetFile(path).num_row_groups == 2
    assert np.array_equal(tables.read_pixels(path), pixels)
    assert np.array_equal(tables.read_pixels(path, row_groups=1), pixels[: tables.ROW_GROUP])


def test_scores_come_back_as_they_went(tmp_path: Path) -> None:
    for scores in (np.array([0.5, -1.0]), np.array([[0.1, 0.9, 0.0], [0.2, 0.3, 0.5]])):
        tables.write(tmp_path / "scores.parquet", tables.table(tables.score_columns(scores, np.arange(3))))
        assert np.array_equal(tables.read_scores(tables.read(tmp_path / "scores.parquet")), scores)


@pytest.mark.parametrize(
    ("table", "reason"),
    [
        (pa.table({"row": [1]}), "expected columns pixel1"),
        (pa.table({"pixel1": [1.5]}), "of type uint8"),
        (pa.table({"pixel1": pa.array([1, None], pa.uint8())}), "missing"),
        (None, "not a parquet file"),
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


def test_a_missing_file_says_what_makes_it(tmp_path: Path) -> None:
    with pytest.raises(PipelineError, match="is not here; `dvc repro` makes it"):
        tables.read(tmp_path / "none.parquet")


def test_a_missing_column_is_named(tmp_path: Path) -> None:
    tables.write(tmp_path / "t.parquet", tables.table({"row": np.arange(3)}))
    with pytest.raises(PipelineError, match="no column 'label'"):
        tables.read(tmp_path / "t.parquet", ["row", "label"])


def test_what_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "value.txt"
    files.write_text(path, "old")

    def fail() -> None:
        with files.whole(path) as temporary:
            temporary.write_text("half")
            raise OSError("the disk is full")

    with pytest.raises(OSError, match="full"):
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
