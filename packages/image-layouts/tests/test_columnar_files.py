"""Parquet and Arrow files are read alike, whichever program wrote them."""

import gzip
from collections.abc import Callable
from contextlib import suppress
from datetime import datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from image_layouts.errors import LayoutError
from image_layouts.files import is_picture
from image_layouts.layout.folder import Folder
from image_layouts.layout.hugging_face import find_image_columns
from image_layouts.layout.table_file import TableFile
from image_layouts.proposing.asking import describe_file
from tests.helpers.digit_files import PIXELS, encode

Writer = Callable[[Any, Path], None]


def write_stream(table: Any, path: Path) -> None:
    with pa.ipc.new_stream(path, table.schema) as stream:
        stream.write_table(table, max_chunksize=2)


def write_feather(table: Any, path: Path, compression: str = "lz4") -> None:
    pyarrow.feather.write_feather(table, path, compression, chunksize=2)


# The formats, by the names of files.
WRITERS: dict[str, Writer] = {
    "a.parquet": lambda table, path: pq.write_table(table, path, row_group_size=2),
    "a.PQ": pq.write_table,
    "a.arrow": write_stream,
    "a.feather": write_feather,
    "plain.feather": partial(write_feather, compression="uncompressed"),
    "zstd.arrow": partial(write_feather, compression="zstd"),
}


def categorize(value_type: Any) -> Any:
    """Return categories whose values have a type, as Polars writes views."""
    numbers = pa.array([1, None, 1], pa.uint32())
    return pa.DictionaryArray.from_arrays(numbers, pa.array(["b", "a"]).cast(value_type))


DAY = datetime(2026, 3, 1)
# The values of a column, and their texts.
TEXTS: dict[str, tuple[Any, list[str]]] = {
    "numbers": ([1, 2, 3], ["1", "2", "3"]),
    "numbers with a missing one": ([1, None, 2**60 + 1], ["1", "", "1152921504606846977"]),
    "bytes with a missing one": (pa.array([1, None, 255], pa.uint8()), ["1", "", "255"]),
    "fractions": ([0.5, None, 2.0], ["0.5", "", "2.0"]),
    "short fractions": (pa.array([0.1, 1, 2], pa.float32()), ["0.1", "1.0", "2.0"]),
    "not a number": ([float("nan"), 1.0, 2.0], ["", "1.0", "2.0"]),
    "yes and no": ([True, None, False], ["True", "", "False"]),
    "texts": (["03", None, "é"], ["03", "", "é"]),
    "long texts": (pa.array(["a", None, "a"], pa.large_string()), ["a", "", "a"]),
    "views of texts": (pa.array(["a", None, "b"], pa.string_view()), ["a", "", "b"]),
    "bytes": (pa.array([b"a", None, "é".encode()]), ["a", "", "é"]),
    "bytes of one length": (pa.array([b"ab", None, b"c\0"], pa.binary(2)), ["ab", "", "c"]),
    "views of bytes": (pa.array([b"a", None, b"b"], pa.binary_view()), ["a", "", "b"]),
    "categories": (pa.array(["u", None, "u"]).dictionary_encode(), ["u", "", "u"]),
    "categories of long texts": (categorize(pa.large_string()), ["a", "", "a"]),
    "categories of numbers": (pa.array([7, 6, 7]).dictionary_encode(), ["7", "6", "7"]),
    "days": ([DAY, None, DAY], ["2026-03-01", "", "2026-03-01"]),
    "prices": ([Decimal("1.10"), None, Decimal(2)], ["1.10", "", "2.00"]),
    "nothing": (pa.nulls(3), ["", "", ""]),
}


def open_file(path: Path) -> TableFile:
    return TableFile(path, ",", "utf-8", header=True)


@pytest.mark.parametrize("name", WRITERS)
def test_a_table_is_the_same_in_each_format(tmp_path: Path, name: str) -> None:
    columns = {column: values for column, (values, _) in TEXTS.items()}
    WRITERS[name](pa.table(columns), tmp_path / name)
    opened = open_file(tmp_path / name)
    assert find_image_columns(opened.schema) == {}
    texts = opened.read_texts(list(columns))
    assert texts.to_dict("list") == {
        column: expected for column, (_, expected) in TEXTS.items()
    }


def test_an_arrow_file_of_a_hundred_thousand_rows_stays_on_the_disk(tmp_path: Path) -> None:
    table = pa.table({"p": pa.array(np.zeros(100_000, np.int64))})
    WRITERS["plain.feather"](table, tmp_path / "a.feather")
    before = pa.total_allocated_bytes()
    opened = open_file(tmp_path / "a.feather")
    assert opened.names == ["p"]
    assert pa.total_allocated_bytes() - before < 100_000


