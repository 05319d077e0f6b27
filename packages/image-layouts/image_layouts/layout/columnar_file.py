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
from image_layouts.layout.hugging_face import holds_numbers, is_binary

PARQUET_ENDINGS = (".parquet", ".pq")
ENDINGS = (*PARQUET_ENDINGS, ".arrow", ".feather")

MAGIC = b"ARROW1"  # the start of a Feather file; `save_to_disk` of Hugging Face writes streams

TEXT_TYPES = (pa.string(), pa.large_string())
# The types of views, which Polars writes, and the types to which they are converted.
VIEWS = {pa.string_view(): pa.string(), pa.binary_view(): pa.binary()}

N_SAMPLES = 10  # the number of values that show what the bytes of a column are


def is_columnar(path: Path) -> bool:
    """Return whether a file has the ending of a parquet or Arrow file."""
    return path.suffix.lower() in ENDINGS


class ColumnarFile:
    """A parquet or Arrow file, without its columns of unusual types, such as lists of texts.

    Attributes:
        path: the file.
        schema: the names and the types of the columns. Bytes that are texts are strings.
        dropped: the type of each column that is left out.
    """

    def __init__(self, path: Path) -> None:
        """Open a file.

        Raises:
            Exception: the file is damaged.
        """
        self.path = path
        self._table: Any = None  # None for a parquet file
        if path.suffix.lower() in PARQUET_ENDINGS:
            metadata = pq.read_metadata(path)
            schema = metadata.schema.to_arrow_schema()
            self._n_rows = metadata.num_rows
        else:
            self._table = read_arrow(path)
            schema = self._table.schema
            self._n_rows = self._table.num_rows
        self.schema = drop_unusual(schema)
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
        batches: list[Any] = []
        n_read = 0
        for batch in self._read_batches(names, n_rows):
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
                values = batch.column(number)
                without_views = replace_views(field.type)
                if field.type != without_views:
                    # Arrow's `cast` also follows the views of missing values, which may lead
                    # anywhere.
                    values = pa.array(values.to_pylist(), without_views)
                if is_binary(values.type) and values.type != wanted:  # texts as bytes
                    values = pc.utf8_rtrim(values.cast(wanted), "\0")
                batch = batch.set_column(number, field.name, values)
        return batch


def drop_unusual(schema: Any) -> Any:
    """Return a schema without columns of unusual types, and with texts in place of views."""
    fields = [field.with_type(replace_views(field.type)) for field in schema]
    return pa.schema([field for field in fields if is_usual(field.type)], schema.metadata)


def replace_views(column_type: Any) -> Any:
    """Return a type with texts, bytes and lists in place of views of them."""
    types = pa.types
    if types.is_dictionary(column_type):  # Polars' categories become texts
        return VIEWS.get(column_type.value_type, column_type)
    if types.is_struct(column_type):
        return pa.struct([each.with_type(replace_views(each.type)) for each in column_type])
    if types.is_list_view(column_type) or types.is_large_list_view(column_type):
        return pa.large_list(column_type.value_type)
    return VIEWS.get(column_type, column_type)


def is_usual(column_type: Any) -> bool:
    """Return whether columns of a type may have classes, groups, paths or images."""
    if pa.types.is_dictionary(column_type):  # the categories of pandas
        return is_single(column_type.value_type)
    if pa.types.is_struct(column_type):  # the pictures of Hugging Face
        return all(is_single(field.type) for field in column_type.fields)
    return is_single(column_type) or holds_numbers(column_type)


def is_single(value_type: Any) -> bool:
    """Return whether a value of a type is a single text, number, date or the like."""
    return (
        value_type in TEXT_TYPES
        or is_binary(value_type)
        or pa.types.is_primitive(value_type)
        or pa.types.is_decimal(value_type)
        or pa.types.is_null(value_type)
    )


def read_arrow(path: Path) -> Any:
    """Return the table of an Arrow file. Values that are not compressed stay on the disk.

    Raises:
        ValueError: the file is damaged, or no Arrow file.
        OSError: the file cannot be read.
    """
    try:
        with pa.memory_map(str(path)) as source:
            is_feather = source.read(len(MAGIC)) == MAGIC
            source.seek(0)
            open_source = pa.ipc.open_file if is_feather else pa.ipc.open_stream
            with open_source(source) as opened:
                table = opened.read_all()
        table.validate(full=True)  # a wrong position would crash Python
    except pa.ArrowException as error:
        raise ValueError(f"the file is damaged, or no Arrow file ({error})") from None
    return table
