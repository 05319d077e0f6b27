"""A table of images with a row for each, in a CSV file with a header line or in a parquet file.

The column `class` or `label` says what an image shows, by number or by name; a column `group`, which may be missing,
who wrote it or the like. All other columns are its pixels, row by row from the top left. Numbers must be whole: 3.0 is
3, and 2.5 or NaN is refused. A column `file` in place of pixels names pictures, from the table's folder on: they are
read as those of `folder` are.
"""

from collections.abc import Iterator
from pathlib import Path

from digits.sources import NOT_HERE, Batch, Labels, SourceError, as_bytes, folder
from digits.support.errors import one_line, out_of_memory, shorten, show
from digits.support.parameters import Dataset

import numpy as np
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet

LOCAL = True
LABELS, GROUP, PICTURE = {"class", "label"}, "group", "file"
TEXTS = {*LABELS, GROUP, PICTURE}
BLOCK = pa.csv.ReadOptions(block_size=2**22)  # bytes, in which each line must fit


def read(place: str, dataset: Dataset, timeout: float) -> Iterator[Batch]:
    """Yield the images of a table."""
    of = labels(place, dataset)
    if files := _texts(place)[PICTURE]:
        paths = [Path(place).parent / str(file) for file in files]
        yield from folder.draw_pictures(
            Path(place).parent, paths, of, lambda each: folder.fit(each.grey, *dataset.shape)
        )
        return
    done = 0
    for table in _read(place, texts=False):
        pixels = np.stack([as_bytes(np.from_dlpack(column.fill_null(-1))) for column in table.columns], axis=1)
        yield of.batch(pixels, slice(done, done := done + len(pixels)))


def labels(place: str, dataset: Dataset) -> Labels:
    """Return the label of each image, the classes' names, and the images' groups."""
    columns = _texts(place)
    texts, group = columns["class"] or columns["label"], columns[GROUP]
    if not all(texts) or not all(group):
        raise SourceError("a row has no label" + (", or no group" if group else ""))
    return Labels.of(_whole("label", texts), _whole("group", group))


def _texts(place: str) -> dict[str, list[str]]:
    """Read the columns of text, by name; a list without anything for one that the table lacks."""
    columns: dict[str, list[str]] = {name: [] for name in TEXTS}
    for batch in _read(place, texts=True):
        for name, values in batch.to_pydict().items():
            columns[name] += values
    return columns


def _whole(what: str, texts: list[str]) -> list[str]:
    """Return labels or groups, `3` for 3.0 where all of them are numbers; a SourceError if one is not whole."""
    try:
        numbers = {text: float(text) for text in set(texts)}
    except ValueError:  # names
        return texts
    if broken := [text for text, number in numbers.items() if not number.is_integer()]:
        raise SourceError(f"a {what} is {show(min(broken))}, expected whole numbers, or names")
    return [text if text.isdecimal() else str(int(numbers[text])) for text in texts]


def _read(place: str, *, texts: bool) -> Iterator[pa.RecordBatch]:
    """Read the columns of labels and groups, as text, or those of the pixels, as numbers, some rows at a time."""
    path = Path(place)
    if not path.is_file():
        raise SourceError(NOT_HERE)
    try:
        is_parquet = path.suffix == ".parquet"
        header = pa.parquet.read_schema(path) if is_parquet else pa.csv.open_csv(path, BLOCK).schema
        if (count := sum(name in LABELS for name in header.names)) != 1:
            remedy = "; separate them by commas" if set(";\t") & set("".join(header.names)) else ""
            has = f"it has {shorten(', '.join(header.names), 100)}"
            raise SourceError(f"has {count} columns named class or label, expected one; {has}{remedy}")
        kind = pa.string() if texts else pa.float64()  # in 32 bits 254.99999999 is 255
        types = {name: kind for name in header.names if (name in TEXTS) == texts}
        if is_parquet:
            batches = pa.parquet.ParquetFile(path).iter_batches(columns=list(types))
        else:
            options = pa.csv.ConvertOptions(column_types=types, include_columns=list(types), strings_can_be_null=False)
            batches = pa.csv.open_csv(path, BLOCK, convert_options=options)
        for batch in batches:
            yield batch.select(list(types)).cast(pa.schema(types.items()))
    except (pa.ArrowException, OSError, ValueError) as error:
        if out_of_memory(error):
            raise
        remedy = f"; a column that names pictures must be called `{PICTURE}`" if "double" in str(error) else ""
        raise SourceError(one_line(error) + remedy) from None
