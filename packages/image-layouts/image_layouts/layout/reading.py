"""Read images strictly by their layout."""

import posixpath
import re
from collections import defaultdict
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from decimal import Decimal
from itertools import compress
from typing import Any

import numpy as np
import pandas as pd

from image_layouts.checking.rows import find_faults
from image_layouts.errors import LayoutError
from image_layouts.labelled_images import (
    LabelledImages,
    TableSelection,
    Vector,
    join,
    select_in_blocks,
)
from image_layouts.layout.folder import Folder
from image_layouts.layout.pattern import Pattern, to_nfc
from image_layouts.layout.read_arrays import read_arrays
from image_layouts.layout.read_files import read_files
from image_layouts.layout.read_table import read_table
from image_layouts.schema import FilesPart, Layout, Part, TablePart, Where, as_list, parse

NOT_READ = LabelledImages(pd.DataFrame(), contents=lambda: iter([]))


@dataclass(frozen=True, eq=False)
class Reading:
    """A layout, its images, and everything that it does not use.

    A layout that is only proposed has neither parts nor images.
    """

    layout: Any  # as it is written in params.yaml
    questions: Sequence[str] = ()  # why it is not taken without a question
    columns: Sequence[str] = ()  # the columns of a proposed table, without those of the sets
    is_certain: bool = True  # whether no other column of a proposed table can have the classes
    parts: Sequence[Part] = ()  # its parsed parts
    images: LabelledImages = NOT_READ
    rare_classes: Sequence[str] = ()  # the classes that have too few images, and are left out
    unused_pictures: Sequence[str] = ()  # the pictures that the key `unused` excludes
    unmatched: Sequence[str] = ()  # the pictures that are neither used nor excluded
    unused_files: Sequence[str] = ()  # the files that are not used, other than pictures
    unused_columns: Mapping[str, pd.Series] = field(default_factory=dict)  # of used tables
    dropped_columns: Sequence[str] = ()  # the columns of each table with unusual types
    unused_arrays: Sequence[str] = ()  # the unused arrays of the files that are used
    n_unused_rows: int = 0  # the number of rows of tables that are blank or unused

    @property
    def rows(self) -> pd.DataFrame:
        """The table of the images."""
        return self.images.rows

    @property
    def class_column(self) -> str:
        """The column or the array of the classes, or "" if there is not a single one."""
        classes = [] if isinstance(self.parts[0], FilesPart) else as_list(self.parts[0].classes)
        return classes[0] if len(classes) == 1 else ""


def read_layout(folder: Folder, layout: Any, min_images: int = 1) -> Reading:
    """Return the images of a layout, the test set last. No picture file is opened.

    Args:
        folder: the files.
        layout: the layout, as it is written in params.yaml, or parsed.
        min_images: classes with fewer images outside the test set are left out.

    Raises:
        LayoutError: the layout is not valid, the files are not as it says, or a row of a table
            is in no part of it, or in several parts.
    """
    parsed = layout if isinstance(layout, Layout) else parse(layout)
    unused = [Pattern(text) for text in parsed.unused]
    excluded = {name for name in folder.pictures if any(each.fits(name) for each in unused)}
    parts = [read_part(folder, part, excluded, parsed.unused_rows) for part in parsed.parts]
    check_same_columns(parts)
    n_train = sum(len(part.rows) for part in parts[: len(parsed.train)])
    all_images = join(parts)
    check_unused_columns(all_images.tables, parsed.unused_rows)
    check_rows_are_used_once(all_images.tables)
    add_columns(folder, all_images, n_train)
    images = leave_out_classes(all_images, parsed.unused_classes)
    rare_classes = find_rare_classes(images.rows, min_images)
    images = leave_out_classes(images, rare_classes)

    used = set(images.rows.get("file", []))
    excluded.update(set(all_images.rows.get("file", [])) - used)
    used |= images.files
    unused_files = [name for name in folder.files if name not in used]
    pictures = set(folder.pictures)
    by_path = group_by_path(images.tables)
    not_excluded = pictures - excluded
    return Reading(
        layout,
        parts=parsed.parts,
        images=images,
        rare_classes=rare_classes,
        unused_pictures=[name for name in unused_files if name in excluded],
        unmatched=[name for name in unused_files if name in not_excluded],
        unused_files=[name for name in unused_files if name not in pictures],
        unused_columns=find_unused_columns(images.tables),
        dropped_columns=sorted({each.table.dropped for each in images.tables} - {""}),
        unused_arrays=find_unused_arrays(folder, images),
        n_unused_rows=sum(find_unused_rows(each).sum() for each in by_path.values()),
    )


