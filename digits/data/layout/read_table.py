"""Read a part of a layout that has tables with one row per image."""

import posixpath
import re
from collections.abc import Callable, Iterator, Sequence
from fnmatch import fnmatchcase
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from digits.core import tables
from digits.core.tables import Vector
from digits.data.intake import one_class
from digits.data.intake.collection import BATCH_SIZE, shorten
from digits.data.layout.axes import arrange
from digits.data.layout.part import PartImages, TableRows
from digits.data.layout.pattern import find_matches, normalize
from digits.data.layout.place import Place
from digits.data.layout.table_file import TableFile
from digits.data.sources.table import find_class_names
from digits.settings.errors import UserError
from digits.settings.layout import Rows, TablePart

# A column in the path of a picture, such as `{id}`, `{path.name}` or `{path.stem}`.
COLUMN = re.compile(r"\{([^{}]+?)(\.name|\.stem)?\}")


def read_table(place: Place, part: TablePart) -> PartImages:
    """Return the images of the rows of a part's tables.

    Raises:
        UserError: there are no such tables, or they have other columns than the layout says.
    """
    fields = find_matches(part.table, sorted(place.files))
    if not fields:
        raise UserError(f"no file in {place.root} fits {shorten(part.table)}")
    read = [read_one(place, part, name, texts) for name, texts in fields.items()]
    shapes = {tuple(each.shape) for each in read}
    if len(shapes) > 1:
        raise UserError(f"images of several shapes: {shorten(sorted(shapes))}")
    return PartImages(
        pd.concat([each.rows for each in read], ignore_index=True),
        contents=lambda: (content for each in read for content in each.contents()),
        shape=read[0].shape,
        files=set(fields),
        columns=read[0].columns,
        tables={name: rows for each in read for name, rows in each.tables.items()},
    )


def read_one(place: Place, part: TablePart, name: str, fields: dict[str, str]) -> PartImages:
    """Return the images of the rows of one table.

    Args:
        place: all files.
        part: the part of the layout.
        name: the path of the table.
        fields: what the path says, such as the class.
    """
    opened = place.open_table(name, part.separator, part.encoding, header=part.header)
    with opened.report_unreadable():
        path_columns = [column for column, _ in COLUMN.findall(part.file)]
        used = [*part.classes, part.group, part.id, *part.where, *path_columns]
        used = list(dict.fromkeys(filter(None, used)))
        texts = opened.read_texts(used)
        is_blank = find_blank(texts)
        chosen = ~is_blank & choose_rows(texts, part.where)
        chosen_texts = texts[chosen]
        rows = pd.DataFrame(fields, index=chosen_texts.index)
        shape: list[int] = []
        names: list[str] = []
        if part.file:
            rows["id"] = rows["file"] = find_pictures(place, part.file, name, chosen_texts)
        elif part.picture:
            opened.check_names([part.picture])
            names = [part.picture]
            path, _ = posixpath.splitext(name)
            rows["file"] = [f"{path}/{number + 1}" for number in rows.index]
        else:
            names = choose_columns(opened, part.pixels)
            shape = find_shape(opened, names, part)
        if part.id:
            rows["id"] = chosen_texts[part.id]
        if part.group:
            rows["group"] = chosen_texts[part.group]
        if part.classes:
            rows["class"] = make_classes(chosen_texts[part.classes], opened)
    if part.file:
        contents: Callable[[], Iterator[Any]] = partial(
            map, place.files.__getitem__, rows["file"].tolist()
        )
    else:
        contents = partial(read_contents, opened, names, chosen, part)
    left = [column for column in opened.names if column not in {*used, *names}]
    return PartImages(
        rows.reset_index(drop=True),
        contents,
        shape,
        columns={column: opened.texts[column] for column in left if column in opened.texts},
        tables={name: TableRows(opened, chosen, is_blank)},
    )


def find_blank(texts: pd.DataFrame) -> Vector:
    """Return which rows have no values, as those at the end of some tables from Excel."""
    if texts.shape[1] == 0:
        return np.zeros(len(texts), bool)
    return texts.apply(lambda column: column.str.strip() == "").all(axis=1).to_numpy()


def choose_rows(texts: pd.DataFrame, where: Rows) -> Vector:
    """Return which rows have one of some values, in which * stands for any text.

    Args:
        texts: columns.
        where: the values by their columns.
    """
    chosen = np.ones(len(texts), bool)
    for column, patterns in where.items():
        values = texts[column].str.strip()
        fits = {
            value: any(fnmatchcase(value, pattern) for pattern in patterns)
            for value in values.unique()
        }
        chosen &= values.map(fits).to_numpy(bool)
    return chosen


