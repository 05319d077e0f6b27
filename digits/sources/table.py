"""A table of images with a row for each, in a CSV file with a header line or in a parquet file.

The column `class` or `label` says what an image shows, by number or by name; `group`, if it is there, who wrote it or
the like. All others are its pixels, row by row from the top left, whole numbers; or `file` names pictures, from the
table's folder on, to be read as `folder` reads them.
"""

from pathlib import Path
from typing import Any

from digits.core.errors import PipelineError
from digits.core.params import Dataset
from digits.sources import NOT_HERE, folder, images, number

import pandas as pd

LOCAL = True
TEXTS = ["class", "label", "group", "file"]  # columns that are no pixels


def read(place: str, dataset: Dataset) -> pd.DataFrame:
    """Return the images of a table."""
    table, root = _read(place), Path(place).parent
    numbered = _number(table)
    if "file" in table:
        return images(dataset, folder.draw_all(root, [root / name for name in table["file"]], dataset), **numbered)
    pixels = table.drop(columns=TEXTS, errors="ignore")
    if texts := [*pixels.select_dtypes(exclude=["number", "bool"])]:
        reason = f"the column {texts[0]} has values that are no numbers"
        raise PipelineError(f"{reason}; one that names pictures must be called `file`")
    return images(dataset, pixels.to_numpy(), **numbered)


def _read(place: str) -> pd.DataFrame:
    path = Path(place)
    if not path.is_file():
        raise PipelineError(NOT_HERE)
    try:
        if path.suffix == ".parquet":
            return pd.read_parquet(path)
        return pd.read_csv(path, dtype=dict.fromkeys(TEXTS, str), keep_default_na=False, low_memory=False)
    except (OSError, ValueError) as error:  # those of pandas and Arrow are ValueErrors
        raise PipelineError(error) from None


def _number(table: pd.DataFrame) -> dict[str, Any]:
    found = [name for name in ("class", "label") if name in table]
    if len(found) != 1:
        reason = f"has {len(found)} columns named class or label, expected one, separated by commas"
        raise PipelineError(f"{reason}; it has {', '.join(map(str, table)):.100}")
    return number(_names(table[found[0]]), _names(table["group"]) if "group" in table else [])


def _names(column: "pd.Series[Any]") -> list[str]:
    """Return labels or groups as text, `3` for 3.0 where all are numbers; a PipelineError if one is not whole."""
    if column.isna().any() or (column == "").any():
        raise PipelineError(f"a row has no {column.name}")
    numbers = pd.to_numeric(column, errors="coerce")
    if numbers.isna().any():
        return [*map(str, column)]
    if (broken := column[numbers % 1 != 0]).size:
        raise PipelineError(f"a {column.name} is '{min(broken)}', expected whole numbers, or names")
    return [str(int(number)) for number in numbers]
