"""How much memory a parquet file needs, which may be far more than its size.

Its values are in pages. A page may be a dictionary, whose values other pages name by their
numbers. https://parquet.apache.org/docs/file-format/
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq

TEXT = "BYTE_ARRAY"  # the type of texts and bytes
DELTA = "DELTA_BYTE_ARRAY"  # texts that are stored without their common start

# A page begins with its type, and its size when unpacked. Each is a whole number in up to five
# bytes, behind this byte.
FIELD = 0x15
HEADER_BYTES = 12
DICTIONARY = 2  # the type of a page with a dictionary


def count_bytes(metadata: Any) -> int:
    """Return how many bytes the values of a file need, as its metadata say.

    Equal values may be stored once, so that each value counts as one byte at least.
    """
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    n_bytes = sum(group.total_byte_size for group in groups)
    n_values = metadata.num_rows * metadata.num_columns
    for number in range(metadata.num_columns):
        if metadata.schema.column(number).max_repetition_level > 0:  # a row has many values
            n_values += sum(group.column(number).num_values for group in groups)
    return max(n_bytes, n_values)


def find_longest_repeated(path: Path, metadata: Any, texts: Sequence[str]) -> int:
    """Return how long a text may be that is stored once for many rows, in bytes.

    Args:
        path: the file.
        metadata: its metadata.
        texts: the columns that have texts or bytes.

    Raises:
        Exception: the file is damaged.
    """
    columns = [metadata.schema.column(number) for number in range(metadata.num_columns)]
    numbers = [
        number
        for number, column in enumerate(columns)
        if column.physical_type == TEXT and is_inside(column.path, texts)
    ]
    longest = 0
    with pq.ParquetFile(path, memory_map=True) as table, path.open("rb") as file:
        for number_of_group in range(metadata.num_row_groups if numbers else 0):
            # The first row is read because damaged metadata of a column are an exception here,
            # where `column` would end Python.
            next(table.iter_batches(1, row_groups=[number_of_group], columns=list(texts)), None)
            group = metadata.row_group(number_of_group)
            for column in map(group.column, numbers):
                if DELTA in column.encodings:  # any text may be as long as all
                    longest = max(longest, column.total_uncompressed_size)
                # A dictionary is the first page, but some writers do not say where it is.
                offsets = (column.dictionary_page_offset, column.data_page_offset)
                file.seek(min(filter(None, offsets)))
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
    number = 0
    for position, byte in enumerate(header[start + 1 :]):
        number |= (byte & 0x7F) << (7 * position)
        if byte < 0x80 and header[start] == FIELD:
            return number >> 1, start + position + 2  # the lowest bit is the sign
    raise ValueError("the file is damaged")
