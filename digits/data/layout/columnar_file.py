"""A parquet or Arrow file. It stores a table by columns, and has a schema."""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from digits.core.unpacking import ALLOWED_BYTES, check_size
from digits.data.layout import arrow_file, parquet_file

PARQUET_ENDINGS = (".parquet", ".pq")


def is_columnar(path: Path) -> bool:
    """Return whether a file has the ending of a parquet or Arrow file."""
    return path.suffix.lower() in (*PARQUET_ENDINGS, *arrow_file.ENDINGS)


class ColumnarFile:
    """A parquet or Arrow file.

    A long text that occurs in many rows may be stored once, so that a file of a few bytes has
    gigabytes of text. So texts are counted while they are read, a few rows at a time.

    Attributes:
        path: the file.
        schema: the names and the types of the columns.
    """

    def __init__(self, path: Path) -> None:
        """Open a file.

        Raises:
            ValueError: its values need far more memory than the size of the file.
            Exception: the file is damaged.
        """
        self.path = path
        self._n_packed = path.stat().st_size
        self._table: Any = None  # of an Arrow file
        if path.suffix.lower() in PARQUET_ENDINGS:
            metadata = pq.read_metadata(path)
            check_size(self._n_packed, parquet_file.count_bytes(metadata))
            longest = parquet_file.find_longest_repeated(path, metadata)
            self._n_safe_rows = max(1, ALLOWED_BYTES // max(1, longest))
            self._texts_in_lists = parquet_file.list_texts_in_lists(metadata)
            self._n_rows = metadata.num_rows
            self.schema = metadata.schema.to_arrow_schema()
        else:
            self._table = arrow_file.read_arrow(path)
            self._n_rows = self._table.num_rows
            self.schema = self._table.schema

    def read(self, names: Sequence[str]) -> pd.DataFrame:
        """Return columns. Columns of whole numbers with missing values have the type `object`.

        Raises:
            ValueError: the columns need far more memory than the size of the file.
            Exception: the file is damaged.
        """
        tables = list(self._read_tables(names, max(1, self._n_rows)))
        table = tables[0] if tables else self.schema.empty_table().select(names)
        return table.to_pandas(integer_object_nulls=True, ignore_metadata=True)

    def read_blocks(self, names: Sequence[str], n_rows: int) -> Iterator[pd.DataFrame]:
        """Yield columns, `n_rows` rows at a time. `read` says what it raises."""
        for table in self._read_tables(names, n_rows):
            yield table.to_pandas(ignore_metadata=True)

    def _read_tables(self, names: Sequence[str], n_rows: int) -> Iterator[Any]:
        """Yield columns as Arrow's tables of `n_rows` rows. The last one may have fewer."""
        n_text_bytes = 0
        batches: list[Any] = []
        for batch in self._read_batches(names, n_rows):
            n_text_bytes += sum(map(count_text_bytes, batch.columns))
            check_size(self._n_packed, n_text_bytes)
            batches.append(unpack(batch))
            n_missing = n_rows - sum(map(len, batches))
            if n_missing <= 0:
                table = pa.Table.from_batches(batches)
                yield table[:n_rows]
                batches = table[n_rows:].to_batches()
        if batches:
            yield pa.Table.from_batches(batches)

    def _read_batches(self, names: Sequence[str], n_rows: int) -> Iterator[Any]:
        """Yield columns as Arrow's batches of at most `n_rows` rows."""
        if self._table is not None:
            yield from self._table.select(names).to_batches(max_chunksize=n_rows)
            return
        has_texts = any(may_have_texts(self.schema.field(name).type) for name in names)
        n_rows = min(n_rows, self._n_safe_rows) if has_texts else n_rows
        # A row may have many texts in a list. A dictionary has each of them once.
        with pq.ParquetFile(
            self.path, memory_map=True, read_dictionary=self._texts_in_lists
        ) as file:
            yield from file.iter_batches(n_rows, columns=list(names))


def may_have_texts(column_type: Any) -> bool:
    """Return whether the values of a type are texts or bytes, or have them inside."""
    return is_text(column_type) or pa.types.is_nested(column_type)


def is_text(value_type: Any) -> bool:
    """Return whether the values of a type are texts or bytes, each with a length of its own."""
    tests = (
        pa.types.is_string,
        pa.types.is_large_string,
        pa.types.is_binary,
        pa.types.is_large_binary,
    )
    return any(test(value_type) for test in tests)


def count_text_bytes(values: Any) -> int:
    """Return the number of bytes of all texts in an array when they are unpacked."""
    if is_text(values.type):
        return int(values.nbytes)
    if pa.types.is_struct(values.type):
        return sum(map(count_text_bytes, values.flatten()))
    if pa.types.is_list(values.type) or pa.types.is_large_list(values.type):
        return count_text_bytes(values.flatten())
    if not pa.types.is_dictionary(values.type):
        return 0
    value_type = values.type.value_type
    if pa.types.is_fixed_size_binary(value_type):
        return len(values) * int(value_type.byte_width)
    if not is_text(value_type):
        return 0
    lengths = pc.binary_length(values.dictionary).cast(pa.int64())
    return pc.sum(lengths.take(values.indices)).as_py() or 0


def unpack(columns: Any) -> Any:
    """Return a batch in which no column is a dictionary."""
    for number, field in enumerate(columns.schema):
        if pa.types.is_dictionary(field.type):
            unpacked = columns.column(number).cast(field.type.value_type)
            columns = columns.set_column(number, field.name, unpacked)
    return columns
