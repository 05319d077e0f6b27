"""Find out what the columns of a table of images mean."""

import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd

from digits.data.intake import one_class, subsets
from digits.data.intake.collection import shorten
from digits.data.sources import folder
from digits.imaging import pictures
from digits.settings.errors import UserError

# The usual names of columns, in lower case, and without `_`, `-` and blanks. Of several file
# columns, the first one in this list is taken.
CLASS_COLUMNS = ["class", "label", "labels", "target", "category", "classname", "classid"]
GROUP_COLUMNS = ["group", "writer", "patient", "patientid", "subject", "subjectid"]
SPLIT_COLUMNS = ["split", "subset", "usage"]
ID_COLUMNS = ["id", "imageid", "index"]
FILE_COLUMNS = [
    "file",
    "filename",
    "filepath",
    "path",
    "image",
    "imagepath",
    "imagename",
    "img",
]
FILE_COLUMNS += ["images", "picture", *ID_COLUMNS]

# The index that pandas writes. In a CSV file, its column has no name.
PANDAS_INDEX = {"", "unnamed: 0", "__index_level_0__"}

MIN_PIXELS = 4  # in a column that has all pixels of an image

Sample = dict[str, pd.Series]  # the first values of each column


class MissingColumnError(UserError):
    """A table without a column that the user has chosen."""


class Columns(NamedTuple):
    """The columns of a table by what they mean. None, or an empty list, if there is none.

    Attributes:
        encoded: the pictures themselves.
        file: the names of pictures.
        packed: all pixels of an image, separated by spaces.
        pixels: the pixels, one column each.
        classes: the classes, or one column per class.
        group: the groups.
        split: whether an image is in the training set or in the test set.
        id: what the owner calls an image.
        left_out: all other columns.
    """

    encoded: str | None
    file: str | None
    packed: str | None
    pixels: list[str]
    classes: list[str]
    group: str | None
    split: str | None
    id: str | None
    left_out: list[str]

    @property
    def has_pictures(self) -> bool:
        """Whether the table has pictures, or names them. Otherwise it has pixels."""
        return bool(self.encoded or self.file)

    @property
    def texts(self) -> list[str]:
        """The columns that have neither pictures nor pixels."""
        names = [self.id, self.file, self.split, self.group, *self.classes]
        return list(dict.fromkeys(name for name in names if name is not None))


class PictureFinder:
    """Finds the pictures in a folder that a table names.

    Attributes:
        root: the folder.
    """

    def __init__(self, root: Path) -> None:
        self.root = root

    @cached_property
    def paths_by_name(self) -> dict[str, Path | None]:
        """The pictures by all ends of their paths, with and without the ending of the file.

        If several pictures have the same name, it is None. A whole path names its picture even
        if it is also the end of another path, as `1.png` is of `old/1.png`.
        """
        paths: dict[str, Path | None] = {}
        whole_paths: dict[str, Path | None] = {}
        for path in folder.iterate_files(self.root, may_be_empty=True):
            if not pictures.is_picture_file(path):
                continue
            parts = path.relative_to(self.root).parts
            for start in range(len(parts)):
                name = "/".join(parts[start:])
                for key in {name, name.removesuffix(path.suffix)}:
                    paths[key] = None if key in paths else path
            whole_paths["/".join(parts)] = path
        return paths | whole_paths

    def find(self, name: str, beside: Path) -> Path | None:
        """Return the picture with a name, or None if there are none or several.

        Folders at the beginning of the name that are not in this folder do not matter, such as
        those of the machine on which the table was written.

        Args:
            name: the name.
            beside: the folder of the table. The pictures in it come first.
        """
        name = name.strip().replace("\\", "/")
        folder_name = beside.relative_to(self.root).as_posix()
        found = self.paths_by_name.get(posixpath.normpath(f"{folder_name}/{name}"))
        if found:
            return found
        parts = posixpath.normpath(name).split("/")
        for start in range(len(parts)):
            end = "/".join(parts[start:])
            if end in self.paths_by_name:
                return self.paths_by_name[end]
        return None


def find_columns(
    sample: Sample,
    encoded: str | None,
    finder: PictureFinder,
    beside: Path,
    chosen: Mapping[Any, str],
) -> Columns:
    """Return the columns of a table by what they mean.

    Args:
        sample: the first values of each column.
        encoded: the column that has the pictures themselves, or None.
        finder: finds the pictures that the table names.
        beside: the folder of the table.
        chosen: the columns that the user has chosen as `class` or `group`.

    Raises:
        MissingColumnError: a chosen column is missing.
        UserError: it is not clear which column has the classes, or there are neither pictures
            nor pixels.
    """
    for name in chosen.values():
        if name not in sample:
            raise MissingColumnError(f"it has no column {name!r}, but {shorten(list(sample))}")
    # A table can have ten thousand columns of pixels, and each look at one takes time.
    not_numbers = {
        name: values
        for name, values in sample.items()
        if name != encoded and not is_numeric(values)
    }
    file = None if encoded else find_file_column(sample, not_numbers, finder, beside)
    has_pictures = bool(encoded or file)
    packed = None if has_pictures else find_packed_column(not_numbers)
    if not has_pictures and not packed:
        check_no_picture_missing(not_numbers, finder.root)
    group = chosen.get("group") or find_usual_column(sample, GROUP_COLUMNS)
    if group == file:
        group = None
    split = find_split_column(sample)
    image_id = find_usual_column(sample, ID_COLUMNS)

    used = {encoded, file, packed, group, split, image_id}
    others = [
        name for name in sample if name not in used and simplify(name) not in PANDAS_INDEX
    ]
    if file and image_id and not others and sample[image_id].duplicated().any():
        others = [image_id]  # of the thing in the picture, as in `Image,Id`
        image_id = None
    if "class" in chosen:
        classes = [chosen["class"]]
    else:
        may_be_numbers = has_pictures or bool(packed)
        classes = find_class_columns({name: sample[name] for name in others}, may_be_numbers)
    others = [name for name in others if name not in classes]
    pixels = []
    if not has_pictures and not packed:
        pixels = [name for name in others if name not in not_numbers]
        if not pixels:
            raise UserError(
                f"it names no pictures that are in {finder.root}, and has no columns of "
                f"pixels, but {shorten(list(sample))}"
            )
    left_out = [name for name in others if name not in pixels]
    return Columns(encoded, file, packed, pixels, classes, group, split, image_id, left_out)