@pytest.mark.parametrize("n_kept", [0, 9, 300])
def test_a_file_of_arrow_that_is_cut_off_is_named(tmp_path: Path, n_kept: int) -> None:
    path = tmp_path / "a.feather"
    pd.DataFrame({"label": range(100)}).to_feather(path)
    path.write_bytes(path.read_bytes()[:n_kept])
    with pytest.raises(
        LayoutError, match=r"^a\.feather: the file is damaged, or no Arrow file"
    ):
        open_file(path)


@pytest.mark.parametrize("n_rows", [1, 7, 40, 41])
def test_blocks_have_the_same_rows_however_few_are_read_at_a_time(
    tmp_path: Path, n_rows: int
) -> None:
    table = pa.table({"number": range(40), "text": [str(number) for number in range(40)]})
    for name, write in WRITERS.items():
        write(table, tmp_path / name)
        blocks = list(open_file(tmp_path / name).read_blocks(["text", "number"], n_rows))
        n_full, rest = divmod(40, n_rows)
        assert [len(block) for block in blocks] == [n_rows] * n_full + [rest] * (rest > 0)
        assert pd.concat(blocks)["text"].tolist() == table["text"].to_pylist()
        assert pd.concat(blocks)["number"].tolist() == list(range(40))


# Columns that have neither classes nor images.
UNUSUAL: dict[str, Any] = {
    "lists of texts": pa.array([["x"]] * 101),
    "maps": pa.MapArray.from_arrays(
        pa.array(range(102), pa.int32()), pa.array(["key"] * 101), pa.array(["x"] * 101)
    ),
    "texts of a fixed number": pa.FixedSizeListArray.from_arrays(pa.array(["x"] * 202), 2),
    "bytes of no known kind": pa.array([b"\0\xff"] * 101),
    "structures with lists": pa.array([{"bytes": b"x", "texts": ["x"]}] * 101),
    "JSON": pa.array(['{"a": 1}'] * 101, pa.json_()),
}


@pytest.mark.parametrize("column", UNUSUAL.values(), ids=UNUSUAL)
@pytest.mark.parametrize("name", ["a.parquet", "a.arrow"])
def test_columns_of_unusual_types_are_left_out(tmp_path: Path, column: Any, name: str) -> None:
    WRITERS[name](pa.table({"label": ["a"] * 101, "other": column}), tmp_path / name)
    opened = open_file(tmp_path / name)
    assert opened.names == ["label"]
    assert opened.sample.columns.tolist() == ["label"]
    with pytest.raises(LayoutError, match=r"no column 'other', but label; not read: other \("):
        opened.check_names(["other"])
    folder = Folder(tmp_path)
    folder.open_table(name)
    assert "columns label (a); not read: other (" in describe_file(folder, name)
    WRITERS[name](pa.table({"other": column}), tmp_path / name)
    with pytest.raises(LayoutError, match=r"images that can be read: other \("):
        _ = open_file(tmp_path / name).names


def test_views_inside_other_types_are_read(tmp_path: Path) -> None:
    picture = pa.struct([("bytes", pa.binary_view()), ("path", pa.string_view())])
    pictures = [{"bytes": b"a", "path": None}, None, {"bytes": b"longer than 12", "path": "b"}]
    pixels = [[1, 2], [3, 4], [5, 6]]
    columns = {
        "image": pa.array(pictures, picture),
        "pixels": pa.array(pixels, pa.list_view(pa.uint8())),
        "class": categorize(pa.string_view()),
        "coded": categorize(pa.binary_view()),
    }
    write_feather(pa.table(columns), tmp_path / "a.feather")
    opened = open_file(tmp_path / "a.feather")
    assert find_image_columns(opened.schema) == {"image": "picture", "pixels": "pixels"}
    block = pd.concat(opened.read_blocks(["image", "pixels"], 2))
    assert block["image"].tolist() == pictures
    assert list(map(list, block["pixels"])) == pixels
    texts = opened.read_texts(["class", "coded"]).to_dict("list")
    assert texts == {"class": ["a", "", "a"], "coded": ["a", "", "a"]}


