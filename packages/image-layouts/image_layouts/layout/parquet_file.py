"""How much memory a parquet file needs, which may be far more than its size.

Its values are in pages. A dictionary page has the distinct values, to which other pages refer
by their numbers. https://parquet.apache.org/docs/file-format/
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

ENDINGS = (".parquet", ".pq")

TEXTS = ("BYTE_ARRAY", "FIXED_LEN_BYTE_ARRAY")  # the types of texts and bytes
DELTA = "DELTA_BYTE_ARRAY"  # a text is stored without the start of the text before

# A page begins with a header, in Thrift's compact protocol. Its first two fields are the type
# of the page, and its size when unpacked. Each is this byte, and a number in up to five bytes.
FIELD = b"\x15"
HEADER_BYTES = 2 * (1 + 5)
DICTIONARY = 2  # the type of a page with a dictionary


def count_bytes(metadata: Any) -> int:
    """Return how many bytes the values of a file need, as its metadata say.

    Each value counts as one byte at least, because equal values may be stored once.
    """
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    n_bytes = sum(group.total_byte_size for group in groups)
    n_values = metadata.num_rows * metadata.num_columns
    for number, column in enumerate(metadata.schema):
        if column.max_repetition_level > 0:  # a row has many values
            n_values += sum(group.column(number).num_values for group in groups)
    return max(n_bytes, n_values)


def bound_repeated_texts(path: Path, metadata: Any, names: Sequence[str]) -> int:
    """Return the most bytes that a text which is stored once for many rows may have.

    Args:
        path: the file.
        metadata: its metadata.
        names: the columns that have texts or bytes.

    Raises:
        Exception: the file is damaged.
    """
    texts = [
        number
        for number, column in enumerate(metadata.schema)
        if column.physical_type in TEXTS and is_inside(column.path, names)
    ]
    if not texts:
        return 0
    longest = 0
    with pq.ParquetFile(path, memory_map=True) as table, path.open("rb") as file:
        for number in range(metadata.num_row_groups):
            # If the metadata of a column are damaged, reading a row raises an exception, but
            # `group.column` would crash Python.
            next(table.iter_batches(1, row_groups=[number], columns=list(names)), None)
            group = metadata.row_group(number)
            for column in map(group.column, texts):
                if DELTA in column.encodings:  # each text may begin with all others
                    longest = max(longest, column.total_uncompressed_size)
                # A dictionary is the first page, but some writers do not say where it is.
                offsets = (column.dictionary_page_offset, column.data_page_offset)
                file.seek(min(offset for offset in offsets if offset))
                page_type, n_bytes = read_page_header(file.read(HEADER_BYTES))
                if page_type == DICTIONARY:
                    longest = max(longest, n_bytes)
    return longest


def is_inside(path: str, names: Sequence[str]) -> bool:
    """Return whether a path, such as `image.bytes`, is that of a column or a part of it."""
    return any(path == name or path.startswith(f"{name}.") for name in names)


def read_page_header(header: bytes) -> tuple[int, int]:
    """Return the type of a page, and its number of bytes when unpacked.

    Raises:
        ValueError: this is no page.
    """
    page_type, end = read_field(header, 0)
    n_bytes, _ = read_field(header, end)
    return page_type, n_bytes


def read_field(header: bytes, start: int) -> tuple[int, int]:
    """Return the whole number of a field, and the position behind it.

    Each byte has seven bits of the number, the lowest ones first. If its highest bit is 1,
    another byte follows.

    Raises:
        ValueError: there is no such field.
    """
    if header[start : start + 1] == FIELD:
        number = 0
        for position, byte in enumerate(header[start + 1 :]):
            number |= (byte & 0x7F) << (7 * position)
            if byte < 0x80:
                return number >> 1, start + position + 2  # the lowest bit is the sign
    raise ValueError("the file is damaged")
