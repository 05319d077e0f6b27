"""A parquet or Arrow file. It stores a table by columns, and has a schema."""

from collections.abc import Iterator, Sequence
from itertools import chain, islice
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from image_layouts.files import is_picture, is_text
from image_layouts.layout import arrow_file, parquet_file
from image_layouts.layout.arrow_file import VIEWS
from image_layouts.layout.hugging_face import holds_numbers, is_binary
from image_layouts.unpacking import ALLOWED_BYTES, check_size

ENDINGS = (*parquet_file.ENDINGS, *arrow_file.ENDINGS)
TEXT_TYPES = (pa.string(), pa.large_string())

N_SAMPLES = 10  # the number of values that show what the bytes of a column are


def is_columnar(path: Path) -> bool:
    """Return whether a file has the ending of a parquet or Arrow file."""
    return path.suffix.lower() in ENDINGS


class ColumnarFile:
    """A parquet or Arrow file, without its columns of unusual types, such as lists of texts.

    A long text that occurs in many rows may be stored once, so that a file of a few bytes has
    gigabytes of text. So the bytes of texts are counted while they are read, a few rows at a
    time.

    Attributes:
        path: the file.
        schema: the names and the types of the columns. Bytes that are texts are strings.
        dropped: the type of each column that is left out.
    """

    def __init__(self, path: Path) -> None:
        """Open a file.

        Raises:
            ValueError: its values need far more memory than the size of the file.
            Exception: the file is damaged.
        """
        self.path = path
        self._file_size = path.stat().st_size
        self._table: Any = None  # None for a parquet file
        if path.suffix.lower() in parquet_file.ENDINGS:
            metadata = pq.read_metadata(path)
            check_size(self._file_size, parquet_file.count_bytes(metadata))
            schema = metadata.schema.to_arrow_schema()
            self.schema = drop_unusual(schema)
            texts = [field.name for field in self.schema if stores_each_text(field.type)]
            longest = parquet_file.bound_repeated_texts(path, metadata, texts)
            # This many rows fit into ALLOWED_BYTES, even if each has the longest text.
            self._n_safe_rows = max(1, ALLOWED_BYTES // max(1, longest))
            self._n_rows = metadata.num_rows
        else:
            self._table = arrow_file.read_arrow(path)
            schema = self._table.schema
            self.schema = drop_unusual(schema)
            self._n_rows = self._table.num_rows
        self._recognize_bytes()
        kept = set(self.schema.names)
        self.dropped = {each.name: str(each.type) for each in schema if each.name not in kept}

    def _recognize_bytes(self) -> None:
        """Leave out columns of bytes that are neither pictures nor texts.

        Some programs write texts as bytes. They become strings.
        """
        fields = []
        for field in self.schema:
            wanted = field
            # A name of several columns is an error, which comes later.
            if is_binary(field.type) and self.schema.names.count(field.name) == 1:
                values = self._read_sample(field.name)
                if not any(map(is_picture, values)):
                    if not all(is_text(value.rstrip(b"\0")) for value in values):  # as in C
                        continue
                    wanted = field.with_type(pa.large_string())
            fields.append(wanted)
        self.schema = pa.schema(fields, self.schema.metadata)

    def _read_sample(self, name: str) -> list[bytes]:
        """Return the first values of a column that are not missing."""
        batches = self._read_batches([name], N_SAMPLES)
        columns = (batch.column(0).drop_null().to_pylist() for batch in batches)
        return list(islice(filter(None, chain.from_iterable(columns)), N_SAMPLES))

    def read(self, names: Sequence[str]) -> pd.DataFrame:
        """Return columns. Columns of whole numbers with missing values have the type `object`.

        Raises:
            ValueError: the columns need far more memory than the size of the file.
            Exception: the file is damaged.
        """
        n_rows = max(1, self._n_rows)  # all rows are in one table
        no_rows = pa.schema([self.schema.field(name) for name in names]).empty_table()
        table = next(self._read_tables(names, n_rows), no_rows)
        return table.to_pandas(integer_object_nulls=True, ignore_metadata=True)

    def read_blocks(self, names: Sequence[str], n_rows: int) -> Iterator[pd.DataFrame]:
        """Yield columns, `n_rows` rows at a time. `read` says what it raises."""
        for table in self._read_tables(names, n_rows):
            yield table.to_pandas(ignore_metadata=True)

    def _read_tables(self, names: Sequence[str], n_rows: int) -> Iterator[Any]:
        """Yield columns as Arrow's tables of `n_rows` rows. The last one may have fewer."""
        n_text_bytes = 0
        batches: list[Any] = []
        n_read = 0
        for batch in self._read_batches(names, n_rows):
            n_text_bytes += sum(map(count_text_bytes, batch.columns))
            check_size(self._file_size, n_text_bytes)
            batches.append(batch)
            n_read += len(batch)
            if n_read >= n_rows:  # by less than `n_rows`, because no batch has more rows
                table = pa.Table.from_batches(batches)
                yield table[:n_rows]
                batches = table[n_rows:].to_batches()
                n_read -= n_rows
        if n_read:
            yield pa.Table.from_batches(batches)

    def _read_batches(self, names: Sequence[str], n_rows: int) -> Iterator[Any]:
        """Yield columns as Arrow's batches of at most `n_rows` rows."""
        if self._table is not None:
            batches = self._table.select(names).to_batches(max_chunksize=n_rows)
            yield from map(self._cast, batches)
            return
        if any(stores_each_text(self.schema.field(name).type) for name in names):
            n_rows = min(n_rows, self._n_safe_rows)
        with pq.ParquetFile(self.path, memory_map=True) as file:
            for batch in file.iter_batches(n_rows, columns=list(names)):
                yield self._cast(batch)

    def _cast(self, batch: Any) -> Any:
        """Return a batch with the types of the schema, such as texts in place of views."""
        types = dict(zip(self.schema.names, self.schema.types, strict=True))
        # The method `cast` of a batch would lose the number of rows if there are no columns.
        for number, field in enumerate(batch.schema):
            wanted = types.get(field.name, field.type)
            if field.type != wanted:
                values = batch.column(number).cast(wanted)
                if is_binary(field.type):
                    values = pc.utf8_rtrim(values, "\0")
                batch = batch.set_column(number, field.name, values)
        return batch


def drop_unusual(schema: Any) -> Any:
    """Return a schema without columns of unusual types, and with texts in place of views."""
    fields = [field.with_type(VIEWS.get(field.type, field.type)) for field in schema]
    return pa.schema([field for field in fields if is_usual(field.type)], schema.metadata)


def is_usual(column_type: Any) -> bool:
    """Return whether columns of a type may have classes, groups, paths or images."""
    if pa.types.is_dictionary(column_type):  # the categories of pandas
        return is_single(column_type.value_type)
    if pa.types.is_struct(column_type):  # the pictures of Hugging Face
        return all(is_single(field.type) for field in column_type.fields)
    return is_single(column_type) or holds_numbers(column_type)


def has_texts(column_type: Any) -> bool:
    """Return whether a column has texts or bytes."""
    return column_type in TEXT_TYPES or is_binary(column_type)


def is_single(value_type: Any) -> bool:
    """Return whether a value of a type is a single text, number, date or the like."""
    return has_texts(value_type) or (
        pa.types.is_primitive(value_type)
        or pa.types.is_decimal(value_type)
        or pa.types.is_null(value_type)
    )


def stores_each_text(column_type: Any) -> bool:
    """Return whether a text is read for each row of a column, and not once for equal ones.

    This is so for texts and bytes, and for structures of them, but not for categories.
    """
    return has_texts(column_type) or pa.types.is_struct(column_type)


def count_text_bytes(values: Any) -> int:
    """Return the number of bytes of the texts in an array of a usual type, when unpacked."""
    if pa.types.is_struct(values.type):
        return sum(map(count_text_bytes, values.flatten()))
    if has_texts(values.type):
        return int(values.nbytes)
    if not pa.types.is_dictionary(values.type) or not has_texts(values.type.value_type):
        return 0
    lengths = pc.binary_length(values.dictionary).cast(pa.int64())
    return pc.sum(lengths.take(values.indices)).as_py() or 0
