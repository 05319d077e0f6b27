"""A table of images with a row for each, in a CSV file with a header line or in a parquet file.

The column `class` or `label` says what an image shows, by number or by name. All other columns are its pixels, row by
row from the top left.
"""

import csv
from collections.abc import Iterator
from contextlib import contextmanager
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
LABELS = ("class", "label")
BLOCK = 2**22  # bytes of a CSV file that are read at a time
ROWS = 1_000  # of a parquet file


def read(place: str, dataset: Dataset, timeout: float) -> Iterator[Batch]:
    """Yield the images of a table."""
    classes, names = labels(place)
    with _reading():
        path = Path(place)
        _, pixels = _columns(path)
        start = 0
        for batch in _batches(path, dict.fromkeys(pixels, pa.float32())):
            values = np.stack([np.from_dlpack(column.fill_null(-1)) for column in batch.columns], axis=1)
            yield Batch(as_bytes(values), classes[start : start + len(values)], names=names)
            start += len(values)


def labels(place: str) -> tuple[Pixels, list[str] | None]:
    """Return the label of each image, and the classes' names."""
    with _reading():
        path = Path(place)
        label, _ = _columns(path)
        found = [name for batch in _batches(path, {label: pa.string()}) for name in batch.column(0).to_pylist()]
    if not all(found):
        raise SourceError(f"a row has no {label}")
    numbers, names = number_classes(found)
    return np.array([numbers[name] for name in found], np.uint8), names


def _columns(path: Path) -> tuple[str, list[str]]:
    """Return the name of the column of labels, and those of the pixels."""
    if not path.is_file():
        raise SourceError(NOT_HERE)
    if path.suffix == ".parquet":
        columns = pa.parquet.read_schema(path).names
    else:
        with path.open(encoding="utf-8-sig", newline="") as file:
            columns = next(csv.reader(file), [])
    found = [name for name in columns if name in LABELS]
    if len(found) != 1:
        raise SourceError(f"has {len(found)} columns named class or label, expected one")
    return found[0], [name for name in columns if name not in LABELS]


def _batches(path: Path, types: dict[str, pa.DataType]) -> Iterator[pa.RecordBatch]:
    """Read some columns as the types that are given."""
    if path.suffix == ".parquet":
        with pa.parquet.ParquetFile(path) as file:
            for batch in file.iter_batches(ROWS, columns=list(types)):
                yield batch.select(list(types)).cast(pa.schema(types.items()))
    else:
        options = pa.csv.ConvertOptions(column_types=types, include_columns=list(types), strings_can_be_null=False)
        with pa.csv.open_csv(path, pa.csv.ReadOptions(block_size=BLOCK), convert_options=options) as reader:
            yield from reader


@contextmanager
def _reading() -> Iterator[None]:
    """Say in a few words what Arrow cannot read."""
    try:
        yield
    except (pa.ArrowException, OSError, ValueError, csv.Error) as error:
        if out_of_memory(error):
            raise
        raise SourceError(one_line(error)) from None
