"""How much memory a parquet file needs, which may be far more than its size.

Its values are in pages. A page may be a dictionary, whose values other pages name by their
numbers. https://parquet.apache.org/docs/file-format/
"""

from pathlib import Path
from typing import Any

TEXT = "BYTE_ARRAY"  # the type of texts and bytes
FIXED = "FIXED_LEN_BYTE_ARRAY"  # the type of bytes of which all have the same length

# A page begins with its type and its size when unpacked. Each is a field: this byte, and then a
# whole number of up to five bytes.
FIELD = 0x15
HEADER_BYTES = 12
DICTIONARY = 2  # the type of a page with a dictionary


def count_bytes(metadata: Any) -> int:
    """Return how many bytes the values of a file have at least, by its metadata.

    Equal values may be stored once, so that each counts as one byte.
    """
    groups = [metadata.row_group(number) for number in range(metadata.num_row_groups)]
    n_bytes = sum(group.total_byte_size for group in groups)
    n_value_bytes = 0
    for number in range(metadata.num_columns):
        column = metadata.schema.column(number)
        n_bytes_of_value = column.length if column.physical_type == FIXED else 1
        n_values = sum(group.column(number).num_values for group in groups)
        n_value_bytes += n_bytes_of_value * n_values
    return max(n_bytes, n_value_bytes)


def list_texts_in_lists(metadata: Any) -> list[str]:
    """Return the columns of texts of which a row may have several."""
    columns = [metadata.schema.column(number) for number in range(metadata.num_columns)]
    return [
        column.path
        for column in columns
        if column.physical_type == TEXT and column.max_repetition_level > 0
    ]


def find_longest_repeated(path: Path, metadata: Any) -> int:
    """Return how long a text may be that is stored once for many rows, in bytes.

    Texts in lists are ignored.

    Raises:
        ValueError: the file is damaged.
        OSError: the file cannot be read.
    """
    in_lists = list_texts_in_lists(metadata)
    longest = 0
    with path.open("rb") as file:
        for group in range(metadata.num_row_groups):
            for number in range(metadata.num_columns):
                column = metadata.row_group(group).column(number)
                if column.physical_type != TEXT or column.path_in_schema in in_lists:
                    continue
                if "DELTA_BYTE_ARRAY" in column.encodings:  # each may begin as the last one
                    longest = max(longest, column.total_uncompressed_size)
                file.seek(column.dictionary_page_offset or column.data_page_offset)
                page_type, n_bytes = read_page_header(file.read(HEADER_BYTES))
                if page_type == DICTIONARY:
                    longest = max(longest, n_bytes)
    return longest


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
    another byte follows. The lowest bit of the number is its sign.

    Raises:
        ValueError: there is no such field.
    """
    number = 0
    for position, byte in enumerate(header[start + 1 :]):
        number |= (byte & 0x7F) << 7 * position
        if byte < 0x80 and header[start] == FIELD:
            return number >> 1, start + position + 2
    raise ValueError("the file is damaged")
