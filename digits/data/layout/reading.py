"""Read images by their layout, and by nothing else."""

import posixpath
from collections.abc import Container, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from digits.data.intake.collection import Collection, shorten
from digits.data.layout.part import PartImages, TableRows
from digits.data.layout.pattern import find_matches, to_nfc
from digits.data.layout.place import Place
from digits.data.layout.read_arrays import read_arrays
from digits.data.layout.read_files import read_files
from digits.data.layout.read_table import read_table
from digits.settings.errors import UserError
from digits.settings.layout import FilesPart, Layout, Part, TablePart, Where


@dataclass(frozen=True, eq=False)
class Reading:
    """The images of a layout, and what it leaves out.

    Attributes:
        images: the images.
        left_out: the pictures that the layout names as unused.
        rest: the pictures that it does not name.
        files: the other files that are not used.
        columns: the columns of tables that are not used, with their values.
        arrays: the arrays that are not used, of files that are.
        n_rows: the number of rows of tables that are not used.
    """

    images: Collection
    left_out: list[str] = field(default_factory=list)
    rest: list[str] = field(default_factory=list)
    files: list[str] = field(default_factory=list)
    columns: dict[str, pd.Series] = field(default_factory=dict)
    arrays: list[str] = field(default_factory=list)
    n_rows: int = 0


def read_layout(place: Place, layout: Layout) -> Reading:
    """Return the images of a layout, the test set last. No picture is opened.

    Raises:
        UserError: the files are not as the layout says, or a row of a table is in no part of
            it, or in several.
    """
    left_out = find_matches(layout.unused, place.pictures).keys()
    parts = [
        read_part(place, part, left_out, layout.unused_rows)
        for part in [*layout.train, *layout.test]
    ]
    check_same_kind(parts)
    tables = list_tables(parts)
    check_unused_columns(place, tables, layout.unused_rows)
    for name, rows_of_parts in tables.items():
        check_rows_of_table(name, rows_of_parts)
    rows = combine_rows(parts, n_train=len(layout.train))
    if "file" in rows and not rows["file"].isin(place.files).all():
        # The pictures are in tables, whose common folder is left out of their names.
        folder = posixpath.commonpath(map(posixpath.dirname, tables))
        rows["file"] = [posixpath.relpath(name, folder) for name in rows["file"]]
    images = make_collection(rows, parts)

    used = {name for part in parts for name in part.files}.union(rows.get("file", []))
    others = [name for name in place.files if name not in used]
    pictures = set(place.pictures)
    not_used = [name for name in others if name in pictures]
    return Reading(
        images,
        left_out=[name for name in not_used if name in left_out],
        rest=[name for name in not_used if name not in left_out],
        files=[name for name in others if name not in pictures],
        columns=find_unused_columns(parts),
        arrays=find_unused_arrays(place, parts),
        n_rows=sum(count_left_out(rows_of_parts) for rows_of_parts in tables.values()),
    )


def make_collection(rows: pd.DataFrame, parts: list[PartImages]) -> Collection:
    """Return the images of all parts."""

    def read_contents() -> Iterator[Any]:
        for part in parts:
            yield from part.contents()

    shape = parts[0].shape
    if shape:
        return Collection(rows, blocks=read_contents, shape=shape)
    return Collection(rows, pictures=read_contents)


def find_unused_columns(parts: list[PartImages]) -> dict[str, pd.Series]:
    """Return the columns that no part uses, with the values in the tables of the first one."""
    first, *others = (part.columns for part in parts)
    return {
        name: values
        for name, values in first.items()
        if all(name in columns for columns in others)
    }


def find_unused_arrays(place: Place, parts: list[PartImages]) -> list[str]:
    """Return the arrays that no part uses, of the files that the parts use."""
    used = {name for part in parts for name in part.arrays}
    files = {name for part in parts if part.arrays for name in part.files}
    return [name for name in place.load_arrays(sorted(files)) if name not in used]


