"""Arrow files: Feather files, and those that Hugging Face writes by `save_to_disk`.

Both have messages: one with the schema, and one for each block of rows. A message has metadata,
and a body with the values of the columns. https://arrow.apache.org/docs/format/Columnar.html
"""

import struct
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from image_layouts.unpacking import check_size

ENDINGS = (".arrow", ".feather")

MAGIC = b"ARROW1\0\0"  # the start of a file with a table of contents; its messages follow

# The metadata are a flatbuffer. These are the numbers of fields in its tables, as Message.fbs
# of Arrow has them.
HEADER = 2  # in the table Message
DATA = 1  # in the table DictionaryBatch
LENGTH, BUFFERS, COMPRESSION = 0, 2, 3  # in the table RecordBatch

# The types of views, which Polars writes, and the types to which they are converted.
VIEWS = {pa.string_view(): pa.string(), pa.binary_view(): pa.binary()}

REMEDY = "; write it as a parquet file, if you trust it"


def read_arrow(path: Path) -> Any:
    """Return the table of a file. Values that are not compressed stay on the disk.

    Raises:
        ValueError: the values need far more memory than the size of the file, or the file is
            damaged, or no Arrow file.
        OSError: the file cannot be read.
    """
    file_size = path.stat().st_size
    try:
        with pa.memory_map(str(path)) as source:
            # The messages behind MAGIC are those of a stream.
            start = len(MAGIC) if source.read(len(MAGIC)) == MAGIC else 0
            source.seek(start)
            check_messages(source, file_size)
            source.seek(start)
            with pa.ipc.open_stream(source) as stream:
                table = stream.read_all()
        table.validate(full=True)  # a wrong position would crash Python
        return replace_views(table, file_size)
    except (pa.ArrowException, struct.error) as error:
        raise ValueError(f"the file is damaged, or no Arrow file ({error})") from None


def check_messages(source: Any, file_size: int) -> None:
    """Check how much memory the values of all messages need.

    Args:
        source: the file, opened where its messages begin.
        file_size: its size in bytes.

    Raises:
        ValueError: it is too much.
        Exception: the file is damaged.
    """
    n_bytes = 0
    for message in pa.ipc.MessageReader.open_stream(source):
        if message.type in ("record batch", "dictionary"):
            n_bytes += count_message_bytes(message)
            check_size(file_size, n_bytes, REMEDY)


def count_message_bytes(message: Any) -> int:
    """Return the number of bytes of the values of a message when they are unpacked.

    Each row counts as a byte at least, because columns of missing values have no buffers.
    """
    metadata = message.metadata
    root = follow(metadata, 0)
    batch = follow(metadata, find_field(metadata, root, HEADER))
    if message.type == "dictionary":
        batch = follow(metadata, find_field(metadata, batch, DATA))
    is_compressed = find_field(metadata, batch, COMPRESSION) > 0
    length_position = find_field(metadata, batch, LENGTH)
    n_rows = struct.unpack_from("<q", metadata, length_position)[0] if length_position else 0
    vector = follow(metadata, find_field(metadata, batch, BUFFERS))
    (n_buffers,) = struct.unpack_from("<I", metadata, vector)
    # The start and the length of each buffer in the body.
    spans = struct.iter_unpack("<qq", metadata[vector + 4 : vector + 4 + 16 * n_buffers])
    n_bytes = 0
    for start, n_stored in spans:
        n_unpacked = n_stored
        if is_compressed and n_stored:
            # Such a buffer begins with its length when unpacked. With -1, this one is not
            # compressed.
            (declared,) = struct.unpack_from("<q", message.body, start)
            n_unpacked = declared if declared >= 0 else n_stored
        n_bytes += n_unpacked
    return int(max(n_bytes, n_rows))


def follow(metadata: Any, position: int) -> int:
    """Return the position to which an offset points, which stands at another position."""
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


def replace_views(table: Any, file_size: int) -> Any:
    """Return a table with texts and bytes in place of views of them.

    Args:
        table: the table.
        file_size: the size of the file in bytes.

    Raises:
        ValueError: the texts and bytes need far more memory than the file.
    """
    for number, field in enumerate(table.schema):
        if field.type in VIEWS:
            chunks = [unpack_views(chunk, file_size) for chunk in table.column(number).chunks]
            values = pa.chunked_array(chunks, VIEWS[field.type])
            table = table.set_column(number, field.name, values)
    return table


def unpack_views(array: Any, file_size: int) -> Any:
    """Return the texts or bytes of an array of views.

    A view is four whole numbers, of which the first one is the length of the value. The numbers
    of a missing value have no meaning, and may be damaged. Raises what `replace_views` raises.
    """
    validity, content, *others = array.buffers()
    views = np.frombuffer(content, np.int32).reshape(-1, 4)[: len(array)].copy()
    views[array.is_null().to_numpy(zero_copy_only=False)] = 0
    check_size(file_size, int(views[:, 0].sum()), REMEDY)
    buffers = [validity, pa.py_buffer(views), *others]
    return pa.Array.from_buffers(array.type, len(array), buffers).cast(VIEWS[array.type])
