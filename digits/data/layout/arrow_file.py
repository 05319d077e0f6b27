"""Arrow files: Feather files, and those that Hugging Face writes by `save_to_disk`.

Both have messages: one with the schema, and one for each block of rows. A message has metadata,
and a body with the values of the columns. https://arrow.apache.org/docs/format/Columnar.html
"""

import struct
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pyarrow as pa

from digits.core.unpacking import check_size

ENDINGS = (".arrow", ".feather")

MAGIC = b"ARROW1\0\0"  # the start of a Feather file; its messages follow

# The positions of fields in the tables of the metadata, as Message.fbs of Arrow has them.
HEADER = 2  # in the table Message
DATA = 1  # in the table DictionaryBatch
BUFFERS, COMPRESSION = 2, 3  # in the table RecordBatch


def read_arrow(path: Path) -> Any:
    """Return the table of a file. Values that are not compressed stay on the disk.

    Raises:
        ValueError: the values need far more memory than the size of the file.
        OSError: the file cannot be opened.
        Exception: the file is damaged.
    """
    with open_messages(path) as source:
        check_messages(source, path.stat().st_size)
    with open_messages(path) as source, pa.ipc.open_stream(source) as stream:
        table = stream.read_all()
    table.validate(full=True)  # a wrong position would end Python without a message
    return table


@contextmanager
def open_messages(path: Path) -> Iterator[Any]:
    """Open a file where its messages begin."""
    with pa.memory_map(str(path)) as source:
        start = source.read(len(MAGIC))
        source.seek(len(MAGIC) if start == MAGIC else 0)
        yield source


def check_messages(source: Any, n_packed: int) -> None:
    """Check how much memory the values of all messages need.

    Args:
        source: the file, opened.
        n_packed: its size in bytes.

    Raises:
        ValueError: it is too much, or the file is damaged.
    """
    n_unpacked = 0
    for message in pa.ipc.MessageReader.open_stream(source):
        if message.type in ("record batch", "dictionary"):
            try:
                n_unpacked += count_bytes(message)
            except struct.error:
                raise ValueError("the file is damaged") from None
            check_size(n_packed, n_unpacked, "; write it as a parquet file, if you trust it")


def count_bytes(message: Any) -> int:
    """Return the number of bytes of the values of a message when they are unpacked."""
    metadata = message.metadata
    batch = follow(metadata, find_field(metadata, follow(metadata, 0), HEADER))
    if message.type == "dictionary":
        batch = follow(metadata, find_field(metadata, batch, DATA))
    if not find_field(metadata, batch, COMPRESSION):
        return len(message.body)
    buffers = follow(metadata, find_field(metadata, batch, BUFFERS))
    (n_buffers,) = struct.unpack_from("<I", metadata, buffers)
    # The start and the length of each buffer in the body.
    ends = struct.iter_unpack("<qq", metadata[buffers + 4 : buffers + 4 + 16 * n_buffers])
    n_bytes = 0
    for start, length in ends:
        if length:
            # Each begins with its length when unpacked, or with -1 if it is not compressed.
            (n_unpacked,) = struct.unpack_from("<q", message.body, start)
            n_bytes += length if n_unpacked < 0 else n_unpacked
    return n_bytes


def follow(metadata: Any, position: int) -> int:
    """Return the position to which the offset at a position points."""
    (offset,) = struct.unpack_from("<I", metadata, position)
    return int(position + offset)


def find_field(metadata: Any, table: int, number: int) -> int:
    """Return the position of a field of a table, or 0 if the table lacks the field.

    Args:
        metadata: the metadata of a message, a flatbuffer.
        table: the position of the table.
        number: the number of the field.
    """
    (offset_of_vtable,) = struct.unpack_from("<i", metadata, table)
    vtable = table - offset_of_vtable  # the sizes of itself and of the table, and the fields
    (size,) = struct.unpack_from("<H", metadata, vtable)
    position = 4 + 2 * number
    if position >= size:
        return 0
    (offset,) = struct.unpack_from("<H", metadata, vtable + position)
    return table + offset if offset else 0
