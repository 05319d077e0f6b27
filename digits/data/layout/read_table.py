"""Read a part of a layout that has tables with one row per image."""

import posixpath
import re
from collections.abc import Collection, Iterator, Sequence
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from digits.core import tables
from digits.core.tables import Vector
from digits.data.intake import one_class
from digits.data.intake.collection import BATCH_SIZE, shorten
from digits.data.layout.axes import arrange
from digits.data.layout.hugging_face import find_class_names
from digits.data.layout.part import PartImages, TableSelection, join
from digits.data.layout.pattern import find_matches, to_nfc
from digits.data.layout.place import Place
from digits.data.layout.table_file import TableFile
from digits.settings.errors import UserError
from digits.settings.layout import TablePart, Where

# A column in the path of a picture, such as `{id}`, `{path.name}` or `{path.stem}`.
COLUMN = re.compile(r"\{([^{}]+)\}")


def read_table(place: Place, part: TablePart, unused: Sequence[Where]) -> PartImages:
    """Return the images of the rows of a part's tables, without those that are unused.

    Raises:
        UserError: there are no such tables, or they have other columns than the layout says.
    """
    fields = find_matches(part.table, sorted(place.files))
    if not fields:
        raise UserError(f"no file in {place.root} fits {shorten(part.table)}")
    images = join([read_one(place, part, unused, name, fields[name]) for name in fields])
    if images.rows.index.empty:
        raise UserError(f"no row of {shorten(list(fields))} has the values of `where`")
    return images


def read_one(
    place: Place, part: TablePart, unused: Sequence[Where], path: str, fields: dict[str, str]
) -> PartImages:
    """Return the images of one table. `fields` is what its path says, such as the class."""
    table = place.open_table(path, part.separator, part.encoding, header=part.header)
    with table.report_unreadable():
        use = find_rows(table, path, part, unused)
        shape = find_shape(use, part.axes) if part.pixels else []
        texts = table.read_texts(use.columns)[use.is_chosen]
        rows = pd.DataFrame(fields, index=texts.index)
        if part.file:
            rows["id"] = rows["file"] = find_pictures(place, part.file, path, texts)
        if part.picture:
            table.check_names(use.image_columns)
            folder, _ = posixpath.splitext(path)
            rows["file"] = [f"{folder}/{number + 1}" for number in rows.index]
        if part.id:
            rows["id"] = texts[part.id]
        if part.group:
            rows["group"] = texts[part.group]
        if part.classes:
            rows["class"] = make_classes(texts[part.classes], table)
    rows = rows.reset_index(drop=True)
    contents = partial(read_contents, place, part, use, rows)
    return PartImages(rows, contents, shape, files={path}, tables=[use])


def find_rows(
    table: TableFile, path: str, part: TablePart, unused: Sequence[Where]
) -> TableSelection:
    """Return which columns and rows of a table a part uses."""
    of_path = [column for column, _ in split_columns(part.file, table.names)]
    named = [*part.classes, part.group, part.id, *part.where, *of_path]
    columns = list(dict.fromkeys(name for name in named if name))
    contents = [part.picture] if part.picture else []
    last_pixel = []
    if part.pixels:
        contents = list_pixels(table, part.pixels, columns)
        last_pixel = contents[-1:]  # which only blank rows lack
    texts = table.read_texts([*columns, *last_pixel], whole=not part.pixels)
    if texts.index.empty:
        raise UserError("it has no rows")
    # A picture is never blank, only its class or group.
    is_blank = np.zeros(len(texts), bool) if part.picture else find_blank(texts)
    are_unused = [
        choose_rows(table.read_texts(list(where)), where)
        for where in unused
        if set(where).issubset(table.names)
    ]
    is_unused = np.any([is_blank, *are_unused], axis=0)
    is_chosen = ~is_unused & choose_rows(texts, part.where)
    return TableSelection(path, table, columns, contents, is_chosen, is_unused)