def check_reading(reading: Reading) -> LabelledImages:
    """Return the images of a reading that uses or excludes every picture.

    Raises:
        LayoutError: a picture is neither used nor excluded, or a class, group or id is wrong.
    """
    if reading.unmatched:
        raise LayoutError(
            f"{len(reading.unmatched)} pictures do not fit the layout, "
            f"first {reading.unmatched[0]}; "
            "correct the layout, or add a pattern of their paths to its key `unused`"
        )
    faults = find_faults(reading.images.rows)
    if faults:
        raise LayoutError("; ".join(faults))
    return reading.images


def read_part(
    folder: Folder, part: Part, excluded: Container[str], unused_rows: list[Where]
) -> LabelledImages:
    """Return the images of a part, without excluded pictures and unused rows of tables."""
    if isinstance(part, FilesPart):
        return read_files(folder, part, excluded)
    if isinstance(part, TablePart):
        return read_table(folder, part, unused_rows)
    return read_arrays(folder, part)


def check_same_columns(parts: list[LabelledImages]) -> None:
    """Check that classes, groups and ids are in all parts or in no part.

    Raises:
        LayoutError: only some parts have a column.
    """
    for column in ("class", "group", "id"):
        if len({column in part.rows for part in parts}) > 1:
            raise LayoutError(f"only some parts of the layout have the key `{column}`")


def check_unused_columns(tables: list[TableSelection], unused_rows: list[Where]) -> None:
    """Check that a table has the columns by which rows are left out.

    Raises:
        LayoutError: no table has these columns.
    """
    for where in unused_rows:
        if not any(set(where).issubset(each.table.names) for each in tables):
            raise LayoutError(f"unused: no table has the column {' and '.join(where)}")


def check_rows_are_used_once(tables: list[TableSelection]) -> None:
    """Check that each row of a table is in one part of the layout, or is blank or unused.

    Args:
        tables: the selections of all parts. Several parts may use the same table, such as one
            part for each set.

    Raises:
        LayoutError: a row is in several parts, or in none.
    """
    for path, selections in group_by_path(tables).items():
        # The number of parts that use each row.
        n_parts = np.sum([each.is_chosen for each in selections], axis=0)
        is_in_several = n_parts > 1
        if is_in_several.any():
            raise LayoutError(
                f"{is_in_several.sum()} rows of {path} are in several parts of the layout, "
                f"first row {is_in_several.argmax() + 1}; let each value stand in one"
            )
        is_left_over = (n_parts == 0) & ~find_unused_rows(selections)
        if is_left_over.any():
            raise LayoutError(
                f"{is_left_over.sum()} rows of {path} are in no part of the layout, first row "
                f"{is_left_over.argmax() + 1}; name them in the key `unused`"
            )


def group_by_path(tables: list[TableSelection]) -> dict[str, list[TableSelection]]:
    """Return what all parts use of each table."""
    selections: dict[str, list[TableSelection]] = defaultdict(list)
    for selection in tables:
        selections[selection.path].append(selection)
    return selections


def find_unused_rows(selections: list[TableSelection]) -> Vector:
    """Return which rows of a table are blank or unused in all parts, shape (n_rows,)."""
    return np.all([each.is_unused for each in selections], axis=0)


