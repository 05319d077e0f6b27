"""Read a part of a layout that has tables with one row per image."""

import base64
import posixpath
import re
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np
import pandas as pd

from digits.core.tables import READ_BYTES, Vector, rows_per_block
from digits.data.intake import one_class
from digits.data.intake.collection import BATCH_SIZE, MAX_LISTED, shorten
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
    fields_by_path = find_matches(part.table, sorted(place.files))
    if not fields_by_path:
        raise UserError(f"no file in {place.root} fits {shorten(part.table)}")
    tables = []
    for path, fields in fields_by_path.items():
        tables.append(read_one(place, part, unused, path, fields))
    images = join(tables)
    if images.rows.index.empty:
        raise UserError(f"no row of {shorten(list(fields_by_path))} has the values of `where`")
    return images


def read_one(
    place: Place, part: TablePart, unused: Sequence[Where], path: str, fields: dict[str, str]
) -> PartImages:
    """Return the images of one table. `fields` is what its path says, such as the class."""
    table = place.open_table(path, part.separator, part.encoding, header=part.header)
    with table.report_unreadable():
        selection = select(table, path, part, unused)
        shape = find_shape(selection, part.axes) if part.pixels else []
        texts = table.read_texts(selection.columns)[selection.is_chosen]
        rows = pd.DataFrame(fields, index=texts.index)
        if part.file:
            rows["id"] = rows["file"] = find_pictures(place, part.file, path, texts)
        if part.picture:
            table.check_names([part.picture])
            folder, _ = posixpath.splitext(path)
            rows["file"] = [f"{folder}/{number + 1}" for number in rows.index]
        if part.id:
            rows["id"] = texts[part.id]
        if part.group:
            rows["group"] = texts[part.group]
        if part.classes:
            rows["class"] = make_classes(texts[part.classes], table)
    rows = rows.reset_index(drop=True)

    def contents() -> Iterator[Any]:
        if part.file:
            return (place.files[name] for name in rows["file"])
        if part.picture:
            return read_pictures(selection)
        return read_pixels(selection, part)

    return PartImages(rows, contents, shape, files={path}, tables=[selection])


def select(
    table: TableFile, path: str, part: TablePart, unused: Sequence[Where]
) -> TableSelection:
    """Return which columns and rows of a table a part uses."""
    in_path = [column for column, _ in split_columns(part.file, table.names)]
    named = [*part.classes, part.group, part.id, *part.where, *in_path]
    columns = list(dict.fromkeys(name for name in named if name))
    image_columns = [part.picture] if part.picture else []
    if part.pixels:
        image_columns = list_pixels(table, part.pixels, columns)
    has_values = bool(part.picture) or any(map(table.is_nested, image_columns[:1]))
    # Between two blank pixels, there are rarely others.
    ends = [] if has_values else [*image_columns[:1], *image_columns[-1:]]
    are_all_texts = not part.pixels
    texts = table.read_texts(list(dict.fromkeys([*columns, *ends])), whole=are_all_texts)
    if texts.index.empty:
        raise UserError("it has no rows")
    # A row that has a picture, or a list of pixels, is not blank.
    is_unused = np.zeros(len(texts), bool) if has_values else find_blank(texts)
    for where in unused:
        if set(where).issubset(table.names):
            is_unused = is_unused | match_rows(table.read_texts(list(where)), where)
    is_chosen = match_rows(texts, part.where) & ~is_unused
    return TableSelection(path, table, columns, image_columns, is_chosen, is_unused)


def list_pixels(table: TableFile, text: str, others: Sequence[str]) -> list[str]:
    """Return the columns that `p0 to p63` means, or a single one such as `pixels`.

    `others` may stand between the pixels, such as the column of the class.

    Raises:
        UserError: a column is missing.
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


def match_rows(texts: pd.DataFrame, where: Where) -> Vector:
    """Return which rows have one of the values of each column. * stands for any text."""
    is_match = np.ones(len(texts), bool)
    for column, patterns in where.items():
        # YAML's `true` is `True` in a table that pandas has written.
        booleans = {"true": "True", "false": "False"}
        values = texts[column].str.strip().replace(booleans)
        allowed = [booleans.get(pattern, pattern) for pattern in patterns]
        # `train` and `val*` become `train|val.*`.
        expression = "|".join(re.escape(pattern).replace(r"\*", ".*") for pattern in allowed)
        is_match &= values.str.fullmatch(expression).to_numpy(bool)
    return is_match


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
    columns = split_columns(template, [str(name) for name in texts])
    between = COLUMN.split(template)[::2]
    path_format = "{}".join(text.replace("{", "{{").replace("}", "}}") for text in between)
    folder = posixpath.dirname(table_name)
    paths = []
    for row in texts.to_dict("records"):
        values = [normalize_path(row[column], ending) for column, ending in columns]
        path = posixpath.join(folder, path_format.format(*values))
        paths.append(posixpath.normpath(path))
    if "*" in template:
        found = [find_by_wildcards(place, path) for path in paths]
    else:
        known = set(place.pictures)
        found = [[path] if path in known else [] for path in paths]
    wrong = [row for row, names in enumerate(found) if len(names) != 1]
    if wrong:
        first_rows = texts.iloc[wrong[:MAX_LISTED]].to_numpy()
        listed = [" ".join(values).strip() or "a blank" for values in first_rows]
        several = found[wrong[0]]
        raise UserError(
            f"{len(wrong)} of {len(found)} rows name no single picture by {template}: "
            f"{shorten(listed)}"
            + (f"; the first one may be {shorten(several)}" if several else "")
            + "; correct them, or leave these rows out by the key `unused`"
        )
    return [names[0] for names in found]


def split_columns(template: str, names: Sequence[str]) -> list[tuple[str, str]]:
    """Return the columns in the path of a picture, and `.name`, `.stem` or "" for each.

    Args:
        template: the path, such as `images/{path.name}`.
        names: the columns of the table. One of them may itself be called `path.name`.
    """
    columns = []
    for text in COLUMN.findall(template):
        column, ending = posixpath.splitext(text)
        if text in names or ending not in (".name", ".stem"):
            column, ending = text, ""
        columns.append((column, ending))
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
        part: `.name` for what stands after the last slash, `.stem` for the same without the
            ending, or "" for all.
    """
    text = to_nfc(path.strip().replace("\\", "/")).removeprefix("./")
    if part:
        text = posixpath.basename(text)
    if part == ".stem":
        text, _ = posixpath.splitext(text)
    return text