def list_pixels(table: TableFile, text: str, others: Collection[str]) -> list[str]:
    """Return the columns of a text such as `p0 to p63`, or `pixels`, without `others`.

    Raises:
        UserError: one is missing.
    """
    first, _, last = text.partition(" to ")
    if text in table.names or not last:
        first = last = text
    table.check_names([first, last])
    start, stop = table.names.index(first), table.names.index(last)
    if stop < start:
        raise UserError(f"the column {last} stands before {first}")
    return [name for name in table.names[start : stop + 1] if name not in others]


def find_blank(texts: pd.DataFrame) -> Vector:
    """Return which rows have no values, as those at the end of some tables from Excel."""
    is_blank = texts.apply(lambda column: column.str.strip() == "")
    return is_blank.all(axis=1).to_numpy(bool)


def choose_rows(texts: pd.DataFrame, where: Where) -> Vector:
    """Return which rows have one of the values of each column. * stands for any text."""
    chosen = np.ones(len(texts), bool)
    for column, patterns in where.items():
        values = texts[column].str.strip().replace({"True": "true", "False": "false"})
        expression = "|".join(re.escape(pattern).replace(r"\*", ".*") for pattern in patterns)
        chosen &= values.str.fullmatch(expression).to_numpy(bool)
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
    columns = split_columns(template, list(map(str, texts)))
    values = [[normalize_path(text, part) for text in texts[name]] for name, part in columns]
    folder = posixpath.dirname(table_name)
    path = COLUMN.sub("{}", template)
    paths = [
        posixpath.normpath(posixpath.join(folder, path.format(*row)))
        for row in zip(*values, strict=True)
    ]
    if "*" in template:
        found = [find_by_wildcards(place, path) for path in paths]
    else:
        known = set(place.pictures)
        found = [[path] if path in known else [] for path in paths]
    wrong = [row for row, names in enumerate(found) if len(names) != 1]
    if wrong:
        first = texts.iloc[wrong[:20]]
        listed = [" ".join(first.loc[row]).strip() or "a blank" for row in first.index]
        several = found[wrong[0]]
        raise UserError(
            f"{len(wrong)} of {len(found)} rows name no single picture by {template}: "
            f"{shorten(listed)}"
            + (f"; the first one may be {shorten(several)}" if several else "")
        )
    return [name for [name] in found]


def split_columns(template: str, names: Sequence[str]) -> list[tuple[str, str]]:
    """Return the columns in the path of a picture, and which part of their values is meant.

    Args:
        template: the path.
        names: the columns of the table, one of which may itself be called `file.name`.
    """
    columns = []
    for text in COLUMN.findall(template):
        column, part = posixpath.splitext(text)
        is_part = text not in names and part in (".name", ".stem")
        columns.append((column, part) if is_part else (text, ""))
    return columns


def find_by_wildcards(place: Place, path: str) -> list[str]:
    """Return the pictures that fit a path, in which * stands for any text in a name."""
    stem = posixpath.basename(path).removesuffix(".*")
    # Without another wildcard in the name, only few pictures have to be compared.
    candidates = place.pictures if "*" in stem else place.pictures_by_end.get(stem, [])
    expression = re.compile(re.escape(path).replace(r"\*", "[^/]*"))
    return [each for each in candidates if expression.fullmatch(each)]


def normalize_path(path: str, part: str) -> str:
    """Return a path in a table as the paths of files are written, or a part of it.

    Args:
        path: the value.
        part: `.name`, for the part after the last slash, `.stem`, for the same without the
            ending, or "".
    """
    text = to_nfc(path.strip().replace("\\", "/")).removeprefix("./")
    if part:
        text = posixpath.basename(text)
    return posixpath.splitext(text)[0] if part == ".stem" else text


def find_shape(use: TableSelection, axes: str) -> list[int]:
    """Return the shape of the images in the columns of pixels."""
    n_values = len(use.image_columns)
    if n_values == 1:  # all pixels are in one column
        first = next(use.table.read_blocks(use.image_columns, n_rows=1))
        n_values = len(str(first.iloc[0, 0]).split())
    image = np.empty((1, n_values))
    return list(arrange(image, axes).shape[1:])