def count_left_out(rows_of_parts: list[TableRows]) -> int:
    """Return the number of rows of a table that are blank or unused."""
    return int(np.all([rows.is_left_out for rows in rows_of_parts], axis=0).sum())


def read_part(
    place: Place, part: Part, left_out: Container[str], unused_rows: list[Where]
) -> PartImages:
    """Return the images of a part of a layout."""
    if isinstance(part, FilesPart):
        return read_files(place, part, left_out)
    if isinstance(part, TablePart):
        return read_table(place, part, unused_rows)
    return read_arrays(place, part)


def check_same_kind(parts: list[PartImages]) -> None:
    """Check that all parts have pictures or pixels of the same shape, and classes or none.

    Raises:
        UserError: they don't.
    """
    shapes = {tuple(part.shape) for part in parts}
    if len(shapes) > 1:
        described = [" × ".join(map(str, shape)) or "pictures" for shape in sorted(shapes)]
        raise UserError(f"the parts have different kinds of images: {shorten(described)}")
    for column in ("class", "group", "id"):
        if len({column in part.rows for part in parts}) > 1:
            raise UserError(f"only some parts of the layout have a {column}")


def list_tables(parts: list[PartImages]) -> dict[str, list[TableRows]]:
    """Return which rows of each table are in each part that has this table."""
    found: dict[str, list[TableRows]] = {}
    for part in parts:
        for name, rows in part.tables.items():
            found.setdefault(name, []).append(rows)
    return found


def check_rows_of_table(name: str, rows_of_parts: list[TableRows]) -> None:
    """Check that each row of a table is in one part, or is blank or unused.

    Args:
        name: the path of the table.
        rows_of_parts: which rows are in each part.

    Raises:
        UserError: a row is in several parts, or in none.
    """
    n_parts = np.sum([rows.is_chosen for rows in rows_of_parts], axis=0)
    is_left_out = np.all([rows.is_left_out for rows in rows_of_parts], axis=0)
    for is_wrong, place, remedy in [
        (n_parts > 1, "several parts", "let each value stand in one"),
        ((n_parts == 0) & ~is_left_out, "no part", "name them in the key `unused`"),
    ]:
        if is_wrong.any():
            raise UserError(
                f"{is_wrong.sum()} rows of {name} are in {place} of the layout, first row "
                f"{is_wrong.argmax() + 1}; {remedy}"
            )


def check_unused_columns(place: Place, used: Container[str], unused: list[Where]) -> None:
    """Check that a table has the columns of each kind of rows that are left out.

    Raises:
        UserError: none has them.
    """
    opened = [table.names for (name, *_), table in place.tables.items() if name in used]
    for where in unused:
        if not any(set(where).issubset(names) for names in opened):
            raise UserError(f"unused: no table has the column {' and '.join(where)}")


def combine_rows(parts: list[PartImages], n_train: int) -> pd.DataFrame:
    """Return the rows of all parts, as `Collection` describes them.

    Args:
        parts: the parts of the training set, and those of the test set.
        n_train: the number of parts of the training set.
    """
    rows = pd.concat([part.rows for part in parts], ignore_index=True)
    if "id" not in rows:
        rows["id"] = [str(number + 1) for number in range(len(rows))]
    for column in {"class", "group"}.intersection(rows):
        rows[column] = to_text(rows[column])
    n_train_images = sum(len(part.rows) for part in parts[:n_train])
    rows["test"] = np.arange(len(rows)) >= n_train_images
    return rows


def to_text(column: pd.Series) -> pd.Series:
    """Return classes or groups as text without blanks around it, each letter as one character.

    A number such as `3.0` becomes `3` if all are such numbers. `03` stays as it is.
    """
    values = {value: to_nfc(str(value).strip()) for value in column.unique()}
    are_decimals = all(text.removesuffix(".0") != text for text in values.values())
    if are_decimals and all(text[:-2].isdecimal() for text in values.values()):
        values = {value: text.removesuffix(".0") for value, text in values.items()}
    # Not all names of folders are UTF-8, which pandas' own type of text needs.
    return pd.Series([values[value] for value in column], column.index, dtype=object)