def find_shape(selection: TableSelection, axes: str) -> list[int]:
    """Return the shape of the images in the columns of pixels."""
    n_values = len(selection.image_columns)
    if n_values == 1:  # all pixels are in one column
        first = next(selection.table.read_blocks(selection.image_columns, n_rows=1))
        n_values = len(list_values(first.iloc[0, 0]))
    one_image = np.empty((1, n_values))
    return list(arrange(one_image, axes).shape[1:])


def make_classes(texts: pd.DataFrame, table: TableFile) -> pd.Series:
    """Return the class of each row, from the column of the classes, or one for each class.

    Raises:
        UserError: a row has several classes, or none.
    """
    if texts.empty:
        return pd.Series(dtype=object)
    if texts.shape[1] > 1:
        return find_one_hot(texts)
    column = str(texts.columns[0])
    classes = texts[column].str.strip()
    names = find_class_names(table.schema, column)
    if not names:
        return classes
    named = classes.map({str(number): name for number, name in enumerate(names)})
    unnamed = classes[named.isna()]
    if len(unnamed):
        raise UserError(
            f"{len(unnamed)} rows have the {column} {unnamed.iloc[0]}, which stands for no "
            "class; leave them out by the key `unused`"
        )
    return named


def find_one_hot(texts: pd.DataFrame) -> pd.Series:
    """Return the name of the column that is 1 in each row.

    Raises:
        UserError: in a row, there are other values than 1 and 0, or not a single 1.
    """
    flags = texts.apply(to_flags)
    has_flags = flags.isin([0, 1]).all(axis=1).to_numpy(bool)
    if not has_flags.all():
        first = int(has_flags.argmin())
        values = ", ".join(texts.iloc[first].unique()[:5])
        raise UserError(
            f"row {texts.index[first] + 1} has {values} in the columns of the classes, of "
            "which one must be 1, and all others 0"
        )
    one_class.check_one_hot(flags)
    names = texts.columns.str.strip().to_numpy()
    return pd.Series(names[flags.to_numpy().argmax(axis=1)], texts.index)


def to_flags(texts: pd.Series) -> pd.Series:
    """Return texts as numbers. `True` is 1, `False` is 0, and what is no number is missing."""
    words = texts.str.strip().str.lower().replace({"true": "1", "false": "0"})
    return pd.to_numeric(words, errors="coerce").astype(float)


def read_chosen(selection: TableSelection, n_rows: int) -> Iterator[pd.DataFrame]:
    """Yield the images of a table in blocks of at most `n_rows` rows."""
    start = 0
    for block in selection.table.read_blocks(selection.image_columns, n_rows):
        stop = start + len(block)
        yield block[selection.is_chosen[start:stop]]
        start = stop


def read_pictures(selection: TableSelection) -> Iterator[bytes]:
    """Yield the pictures in a column."""
    for block in read_chosen(selection, BATCH_SIZE):
        for value in block.iloc[:, 0]:
            # Hugging Face has a structure with the name and the content of a file.
            content = value["bytes"] if isinstance(value, dict) else value
            if isinstance(content, str):  # `iVBORw0KGgo…`, or `data:image/png;base64,iVBO…`
                content = base64.b64decode(content.rpartition(",")[2])
            yield content or b""


def read_pixels(selection: TableSelection, part: TablePart) -> Iterator[Any]:
    """Yield the pixels of many rows, shape (n_rows, n_values)."""
    n_rows = rows_per_block(READ_BYTES, len(selection.image_columns))
    for block in read_chosen(selection, n_rows):
        if len(block):
            with selection.table.report_unreadable():
                images = arrange(to_numbers(block), part.axes, part.scale)
            yield images.reshape(len(block), -1)


def list_values(value: Any) -> Any:
    """Return the pixels of an image that stand in one column, in a text or in nested lists."""
    if not isinstance(value, np.ndarray):
        return str(value).split()
    return (
        np.concatenate([list_values(each) for each in value])
        if value.dtype == object
        else value
    )


def to_numbers(block: pd.DataFrame) -> Any:
    """Return the pixels of rows as an array, shape (n_rows, n_values).

    Raises:
        UserError: a value is no number.
    """
    texts = list(block.select_dtypes(exclude=["number", "bool"]))
    if not texts:
        return block.to_numpy()
    if block.shape[1] == 1:  # all pixels are in one column
        values = block.iloc[:, 0].map(list_values)
        if values.map(len).nunique() > 1:
            raise UserError(f"the column {texts[0]} has rows of different lengths")
        return np.array(values.tolist(), dtype=float)
    # Beside a blank row, the numbers of a column are texts.
    numbers = block.apply(pd.to_numeric, errors="coerce")
    for name in texts:
        if numbers[name].isna().any():
            raise UserError(f"the column {name} has values that are not numbers")
    return numbers.to_numpy()
