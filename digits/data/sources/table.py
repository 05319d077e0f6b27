"""Images in a table with one row per image: a CSV file with a header line, or a parquet file.

- `class` or `label`: what the image shows, as a number or a name.
- `group`: who wrote it, or another group, if the table has this column.
- `file`: the path of a picture, relative to the table's folder. It is read as pictures in a
  folder are (digits/data/sources/folder.py).
- If there is no column `file`, all other columns are the pixels, row by row from the top left,
  as whole numbers.
"""

import math
import textwrap
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pandas as pd
import pyarrow.parquet as pq

from digits.core import tables
from digits.core.tables import Pixels
from digits.data.images import make_images
from digits.data.sources import NOT_FOUND, encode_classes, encode_groups, folder
from digits.settings.errors import UserError
from digits.settings.params import DatasetParams

READS_PICTURES = True  # if there is a column `file`

CLASS_COLUMNS = ["class", "label"]
TEXT_COLUMNS = [*CLASS_COLUMNS, "group", "file"]  # all columns but those of the pixels

# The arguments of `pandas.read_csv`.
CSV_OPTIONS: dict[str, Any] = {
    "dtype": dict.fromkeys(TEXT_COLUMNS, str),
    "keep_default_na": False,  # a class may be called NA
}


def read(place: str, dataset: DatasetParams) -> tuple[Pixels, pd.DataFrame]:
    """Return the images of a table, whose pixels may exceed the memory.

    Args:
        place: the file.
        dataset: the entry of params.yaml.

    Raises:
        UserError: the file was not found, or is not such a table.
    """
    path = Path(place)
    if not path.is_file():
        raise UserError(NOT_FOUND)
    table = read_text_columns(path)
    classes, class_names = encode_classes(to_names(find_classes(table)))
    groups, group_names = encode_groups(to_names(table["group"]) if "group" in table else [])
    columns: dict[str, Any] = {
        "classes": classes,
        "names": class_names,
        "groups": groups,
        "group_names": group_names,
    }
    if "file" in table:
        files = list_files(table["file"])
        return folder.read_pictures(path.parent, files, dataset, **columns)
    n_rows = tables.rows_per_block(tables.BATCH_BYTES, math.prod(dataset.shape))
    blocks = read_pixels(path, n_rows)
    return make_images(dataset, blocks, **columns)


def read_text_columns(path: Path) -> pd.DataFrame:
    """Return all columns but those of the pixels. They must fit into memory.

    Raises:
        UserError: the file cannot be read, or has no column of classes, or more than one.
    """
    with report_unreadable():
        if path.suffix == ".parquet":
            all_columns = pq.read_schema(path).names
        else:
            all_columns = list(pd.read_csv(path, nrows=0, **CSV_OPTIONS))
        check_class_columns(all_columns)
        columns = [name for name in TEXT_COLUMNS if name in all_columns]
        if path.suffix == ".parquet":
            return pd.read_parquet(path, columns=columns)
        return pd.read_csv(path, usecols=columns, **CSV_OPTIONS)


@contextmanager
def report_unreadable() -> Iterator[None]:
    """Turn an error in reading the file into a UserError."""
    try:
        yield
    except (OSError, ValueError) as error:  # the exceptions of pandas and Arrow are ValueErrors
        raise UserError(error) from None


def check_class_columns(all_columns: Sequence[str]) -> None:
    """Check that one column has the classes.

    Raises:
        UserError: there is no such column, or more than one.
    """
    n_class_columns = sum(name in all_columns for name in CLASS_COLUMNS)
    if n_class_columns != 1:
        raise UserError(
            f"has {n_class_columns} columns named class or label, expected one, separated by "
            f"commas; it has {textwrap.shorten(', '.join(all_columns), 100)}"
        )


def find_classes(table: pd.DataFrame) -> pd.Series:
    """Return the column with the class of each image."""
    [class_column] = [name for name in CLASS_COLUMNS if name in table]
    return table[class_column]


def to_names(column: pd.Series) -> list[str]:
    """Return classes or groups as text. A number such as 3.0 becomes `3` if all are numbers.

    Raises:
        UserError: a value is missing, or is a number that is not whole.
    """
    check_no_missing(column)
    numbers = pd.to_numeric(column, errors="coerce")
    if numbers.isna().any():
        return [str(value) for value in column]
    not_whole = column[numbers % 1 != 0]
    if len(not_whole):
        raise UserError(
            f"a {column.name} is '{not_whole.iloc[0]}', expected whole numbers, or names"
        )
    return [str(int(number)) for number in numbers]


def list_files(column: pd.Series) -> list[str]:
    """Return the paths of the pictures.

    Raises:
        UserError: a path is missing. Or a picture is listed twice, and so could be both in the
            training set and in the test set.
    """
    check_no_missing(column)
    listed_before = column[column.duplicated()]
    if len(listed_before):
        raise UserError(f"the file {listed_before.iloc[0]} is in two rows; delete one of them")
    return [str(name) for name in column]


def check_no_missing(column: pd.Series) -> None:
    """Check that a column has a value in each row.

    Raises:
        UserError: a value is missing, or is blank.
    """
    is_blank = column.astype(str).str.strip() == ""
    is_missing = column.isna() | is_blank
    if is_missing.any():
        row = is_missing.argmax() + 1
        raise UserError(f"row {row} below the header has no {column.name}")


def read_pixels(path: Path, n_rows: int) -> Iterator[Any]:
    """Yield the pixels of `n_rows` rows at a time, shape (n_rows, height * width).

    Raises:
        UserError: the file cannot be read, or a column holds something other than numbers.
    """
    with report_unreadable():
        for rows in read_rows(path, n_rows):
            pixels = rows.drop(columns=TEXT_COLUMNS, errors="ignore")
            not_numeric = list(pixels.select_dtypes(exclude=["number", "bool"]))
            if not_numeric:
                raise UserError(
                    f"the column {not_numeric[0]} has values that are not numbers; a column "
                    "with the paths of pictures must be called `file`"
                )
            yield pixels.to_numpy()


def read_rows(path: Path, n_rows: int) -> Iterator[pd.DataFrame]:
    """Yield `n_rows` rows of the file at a time."""
    if path.suffix == ".parquet":
        with pq.ParquetFile(path, memory_map=True) as file:
            for batch in file.iter_batches(n_rows):
                yield batch.to_pandas()
    else:
        # Without `low_memory`, a column has one type in all rows of a block.
        yield from pd.read_csv(path, chunksize=n_rows, low_memory=False, **CSV_OPTIONS)
