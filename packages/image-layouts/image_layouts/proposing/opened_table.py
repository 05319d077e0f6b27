"""A table of somebody's files, and what its columns look like."""

import posixpath
from functools import cached_property
from typing import Any

import pandas as pd

from image_layouts.layout.hugging_face import find_image_columns
from image_layouts.layout.place import Place
from image_layouts.layout.read_table import find_blank_rows, list_distinct, normalize_path
from image_layouts.layout.table_file import TableFile
from image_layouts.proposing import columns
from image_layouts.proposing.table_format import find_format
from image_layouts.proposing.words import find_subset

MAX_BESIDE_PIXELS = 10  # so few pictures beside a table of pixels are ignored
MAX_TEXTS = 100  # a table with more columns has pixels


class OpenedTable:
    """A table. Its columns are read when they are needed.

    Attributes:
        place: all files.
        name: the path of the table.
        csv_format: the keys `encoding`, `separator` and `header` of a layout.
        file: the columns of the table.
        subset: the subset that the path names, `train` or `test`, or "".
    """

    def __init__(self, place: Place, name: str) -> None:
        """Open a table.

        Raises:
            LayoutError: the file cannot be read.
        """
        self.place = place
        self.name = name
        self.csv_format: dict[str, Any] = find_format(place.files[name])
        self.file: TableFile = place.open_table(name, **self.csv_format)
        if "header" not in self.csv_format and names_picture_in_header(place, self.file):
            self.csv_format["header"] = False
            self.file = place.open_table(name, **self.csv_format)
        folder, file_name = posixpath.split(name)
        stem, _ = posixpath.splitext(file_name)
        self.subset = find_subset(stem) or find_subset(folder)

    @property
    def has_header(self) -> bool:
        """Whether the first line has the names of the columns."""
        return bool(self.csv_format.get("header", True))

    @cached_property
    def numbered_columns(self) -> list[str]:
        """The columns with names such as pixel1, if there are so many that they are pixels."""
        return columns.list_numbered_pixels(self.file.names)

    @property
    def must_name_pictures(self) -> bool:
        """Whether the images are pictures beside the table.

        A few pictures beside a table of pixels are ignored.
        """
        max_ignored = MAX_BESIDE_PIXELS if self.numbered_columns else 0
        return len(self.place.pictures) > max_ignored

    @cached_property
    def image_columns(self) -> dict[str, str]:
        """The columns with images, each with its key in a layout, `picture` or `pixels`.

        A parquet or Arrow file has a schema: columns of bytes are pictures, and columns of
        lists are pixels. In a CSV file, pictures are recognized by the first rows.
        """
        if self.file.schema is not None:
            return find_image_columns(self.file.schema)
        has_rows = self.file.start.count("\n") > 1  # or `start` ends inside the first row
        if has_rows and not columns.BASE64_START.search(self.file.start):
            return {}
        return {
            str(name): "picture"
            for name, values in self.file.sample.items()
            if columns.are_in_base64(values)
        }

    @cached_property
    def texts(self) -> dict[str, pd.Series]:
        """The columns that may have classes, groups, ids or paths, as strings.

        Blank rows are left out.
        """
        may_have_pixels = not (
            self.must_name_pictures or self.image_columns or self.has_packed_column()
        )
        names = [
            name
            for name in self.list_text_columns(may_have_pixels=may_have_pixels)
            if name not in self.image_columns
        ]
        texts = self.file.read_texts(names, whole=not may_have_pixels)
        if self.file.schema is None:
            texts = self.drop_blank_rows(texts)
        return {
            str(name): values
            for name, values in texts.items()
            if not columns.is_meaningless(str(name), values)
        }

    def drop_blank_rows(self, texts: pd.DataFrame) -> pd.DataFrame:
        """Return columns without blank rows, which Excel may write at the end.

        A row without texts may have pixels, so the first and the last column must be blank.
        """
        are_blank = find_blank_rows(texts)
        if not are_blank.any():
            return texts
        both_ends = list_distinct([self.file.names[0], self.file.names[-1]])
        return texts[~(are_blank & find_blank_rows(self.file.read_texts(both_ends)))]

    @cached_property
    def numeric_columns(self) -> set[str]:
        """The columns whose first values are all numbers, or are texts of numbers or blank."""
        sample = self.file.sample
        numbers = sample.select_dtypes("number")
        numeric = set(numbers.columns[numbers.notna().all()]) if len(sample) else set()
        texts = sample.drop(columns=numbers.columns).astype(str)
        return numeric | {str(name) for name in texts if columns.is_numeric(texts[name])}

    def has_packed_column(self) -> bool:
        """Return whether a column has all pixels of an image, separated by spaces."""
        texts = self.file.sample.select_dtypes(exclude="number").astype(str)
        return any(columns.is_packed(texts[name]) for name in texts)

    def list_text_columns(self, *, may_have_pixels: bool) -> list[str]:
        """Return the columns without pixels.

        Numbered columns, such as pixel1, are pixels. In other tables that may have pixels, all
        columns of numbers may be pixels, except those with usual names and the two ends.
        """
        names = self.file.names
        pixels = set(self.numbered_columns)
        others = [name for name in names if name not in pixels]
        if pixels and others:
            return others
        if not may_have_pixels and len(names) <= MAX_TEXTS:
            return names
        ends = (names[0], names[-1])  # where the classes are in a table without names
        return [
            name
            for name in names
            if name in ends or columns.is_usual(name) or name not in self.numeric_columns
        ]


def names_picture_in_header(place: Place, table: TableFile) -> bool:
    """Return whether the first line of a table names a picture, so that it is no header.

    The second line must name a picture in the same column, because one picture may have the
    name of a column, such as `label.png`.
    """
    names = [name for name in table.names if names_picture(place, name)]
    if not names:
        return False
    second_line = table.sample[names].head(1).astype(str)
    is_only_line = second_line.empty
    texts = second_line.to_numpy().ravel()
    return is_only_line or any(names_picture(place, text) for text in texts)


def names_picture(place: Place, text: str) -> bool:
    """Return whether a text is the end of the path of a picture."""
    return normalize_path(text, "") in place.pictures_by_end
