"""A table of images with a row for each, in a CSV file with a header line or in a parquet file.

The column `class` or `label` says what an image shows, by number or by name; a column `group`, which may be missing,
who wrote it or the like. All other columns are its pixels, row by row from the top left.
"""

from collections.abc import Iterator
from pathlib import Path

from digits.sources import NOT_HERE, Batch, Labels, SourceError, as_bytes, number_classes, number_groups
from digits.support.errors import one_line, out_of_memory
from digits.support.parameters import Dataset

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

LOCAL = True
LABELS, GROUP = {"class", "label"}, "group"
BLOCK = pa.csv.ReadOptions(block_size=2**22)  # bytes, in which each line must fit


def read(place: str, dataset: Dataset, timeout: float) -> Iterator[Batch]:
    """Yield the images of a table."""
    classes, names, group = labels(place)
    columns = (column.combine_chunks().fill_null(-1) for column in _read(place, texts=False).columns)
    pixels = np.stack([as_bytes(np.from_dlpack(column)) for column in columns], axis=1)
    yield Batch(pixels, classes, group=group, names=names)


def labels(place: str) -> Labels:
    """Return the label of each image, the classes' names, and the images' groups."""
    found = _read(place, texts=True).to_pydict()
    group = found.pop(GROUP, None)
    (texts,) = found.values()
    if not all(texts) or not all(group or texts):
        raise SourceError("a row has no label" + (", or no group" if group else ""))
    numbers, names = number_classes(texts)
    return (np.array([numbers[text] for text in texts], np.uint8), names, number_groups(group) if group else None)


def _read(place: str, *, texts: bool) -> pa.Table:
    """Read the columns of labels and groups, as text, or those of the pixels, as numbers."""
    path = Path(place)
    if not path.is_file():
        raise SourceError(NOT_HERE)
    try:
        is_parquet = path.suffix == ".parquet"
        header = pa.parquet.read_schema(path) if is_parquet else pa.csv.open_csv(path, BLOCK).schema
        if (count := sum(name in LABELS for name in header.names)) != 1:
            raise SourceError(f"has {count} columns named class or label, expected one")
        kind = pa.string() if texts else pa.float32()
        types = {name: kind for name in header.names if (name in {*LABELS, GROUP}) == texts}
        if is_parquet:
            return pa.parquet.read_table(path, columns=list(types)).select(list(types)).cast(pa.schema(types.items()))
        options = pa.csv.ConvertOptions(column_types=types, include_columns=list(types), strings_can_be_null=False)
        return pa.csv.read_csv(path, BLOCK, convert_options=options)
    except (pa.ArrowException, OSError, ValueError) as error:
        if out_of_memory(error):
            raise
        raise SourceError(one_line(error)) from None
