"""Read a part of a layout that has tables with one row per image."""

import posixpath
import re
from collections.abc import Callable, Collection, Iterator, Sequence
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
from digits.data.layout.part import PartImages, TableRows
from digits.data.layout.pattern import find_matches, to_nfc
from digits.data.layout.place import Place
from digits.data.layout.table_file import TableFile
from digits.settings.errors import UserError
from digits.settings.layout import TablePart, Where

# A column in the path of a picture, such as `{id}`, `{path.name}` or `{path.stem}`.
COLUMN = re.compile(r"\{([^{}]+)\}")


def read_table(place: Place, part: TablePart, unused: Sequence[Where]) -> PartImages:
    """Return the images of the rows of a part's tables.

    Args:
        place: all files.
        part: the part of the layout.
        unused: the values of rows that are left out.

    Raises:
        UserError: there are no such tables, or they have other columns than the layout says.
    """
    fields = find_matches(part.table, sorted(place.files))
    if not fields:
        raise UserError(f"no file in {place.root} fits {shorten(part.table)}")
    read = [read_one(place, part, unused, name, texts) for name, texts in fields.items()]
    shapes = {tuple(each.shape) for each in read}
    if len(shapes) > 1:
        raise UserError(f"images of several shapes: {shorten(sorted(shapes))}")
    rows = pd.concat([each.rows for each in read], ignore_index=True)
    if not len(rows):
        raise UserError(f"no row of {shorten(list(fields))} has the values of `where`")
    return PartImages(
        rows,
        contents=lambda: (content for each in read for content in each.contents()),
        shape=read[0].shape,
        files=set(fields),
        columns=read[0].columns,
        tables={name: rows for each in read for name, rows in each.tables.items()},
    )


def read_one(
    place: Place,
    part: TablePart,
    unused: Sequence[Where],
    name: str,
    fields: dict[str, str],
) -> PartImages:
    """Return the images of the rows of one table.

    Args:
        place: all files.
        part: the part of the layout.
        unused: the values of rows that are left out.
        name: the path of the table.
        fields: what the path says, such as the class.
    """
    opened = place.open_table(name, part.separator, part.encoding, header=part.header)
    with opened.report_unreadable():
        path_columns = [column for column, _ in split_columns(part.file, opened.names)]
        used = [*part.classes, part.group, part.id, *part.where, *path_columns]
        used = list(dict.fromkeys(filter(None, used)))
        pixels = choose_columns(opened, part.pixels, used) if part.pixels else []
        # Only blank rows lack a pixel. `digits start` has read one of these columns.
        ends = sorted([*pixels[:1], *pixels[-1:]], key=opened.texts.__contains__)
        texts = opened.read_texts([*used, *ends[-1:]], whole=not pixels)
        if texts.index.empty:
            raise UserError("it has no rows")
        # A picture is never blank, only its class or group.
        left_out = np.zeros(len(texts), bool) if part.picture else find_blank(texts)
        for where in unused:
            if set(where).issubset(opened.names):
                left_out = left_out | choose_rows(opened.read_texts(list(where)), where)
        chosen = ~left_out & choose_rows(texts, part.where)
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
            names = pixels
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
        tables={name: TableRows(chosen, left_out)},
    )


def find_blank(texts: pd.DataFrame) -> Vector:
    """Return which rows have no values, as those at the end of some tables from Excel."""
    if texts.shape[1] == 0:
        return np.zeros(len(texts), bool)
    return texts.apply(lambda column: column.str.strip() == "").all(axis=1).to_numpy(bool)


def choose_rows(texts: pd.DataFrame, where: Where) -> Vector:
    """Return which rows have one of some values, in which * stands for any text.

    Args:
        texts: columns.
        where: the values by their columns.
    """
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
    whole = COLUMN.sub("{}", template)
    paths = [
        posixpath.normpath(posixpath.join(folder, whole.format(*row)))
        for row in zip(*values, strict=True)
    ]
    if "*" in template:
        found = find_by_wildcards(place, paths)
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
    return [names[0] for names in found]


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


def find_by_wildcards(place: Place, paths: Sequence[str]) -> list[list[str]]:
    """Return the pictures that fit each path, in which * stands for any text in a name."""
    by_name: dict[str, list[str]] = {}
    for picture in place.pictures:
        name = posixpath.basename(picture)
        for key in {name, f"{posixpath.splitext(name)[0]}.*"}:
            by_name.setdefault(key, []).append(picture)
    found = []
    for path in paths:
        name = posixpath.basename(path)
        is_other = "*" in name.removesuffix(".*")  # a wildcard within the name
        candidates = place.pictures if is_other else by_name.get(name, [])
        expression = re.compile(re.escape(path).replace(r"\*", "[^/]*"))
        found.append([each for each in candidates if expression.fullmatch(each)])
    return found


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


def choose_columns(opened: TableFile, text: str, used: Collection[str]) -> list[str]:
    """Return the columns of a text such as `p0 to p63`, or `pixels`.

    Args:
        opened: the table.
        text: the first and the last column, or a single one.
        used: columns that have another meaning, and may stand among those of the pixels.

    Raises:
        UserError: one is missing.
    """
    first, _, last = (text, "", "") if text in opened.names else text.partition(" to ")
    opened.check_names([first, last or first])
    start, stop = (opened.names.index(name) for name in (first, last or first))
    if stop < start:
        raise UserError(f"the column {last} stands before {first}")
    return [name for name in opened.names[start : stop + 1] if name not in used]


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
    if texts.empty:
        return pd.Series(dtype=object)
    if texts.shape[1] > 1:  # one column per class
        numbers = texts.apply(to_flags)
        is_other = ~numbers.isin([0, 1]).all(axis=1)
        if is_other.any():
            row = int(is_other.to_numpy().argmax())
            values = ", ".join(texts.iloc[row].unique()[:5])
            raise UserError(
                f"row {texts.index[row] + 1} has {values} in the columns of the classes, of "
                "which one must be 1, and all others 0"
            )
        one_class.check_one_hot(numbers)
        names = [str(name).strip() for name in texts]
        return pd.Series([names[i] for i in numbers.to_numpy().argmax(axis=1)], texts.index)
    [column] = texts
    classes = pd.Series([text.strip() for text in texts[column]], texts.index, name=str(column))
    class_names = find_class_names(opened.schema, str(classes.name))
    if not class_names:
        return classes
    classes_by_number = {str(number): name for number, name in enumerate(class_names)}
    known = classes.map(classes_by_number)
    if known.isna().any():
        without = classes[known.isna()]
        raise UserError(
            f"{len(without)} rows have the {classes.name} {without.iloc[0]}, which stands for "
            "no class; leave them out by the key `unused`"
        )
    return known


def to_flags(texts: pd.Series) -> pd.Series:
    """Return numbers, and 1 and 0 for `True` and `False`. Other texts are missing."""
    words = texts.str.strip().str.lower().replace({"true": "1", "false": "0"})
    return pd.to_numeric(words, errors="coerce").astype(float)


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