def find_pictures(
    place: Place, template: str, table_name: str, texts: pd.DataFrame
) -> list[str]:
    """Return the path of the picture of each row.

    Args:
        place: all files.
        template: the path from the folder of the table, in which {COLUMN} stands for a value of
            the row, and * for any text in a name.
        table_name: the path of the table.
        texts: the columns of the rows.

    Raises:
        UserError: a picture is not there, or there are several.
    """
    whole = posixpath.normpath(posixpath.join(posixpath.dirname(table_name), template))
    columns = COLUMN.findall(whole)
    between = COLUMN.sub("{}", whole).split("{}")
    expression = re.compile(
        "(.+)".join(re.escape(text).replace(r"\*", "[^/]*") for text in between)
    )
    pictures: dict[tuple[str, ...], list[str]] = {}
    for name in place.pictures:
        match = expression.fullmatch(name)
        if match:
            pictures.setdefault(match.groups(), []).append(name)
    values = [[clean(text, part) for text in texts[column]] for column, part in columns]
    found = [pictures.get(key, []) for key in zip(*values, strict=True)]
    wrong = [row for row, names in enumerate(found) if len(names) != 1]
    if wrong:
        listed = [
            " ".join(texts[column].iloc[row] for column, _ in columns) for row in wrong[:20]
        ]
        several = found[wrong[0]]
        raise UserError(
            f"{len(wrong)} of {len(found)} rows name no single picture by {template}: "
            f"{shorten(listed)}"
            + (f"; the first one may be {shorten(several)}" if several else "")
        )
    return [names[0] for names in found]


def clean(path: str, part: str) -> str:
    """Return a path in a table as the paths of files are written, or a part of it.

    Args:
        path: the value.
        part: `.name`, for the part after the last slash, `.stem`, for the same without the
            ending, or "".
    """
    text = normalize(path.strip().replace("\\", "/")).removeprefix("./")
    if part:
        text = posixpath.basename(text)
    return posixpath.splitext(text)[0] if part == ".stem" else text


def choose_columns(opened: TableFile, text: str) -> list[str]:
    """Return the columns of a text such as `p0 to p63`, or `pixels`.

    Raises:
        UserError: one is missing.
    """
    first, _, last = text.partition(" to ")
    opened.check_names([first, last or first])
    start, stop = (opened.names.index(name) for name in (first, last or first))
    if stop < start:
        raise UserError(f"the column {last} stands before {first}")
    return opened.names[start : stop + 1]


def find_shape(opened: TableFile, names: Sequence[str], part: TablePart) -> list[int]:
    """Return the shape of the images in the columns of pixels."""
    n_values = len(names)
    if n_values == 1:  # all pixels are in one column
        first = next(opened.read_blocks(names, n_rows=1))
        n_values = len(str(first.iloc[0, 0]).split())
    return list(arrange(np.empty((1, n_values)), part.axes).shape[1:])


def make_classes(texts: pd.DataFrame, opened: TableFile) -> pd.Series:
    """Return the class of each row: its text, or the name of the column that is 1.

    Raises:
        UserError: a row has several classes, or none.
    """
    if texts.shape[1] > 1:  # one column per class
        numbers = texts.apply(pd.to_numeric, errors="coerce").astype(float)
        is_other = ~numbers.isin([0, 1]).all(axis=1)
        if is_other.any():
            row = is_other.idxmax()
            values = ", ".join(texts.loc[row].unique()[:5])
            raise UserError(
                f"row {row + 1} has {values} in the columns of the classes, of which one must "
                "be 1, and all others 0"
            )
        one_class.check_one_hot(numbers)
        return numbers.idxmax(axis=1).str.strip()
    classes = texts.iloc[:, 0].str.strip()
    class_names = find_class_names(opened.schema, str(classes.name))
    if not class_names:
        return classes
    names = classes.map({str(number): name for number, name in enumerate(class_names)})
    if names.isna().any():
        without = classes[names.isna()]
        raise UserError(
            f"{len(without)} rows have the {classes.name} {without.iloc[0]}, which stands for "
            "no class; leave them out by the key `unused`"
        )
    return names


def read_contents(
    opened: TableFile, names: Sequence[str], chosen: Vector, part: TablePart
) -> Iterator[Any]:
    """Yield the pictures in the chosen rows of a table, or blocks of their pixels.

    Args:
        opened: the table.
        names: the columns of the pictures or the pixels.
        chosen: which rows.
        part: the part of the layout.
    """
    n_rows = BATCH_SIZE
    if not part.picture:
        n_rows = tables.rows_per_block(tables.BATCH_BYTES, len(names))
    start = 0
    for block in opened.read_blocks(names, n_rows):
        kept = block[chosen[start : start + len(block)]]
        start += len(block)
        if part.picture:
            for value in kept[part.picture]:
                yield (value["bytes"] if isinstance(value, dict) else value) or b""
        elif len(kept):
            with opened.report_unreadable():
                yield to_pixels(kept, part)


def to_pixels(rows: pd.DataFrame, part: TablePart) -> Any:
    """Return the pixels of rows, shape (n_rows, n_values).

    Raises:
        UserError: a value is no number.
    """
    if rows.shape[1] == 1:  # all pixels are in one column
        values = np.array([text.split() for text in rows.iloc[:, 0]], dtype=float)
    else:
        not_numeric = list(rows.select_dtypes(exclude=["number", "bool"]))
        if not_numeric:
            raise UserError(f"the column {not_numeric[0]} has values that are not numbers")
        values = rows.to_numpy()
    return arrange(values, part.axes, part.scale).reshape(len(rows), -1)
