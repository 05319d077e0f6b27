"""Tables: what is written is read, whole or in parts; and files, written whole or not at all."""

from pathlib import Path

from digits.io import files, parquet, tables
from digits.io.parquet import PART, ROW_GROUP
from digits.io.tables import IMAGES, ImageInfo
from digits.support.errors import PipelineError
from tests import tiny

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest


def images(rows: int) -> pa.Table:
    pixels = np.random.RandomState(0).randint(0, 256, (rows, 4), dtype=np.uint8)
    return tables.image_table(pixels, pixels[:, 0], ImageInfo((2, 2)))


def test_pixels_come_back_from_several_row_groups_at_once_or_one_by_one(tmp_path: Path) -> None:
    table, path = images(ROW_GROUP + 5), tmp_path / "images.parquet"
    parquet.write(path, table)
    assert pq.ParquetFile(path).num_row_groups == 2
    pixels = tables.stack(table.drop_columns(["class"]))
    assert np.array_equal(parquet.read_pixels(path), pixels)
    first, rest = parquet.pixels(path)
    assert np.array_equal(first, pixels[:ROW_GROUP])
    assert np.array_equal(rest, pixels[ROW_GROUP:])
    at = np.array([3, 7, ROW_GROUP + 1])
    assert np.array_equal(np.concatenate([*parquet.pixels(path, at)]), pixels[at])
    [rest] = parquet.pixels(path, at[2:])  # not an empty array of the first
    assert np.array_equal(rest, pixels[at[2:]])


@pytest.mark.parametrize("rows", [7, PART, 2 * PART + 1])
def test_whatever_the_pieces_the_same_rows_give_the_same_files(tmp_path: Path, rows: int) -> None:
    table = images(rows)
    parquet.write(tmp_path / "at-once.parquet", table)
    with parquet.writer(tmp_path / "pieces.parquet") as append:
        for start in range(0, rows, 3333):
            append(table.slice(start, 3333))
    by_name = tiny.files(tmp_path)
    written = {path: content for path, content in by_name.items() if path.startswith("pieces")}
    assert written == {path.replace("at-once", "pieces"): by_name[path] for path in by_name.keys() - written.keys()}
    assert (tmp_path / "pieces.parquet").is_dir() == (rows > PART)
    assert parquet.read(tmp_path / "pieces.parquet", IMAGES).equals(table)
    assert parquet.count(tmp_path / "pieces.parquet", IMAGES) == rows
    assert sorted(path.name for path in tmp_path.iterdir()) == ["at-once.parquet", "pieces.parquet"]


def test_some_images_come_in_the_order_asked_for_from_whatever_part(tmp_path: Path) -> None:
    rows = 2 * PART + 5
    parquet.write(tmp_path / "images.parquet", images(rows))
    wanted = np.array([rows - 1, 3, PART, PART - 1, 3, ROW_GROUP])
    taken = parquet.take_pixels(tmp_path / "images.parquet", wanted)
    assert np.array_equal(taken, parquet.read_pixels(tmp_path / "images.parquet")[wanted])


def test_a_table_in_parts_takes_the_place_of_a_file_and_a_file_that_of_parts(tmp_path: Path) -> None:
    for rows in (10, PART + 1, 20, 3 * PART, PART + 2):
        parquet.write(tmp_path / "images.parquet", images(rows))
        assert parquet.count(tmp_path / "images.parquet", IMAGES) == rows
        assert [path.name for path in tmp_path.iterdir()] == ["images.parquet"]


def test_what_fails_leaves_the_old_file_and_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "value.txt"
    files.write_text(path, "old")

    def fail(error: Exception) -> None:
        with files.atomic_write(path) as temporary:
            temporary.write_text("half")
            raise error

    with pytest.raises(PipelineError, match="full"):
        fail(OSError("the disk is full"))
    with pytest.raises(ZeroDivisionError):
        fail(ZeroDivisionError())
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]
