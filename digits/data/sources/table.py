"""Images in a table with one row per image: a CSV file with a header line, or a parquet file.

- `class` or `label`: what the image shows, as a number or a name.
- `group`: who wrote it, or another group, if the table has this column.
- `file`: the path of a picture, relative to the table's folder. It is read as pictures in a
  folder are (digits/data/sources/folder.py).
- If there is no column `file`, all other columns are the pixels, row by row from the top left,
  as whole numbers.
"""

import textwrap
from pathlib import Path

from digits.core.errors import UserError
from digits.core.params import DatasetParams
from digits.core.tables import Pixels
from digits.data.sources import NOT_FOUND, encode_classes, encode_groups, folder, images

import pandas as pd

CLASS_COLUMNS = ["class", "label"]
TEXT_COLUMNS = [*CLASS_COLUMNS, "group", "file"]  # all columns but those of the pixels


def read(place: str, dataset: DatasetParams) -> pd.DataFrame:
    """Return the images of a table.

    Args:
        place: the file.
        dataset: the entry of params.yaml.

    Raises:
        UserError: the file was not found, or is not such a table.
    """
    path = Path(place)
    table = read_file(path)
    classes, class_names = encode_classes(to_names(find_classes(table)))
    groups, group_names = encode_groups(to_names(table["group"]) if "group" in table else [])
    if "file" in table:
        check_no_missing(table["file"])
        paths = [path.parent / str(name) for name in table["file"]]
        pixels = folder.read_pictures(paths, dataset)
    else:
        pixels = read_pixels(table)
    return images(
        dataset, pixels, classes, names=class_names, groups=groups, group_names=group_names
    )


def read_file(path: Path) -> pd.DataFrame:
    """Return the content of the file.

    Raises:
        UserError: it was not found, or cannot be read.
    """
    if not path.is_file():
        raise UserError(NOT_FOUND)
    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        return pd.read_csv(
            path,
            dtype=dict.fromkeys(TEXT_COLUMNS, str),
            keep_default_na=False,  # a class may be called NA
            low_memory=False,
        )
    except (OSError, ValueError) as error:  # the exceptions of pandas and Arrow are ValueErrors
        raise UserError(error) from None


def find_classes(table: pd.DataFrame) -> pd.Series:
    """Return the column with the class of each image.

    Raises:
        UserError: there is no such column, or more than one.
    """
    class_columns = [name for name in CLASS_COLUMNS if name in table]
    if len(class_columns) != 1:
        all_columns = ", ".join(str(name) for name in table)
        raise UserError(
            f"has {len(class_columns)} columns named class or label, expected one, separated "
            f"by commas; it has {textwrap.shorten(all_columns, 100)}"
        )
    return table[class_columns[0]]


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


def check_no_missing(column: pd.Series) -> None:
    """Check that a column has a value in each row.

    Raises:
        UserError: a value is missing.
    """
    if column.isna().any() or (column == "").any():
        raise UserError(f"a row has no {column.name}")


def read_pixels(table: pd.DataFrame) -> Pixels:
    """Return the pixels of the images, shape (n_images, height * width).

    Raises:
        UserError: a column holds something other than numbers.
    """
    pixels = table.drop(columns=TEXT_COLUMNS, errors="ignore")
    not_numeric = list(pixels.select_dtypes(exclude=["number", "bool"]))
    if not_numeric:
        raise UserError(
            f"the column {not_numeric[0]} has values that are not numbers; a column with the "
            "paths of pictures must be called `file`"
        )
    return pixels.to_numpy()