def find_usual_column(sample: Sample, usual_names: Sequence[str]) -> str | None:
    """Return the first column that has one of the usual names, or None."""
    return next((name for name in sample if simplify(name) in usual_names), None)


def find_file_column(
    sample: Sample, not_numbers: Iterable[str], finder: PictureFinder, beside: Path
) -> str | None:
    """Return the column with the names of pictures that were found, or None.

    Args:
        sample: the first values of each column.
        not_numbers: the columns that have other values than numbers.
        finder: finds the pictures that the table names.
        beside: the folder of the table.
    """
    usual = [name for name in sample if simplify(name) in FILE_COLUMNS]
    usual.sort(key=lambda name: FILE_COLUMNS.index(simplify(name)))
    for name in [*usual, *not_numbers]:
        if any(finder.find(str(value), beside) for value in sample[name][:5]):
            return name
    return None


def check_no_picture_missing(not_numbers: Sample, root: Path) -> None:
    """Check that a table whose pictures were not found names none.

    Args:
        not_numbers: the first values of each column that has other values than numbers.
        root: the folder of the pictures.

    Raises:
        UserError: it does.
    """
    for name, values in not_numbers.items():
        texts = to_text(values).str.lower()
        if len(texts) and texts.str.endswith(pictures.SUFFIXES).all():
            raise UserError(
                f"it names pictures in the column {name}, such as {values.iloc[0]}, which are "
                f"not in {root}, or are there several times"
            )


def find_packed_column(not_numbers: Sample) -> str | None:
    """Return the column that has all pixels of an image, separated by spaces, or None.

    Args:
        not_numbers: the first values of each column that has other values than numbers.
    """
    for name, values in not_numbers.items():
        rows = to_text(values).str.split()
        if len(rows) and all(
            len(words) >= MIN_PIXELS and all(word.isdecimal() for word in words)
            for words in rows
        ):
            return name
    return None


def find_split_column(sample: Sample) -> str | None:
    """Return the column that says which images are in which set, or None."""
    name = find_usual_column(sample, SPLIT_COLUMNS)
    if name is None:
        return None
    words_of_rows = to_text(sample[name]).map(subsets.split_words)
    is_subset = words_of_rows.map(lambda words: not subsets.SUBSET_WORDS.isdisjoint(words))
    return name if is_subset.all() else None


def find_class_columns(others: Sample, may_be_numbers: bool) -> list[str]:
    """Return the column of the classes, several columns if there is one per class, or none.

    Args:
        others: the first values of the columns that mean nothing else.
        may_be_numbers: whether a column of numbers with another name than the usual ones may
            have the classes. Otherwise, such columns are pixels.

    Raises:
        UserError: it is not clear which column has the classes, or there are several labels per
            image, quantities, or features.
    """
    candidates = [name for name in others if simplify(name) in CLASS_COLUMNS]
    if not candidates and may_be_numbers:
        candidates = list(others)
        numbers = [pd.to_numeric(column, errors="coerce") for column in others.values()]
        if len(candidates) > 1 and is_one_hot(np.column_stack(numbers)):
            return candidates
        if len(candidates) > 1:
            one_class.check_columns(others)
    if not candidates:  # of texts, those that stand in several rows
        candidates = [
            name
            for name, values in others.items()
            if not is_numeric(values) and values.duplicated().any()
        ]
    if len(candidates) > 1:
        features = {name: values for name, values in others.items() if is_numeric(values)}
        if features and not may_be_numbers:
            one_class.check_pixels(features)
        raise UserError(
            f"which column has the classes, {shorten(candidates)}? Run `digits start --class "
            "COLUMN`, or write `columns: {class: COLUMN}` into the entry of params.yaml"
        )
    return candidates


def simplify(name: str) -> str:
    """Return the name of a column in lower case, and without `_`, `-` and blanks.

    The names that pandas gives to an index stay as they are.
    """
    lower = name.strip().lower()
    return lower if lower in PANDAS_INDEX else re.sub(r"[\s_-]", "", lower)


def to_text(column: pd.Series) -> pd.Series:
    """Return the values of a column as text, and "" for missing ones."""
    return column.astype(str).fillna("")


def is_numeric(column: pd.Series) -> bool:
    """Return whether a column has numbers, also as text, and nothing else but blanks."""
    if pd.api.types.is_numeric_dtype(column):
        return True
    is_number = pd.to_numeric(column, errors="coerce").notna()
    if is_number.all():
        return True
    is_blank = column.astype(str).str.strip() == ""
    return bool(is_number.any() and (is_number | is_blank).all())


def is_one_hot(rows: Any) -> bool:
    """Return whether one value of each row is 1, and all others are 0.

    Args:
        rows: shape (n_rows, n_classes).
    """
    return bool(np.isin(rows, [0, 1]).all() and (rows.sum(axis=1) == 1).all())
