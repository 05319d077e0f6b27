"""A table of images with a row for each, in a CSV file with a header line or in a parquet file.

The column `class` or `label` says what an image shows, by number or by name. All other columns are its pixels, row by
row from the top left.
"""

from collections.abc import Iterator
from pathlib import Path

from digits.io.tables import Pixels
from digits.sources import NOT_HERE, Batch, SourceError, as_bytes, number_classes
from digits.support.errors import one_line, out_of_memory
from digits.support.parameters import Dataset

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

LOCAL = True
LABELS = {"class", "label"}
BLOCK = pa.csv.ReadOptions(block_size=2**22)  # bytes, in which each line must fit


def read(place: str, dataset: Dataset, timeout: float) -> Iterator[Batch]:
    """Yield the images of a table."""
    classes, names = labels(place)
    columns = (column.combine_chunks().fill_null(-1) for column in _read(place, labels=False).columns)
    yield Batch(np.stack([as_bytes(np.from_dlpack(column)) for column in columns], axis=1), classes, names=names)


def labels(place: str) -> tuple[Pixels, list[str] | None]:
    """Return the label of each image, and the classes' names."""
    found = _read(place, labels=True).column(0).to_pylist()
    if not all(found):
        raise SourceError("a row has no label")
    numbers, names = number_classes(found)
    return np.array([numbers[name] for name in found], np.uint8), names


def _read(place: str, *, labels: bool) -> pa.Table:
    """Read the column of labels, as text, or those of the pixels, as numbers."""
    path = Path(place)
    if not path.is_file():
        raise SourceError(NOT_HERE)
    try:
        is_parquet = path.suffix == ".parquet"
        header = pa.parquet.read_schema(path) if is_parquet else pa.csv.open_csv(path, BLOCK).schema
        if (count := sum(name in LABELS for name in header.names)) != 1:
            raise SourceError(f"has {count} columns named class or label, expected one")
        kind = pa.string() if labels else pa.float32()
        types = {name: kind for name in header.names if (name in LABELS) == labels}
        if is_parquet:
            return pa.parquet.read_table(path, columns=list(types)).select(list(types)).cast(pa.schema(types.items()))
        options = pa.csv.ConvertOptions(column_types=types, include_columns=list(types), strings_can_be_null=False)
        return pa.csv.read_csv(path, BLOCK, convert_options=options)
    except (pa.ArrowException, OSError, ValueError) as error:
        if out_of_memory(error):
            raise
        raise SourceError(one_line(error)) from None