def make_classes(texts: pd.DataFrame, table: TableFile) -> pd.Series:
    """Return the class of each row, from the column of the classes, or one for each class.

    Raises:
        UserError: a row has several classes, or none.
    """
    if texts.empty:
        return pd.Series(dtype=object)
    if texts.shape[1] > 1:
        return find_one_hot(texts)
    [column] = texts
    classes = texts[column].map(str.strip)
    names = find_class_names(table.schema, str(column))
    if not names:
        return classes
    named = classes.map({str(number): name for number, name in enumerate(names)})
    without = classes[named.isna()]
    if len(without):
        raise UserError(
            f"{len(without)} rows have the {column} {without.iloc[0]}, which stands for no "
            "class; leave them out by the key `unused`"
        )
    return named


def find_one_hot(texts: pd.DataFrame) -> pd.Series:
    """Return the name of the column that is 1 in each row.

    Raises:
        UserError: in a row, there are other values than 1 and 0, or not a single 1.
    """
    numbers = texts.apply(to_flags)
    is_other = ~numbers.isin([0, 1]).all(axis=1).to_numpy(bool)
    if is_other.any():
        first = int(is_other.argmax())
        values = ", ".join(texts.iloc[first].unique()[:5])
        raise UserError(
            f"row {texts.index[first] + 1} has {values} in the columns of the classes, of "
            "which one must be 1, and all others 0"
        )
    one_class.check_one_hot(numbers)
    names = texts.columns.str.strip().to_numpy()
    return pd.Series(names[numbers.to_numpy().argmax(axis=1)], texts.index)


def to_flags(texts: pd.Series) -> pd.Series:
    """Return numbers, and 1 and 0 for `True` and `False`. Other texts are missing."""
    words = texts.str.strip().str.lower().replace({"true": "1", "false": "0"})
    return pd.to_numeric(words, errors="coerce").astype(float)


def read_contents(
    place: Place, part: TablePart, use: TableSelection, rows: pd.DataFrame
) -> Iterator[Any]:
    """Yield the picture of each row, as a path or bytes, or blocks of pixels.

    A block has the shape (n_rows, n_values).
    """
    if part.file:
        for name in rows["file"]:
            yield place.files[name]
        return
    n_rows = BATCH_SIZE
    if part.pixels:
        n_rows = tables.rows_per_block(tables.BATCH_BYTES, len(use.image_columns))
    start = 0
    for block in use.table.read_blocks(use.image_columns, n_rows):
        chosen = block[use.is_chosen[start : start + len(block)]]
        start += len(block)
        if part.picture:
            for value in chosen[part.picture]:
                # Hugging Face has a structure with the name and the content of a file.
                yield (value["bytes"] if isinstance(value, dict) else value) or b""
        elif len(chosen):
            with use.table.report_unreadable():
                yield to_pixels(chosen, part)


def to_pixels(rows: pd.DataFrame, part: TablePart) -> Any:
    """Return the pixels of rows, shape (n_rows, n_values).

    Raises:
        UserError: a value is no number.
    """
    not_numeric = list(rows.select_dtypes(exclude=["number", "bool"]))
    if not_numeric and rows.shape[1] == 1:  # all pixels are in one column
        words = rows.iloc[:, 0].astype(str).str.split()
        if words.map(len).nunique() > 1:
            raise UserError(f"the column {rows.columns[0]} has rows of different lengths")
        values = np.array(words.tolist(), dtype=float)
    else:
        # Beside a blank row, the numbers of a column are texts.
        numbers = rows.apply(pd.to_numeric, errors="coerce") if not_numeric else rows
        wrong = [name for name in not_numeric if numbers[name].isna().any()]
        if wrong:
            raise UserError(f"the column {wrong[0]} has values that are not numbers")
        values = numbers.to_numpy()
    return arrange(values, part.axes, part.scale).reshape(len(rows), -1)