def test_the_view_of_a_missing_text_is_not_followed(tmp_path: Path) -> None:
    array = pa.array(["cat", None, "a long name of a class"], pa.string_view())
    validity, views, *others = array.buffers()
    numbers = np.frombuffer(views, np.int32).copy()
    numbers[4:8] = [-100_000, 0, 0, 2**30]  # the second view
    buffers = [validity, pa.py_buffer(numbers), *others]
    column = pa.Array.from_buffers(pa.string_view(), 3, buffers)
    pyarrow.feather.write_feather(pa.table({"c": column}), tmp_path / "a.feather")
    texts = open_file(tmp_path / "a.feather").read_texts(["c"])["c"].tolist()
    assert texts == ["cat", "", "a long name of a class"]


@pytest.mark.parametrize("name", WRITERS)
def test_a_column_without_a_name_is_read(tmp_path: Path, name: str) -> None:
    WRITERS[name](pa.table({"": [5, 6], "label": ["a", "b"]}), tmp_path / name)
    opened = open_file(tmp_path / name)
    assert opened.names == ["", "label"]
    assert opened.read_texts(["", "label"]).to_dict("list") == {
        "": ["5", "6"],
        "label": ["a", "b"],
    }
    assert opened.sample.shape == (2, 2)


def test_damaged_metadata_of_a_column_do_not_end_python(tmp_path: Path) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"label": ["cat", "dog"]}), path)
    content = path.read_bytes()
    for position in range(len(content) // 5, len(content) - 8):
        path.write_bytes(content[:position] + b"\0" + content[position + 1 :])
        with suppress(LayoutError):
            open_file(path)


def test_a_compressed_parquet_file_is_to_be_unpacked(tmp_path: Path) -> None:
    pq.write_table(pa.table({"label": ["cat", "dog"]}), tmp_path / "a.parquet")
    content = (tmp_path / "a.parquet").read_bytes()
    (tmp_path / "a.parquet.gz").write_bytes(gzip.compress(content))
    with pytest.raises(
        LayoutError, match=r"^a\.parquet\.gz: it is compressed; unpack it by gunzip"
    ):
        open_file(tmp_path / "a.parquet.gz")


def test_a_heic_picture_is_recognized_by_its_first_bytes_and_a_video_is_none() -> None:
    assert is_picture(b"\0\0\0\x18ftypheic")
    assert not is_picture(b"\0\0\0\x18ftypisom")


@pytest.mark.parametrize("name", WRITERS)
def test_a_table_without_rows_has_columns(tmp_path: Path, name: str) -> None:
    no_texts = pa.array([], pa.string())
    table = pa.table({"label": no_texts, "kind": no_texts.dictionary_encode()})
    WRITERS[name](table, tmp_path / name)
    opened = open_file(tmp_path / name)
    assert opened.names == ["label", "kind"]
    assert opened.read_texts(["label", "kind"]).shape == (0, 2)
    assert opened.sample.shape == (0, 2)


@pytest.mark.parametrize("byte", [0x00, 0xFF])
def test_damaged_pages_of_a_parquet_file_are_named(tmp_path: Path, byte: int) -> None:
    path = tmp_path / "a.parquet"
    pq.write_table(pa.table({"label": ["a", "b"] * 50}), path)
    content = path.read_bytes()
    path.write_bytes(content[:4] + bytes([byte] * 20) + content[24:])
    with pytest.raises(LayoutError, match=r"^a\.parquet: "):
        open_file(path).read_texts(["label"])


def test_a_wrong_position_in_an_arrow_file_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.arrow"
    write_stream(pa.table({"label": ["cat", "dog"]}), path)
    positions = np.array([0, 3, 6], np.int32).tobytes()
    content = path.read_bytes()
    assert content.count(positions) == 1
    path.write_bytes(content.replace(positions, np.array([0, 2**30, 6], np.int32).tobytes()))
    with pytest.raises(LayoutError, match=r"^a\.arrow: "):
        open_file(path)


@pytest.mark.parametrize("name", WRITERS)
@pytest.mark.parametrize("ending", [".png", ".bmp"])
def test_pictures_that_are_views_of_bytes_or_of_one_length_are_read(
    tmp_path: Path, name: str, ending: str
) -> None:
    pictures = [encode(pixels.tobytes(), pixels.shape, ending) for pixels in PIXELS[:9]]
    column_type = pa.binary_view() if ending == ".png" else pa.binary(len(pictures[0]))
    table = pa.table({"image": pa.array(pictures, column_type), "label": list("abcabcabc")})
    WRITERS[name](table, tmp_path / name)
    opened = open_file(tmp_path / name)
    assert find_image_columns(opened.schema) == {"image": "picture"}
    blocks = opened.read_blocks(["image"], 4)
    assert [content for block in blocks for content in block["image"]] == pictures
