"""Read images by their layout, and by nothing else."""

import posixpath
import re
from collections import defaultdict
from collections.abc import Container
from dataclasses import dataclass

import numpy as np
import pandas as pd

from digits.core.tables import Vector
from digits.data.intake.collection import Collection
from digits.data.layout.part import PartImages, TableSelection, join
from digits.data.layout.pattern import find_matches, to_nfc
from digits.data.layout.place import Place
from digits.data.layout.read_arrays import read_arrays
from digits.data.layout.read_files import read_files
from digits.data.layout.read_table import read_table
from digits.settings.errors import UserError
from digits.settings.layout import FilesPart, Layout, Part, TablePart, Where


@dataclass(frozen=True, eq=False)
class LayoutReading:
    """The images of a layout, and what it does not use."""

    images: Collection
    unused_pictures: list[str]  # the pictures that the layout names as unused
    unmatched: list[str]  # the pictures that it does not name
    unused_files: list[str]  # all other files that it does not use
    unused_columns: dict[str, pd.Series]  # of the tables that it uses
    unused_arrays: list[str]  # of the files that it uses
    n_unused_rows: int  # the number of rows of tables that are blank or unused


def read_layout(place: Place, layout: Layout) -> LayoutReading:
    """Return the images of a layout, the test set last. No picture is opened.

    Raises:
        UserError: the files are not as the layout says, or a row of a table is in no part of
            it, or in several.
    """
    left_out = find_matches(layout.unused, place.pictures).keys()
    parts = [read_part(place, part, left_out, layout.unused_rows) for part in layout.parts]
    check_same_columns(parts)
    n_train = sum(len(part.rows) for part in parts[: len(layout.train)])
    images = join(parts)
    check_unused_columns(images.tables, layout.unused_rows)
    n_unused_rows = count_unused_rows(images.tables)

    used = images.files.union(images.rows.get("file", []))
    others = [name for name in place.files if name not in used]
    pictures = set(place.pictures)
    not_named = pictures - left_out
    return LayoutReading(
        make_collection(place, images, n_train),
        unused_pictures=[name for name in others if name in left_out],
        unmatched=[name for name in others if name in not_named],
        unused_files=[name for name in others if name not in pictures],
        unused_columns=find_unused_columns(images.tables),
        unused_arrays=find_unused_arrays(place, images),
        n_unused_rows=n_unused_rows,
    )


def read_part(
    place: Place, part: Part, left_out: Container[str], unused_rows: list[Where]
) -> PartImages:
    """Return the images of a part, without those that the layout names as unused."""
    if isinstance(part, FilesPart):
        return read_files(place, part, left_out)
    if isinstance(part, TablePart):
        return read_table(place, part, unused_rows)
    return read_arrays(place, part)


def check_same_columns(parts: list[PartImages]) -> None:
    """Check that all parts have classes, or none, and so for groups and ids.

    Raises:
        UserError: only some parts have them.
    """
    for column in ("class", "group", "id"):
        if len({column in part.rows for part in parts}) > 1:
            raise UserError(f"only some parts of the layout have a {column}")


def check_unused_columns(tables: list[TableSelection], unused: list[Where]) -> None:
    """Check that a table has the columns of each kind of rows that are left out.

    Raises:
        UserError: none has them.
    """
    for where in unused:
        if not any(set(where).issubset(use.table.names) for use in tables):
            raise UserError(f"unused: no table has the column {' and '.join(where)}")


def count_unused_rows(tables: list[TableSelection]) -> int:
    """Return the number of rows that are blank or unused. All others are used once.

    Args:
        tables: the tables, each once for each part that uses it.

    Raises:
        UserError: a row is in several parts, or in none.
    """
    uses_by_path: dict[str, list[TableSelection]] = defaultdict(list)
    for use in tables:
        uses_by_path[use.path].append(use)
    n_unused = 0
    for path, uses in uses_by_path.items():
        n_parts = np.sum([use.is_chosen for use in uses], axis=0)
        is_unused = np.all([use.is_unused for use in uses], axis=0)
        refuse_rows(path, n_parts > 1, "several parts", "let each value stand in one")
        is_unnamed = (n_parts == 0) & ~is_unused
        refuse_rows(path, is_unnamed, "no part", "name them in the key `unused`")
        n_unused += int(is_unused.sum())
    return n_unused


def refuse_rows(path: str, is_wrong: Vector, found: str, remedy: str) -> None:
    """Raise an error that counts the wrong rows of a table, if there are some."""
    if is_wrong.any():
        raise UserError(
            f"{is_wrong.sum()} rows of {path} are in {found} of the layout, first row "
            f"{is_wrong.argmax() + 1}; {remedy}"
        )


def make_collection(place: Place, images: PartImages, n_train: int) -> Collection:
    """Return the images of all parts, of which the first `n_train` are the training set."""
    rows = images.rows
    if "id" not in rows:
        rows["id"] = [str(number + 1) for number in range(len(rows))]
    for column in {"class", "group"}.intersection(rows):
        rows[column] = to_text(rows[column])
    rows["test"] = rows.index >= n_train
    if images.shape:
        return Collection(rows, blocks=images.contents, shape=images.shape)
    if not rows["file"].isin(place.files).all():
        # The pictures are in tables, whose common folder is left out of their names.
        folder = posixpath.commonpath([posixpath.dirname(use.path) for use in images.tables])
        rows["file"] = [posixpath.relpath(name, folder) for name in rows["file"]]
    return Collection(rows, pictures=images.contents)


def to_text(column: pd.Series) -> pd.Series:
    """Return classes or groups as text without blanks around it, each letter as one character.

    A number such as `3.0` becomes `3` if all are such numbers. `03` stays as it is.
    """
    texts = {value: to_nfc(str(value).strip()) for value in column.unique()}
    if all(re.fullmatch(r"\d+\.0", text) for text in texts.values()):
        texts = {value: text.removesuffix(".0") for value, text in texts.items()}
    # Not all names of folders are UTF-8, which pandas' own type of text needs.
    return pd.Series([texts[value] for value in column], column.index, dtype=object)


def find_unused_columns(tables: list[TableSelection]) -> dict[str, pd.Series]:
    """Return the columns that no part uses, with their values in the first table."""
    if not tables:
        return {}
    first, *others = (
        use.table.texts.drop(columns=[*use.columns, *use.image_columns], errors="ignore")
        for use in tables
    )
    return {
        str(name): values
        for name, values in first.items()
        if all(name in unused for unused in others)
    }


def find_unused_arrays(place: Place, images: PartImages) -> list[str]:
    """Return the arrays that are not used, of the files that are used."""
    files = images.files.intersection(place.array_files)
    return [name for name in place.load_arrays(sorted(files)) if name not in images.arrays]