def add_columns(folder: Folder, images: LabelledImages, n_train: int) -> None:
    """Complete the table of the images, of which the first `n_train` are the training set."""
    rows = images.rows
    if "id" not in rows:
        rows["id"] = np.arange(1, len(rows) + 1)
    for column in ("class", "group"):
        if column in rows:
            rows[column] = to_text(rows[column])
    rows["test"] = rows.index >= n_train
    if not images.shape and not rows["file"].isin(folder.files).all():
        # The pictures stand in a column of tables. `data/train/17` is the picture in row 17 of
        # data/train.parquet. The folder `data` is removed if all tables are in it.
        folders = [posixpath.dirname(selection.path) for selection in images.tables]
        top = posixpath.commonpath(folders)
        rows["file"] = [posixpath.relpath(name, top) for name in rows["file"]]


def find_rare_classes(rows: pd.DataFrame, min_images: int) -> list[str]:
    """Return the classes with fewer than `min_images` images outside the test set."""
    if min_images == 1 or "class" not in rows:
        return []
    n_train = (~rows["test"]).groupby(rows["class"]).sum()
    return sorted(n_train[n_train < min_images].index)


def leave_out_classes(images: LabelledImages, names: Sequence[str]) -> LabelledImages:
    """Return images without those of some classes.

    Raises:
        LayoutError: no image is of such a class.
    """
    if not names:
        return images
    classes = images.rows.get("class", pd.Series(dtype=str))
    names = [to_nfc(name) for name in names]  # as `to_text` writes the classes
    unknown = [name for name in names if name not in set(classes)]
    if unknown:
        raise LayoutError(f"unused: no image is of the class {unknown[0]!r}")
    is_used = ~classes.isin(names).to_numpy(bool)
    rows = images.rows[is_used].reset_index(drop=True)
    select = select_in_blocks if images.shape else compress
    return replace(images, rows=rows, contents=lambda: select(images.contents(), is_used))


def to_text(column: pd.Series) -> pd.Series:
    """Return classes or groups as strings, in Unicode's form NFC, without blanks around them.

    pandas writes whole numbers as `3.0` if its column once had missing values, and NumPy as
    `3.0e+00`. They become `3`, if all values are such numbers. `03` stays as it is.
    """
    # There are few different values, so each is converted once.
    codes, values = pd.factorize(column, use_na_sentinel=False)
    texts = [to_nfc(str(value).strip()) for value in values]
    are_decimals = all(re.fullmatch(r"-?\d+\.\d*(e[+-]?\d\d?)?", text) for text in texts)
    if are_decimals:
        numbers = [Decimal(text) for text in texts]  # a float has only 15 digits
        if all(number % 1 == 0 for number in numbers):
            texts = [str(int(number)) for number in numbers]
    # pandas' type of strings needs UTF-8, and the name of a folder may be in another encoding.
    return pd.Series(np.array(texts, dtype=object)[codes], column.index, dtype=object)


def find_unused_columns(tables: list[TableSelection]) -> dict[str, pd.Series]:
    """Return the unused columns that all tables have, with their values for each image.

    Columns that have not been read are omitted, such as columns of pixels.
    """
    if not tables:
        return {}
    unused = []
    for selection in tables:
        used = [*selection.columns, *selection.image_columns]
        columns = selection.table.cached_columns.drop(columns=used, errors="ignore")
        unused.append(columns[selection.is_chosen])
    joined = pd.concat(unused, join="inner", ignore_index=True)
    return {str(name): values for name, values in joined.items()}


def find_unused_arrays(folder: Folder, images: LabelledImages) -> list[str]:
    """Return the unused arrays of the files that are used, without single values."""
    files = images.files.intersection(folder.array_files)
    arrays = folder.load_arrays(sorted(files))
    return [
        name for name, array in arrays.items() if name not in images.arrays and array.size > 1
    ]
