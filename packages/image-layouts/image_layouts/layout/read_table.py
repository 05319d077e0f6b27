"""Read a part of a layout that has tables with one row per image."""

import math
import posixpath
import re
from collections.abc import Iterator, Mapping, Sequence
from itertools import islice
from typing import Any

import numpy as np
import pandas as pd

from image_layouts.checking import one_class
from image_layouts.errors import LayoutError, shorten
from image_layouts.files import FORMAT_NAMES, is_picture
from image_layouts.labelled_images import (
    LabelledImages,
    TableSelection,
    Vector,
    join,
    select_in_blocks,
)
from image_layouts.layout.axes import arrange
from image_layouts.layout.columnar_file import N_SAMPLES
from image_layouts.layout.folder import Folder
from image_layouts.layout.hugging_face import find_class_names
from image_layouts.layout.pattern import find_matches, to_nfc
from image_layouts.layout.table_file import TableFile
from image_layouts.schema import TablePart, Where

READ_BYTES = 3 * 2**20  # of pixels, which are read at a time
BATCH_SIZE = 1_000  # the number of pictures that are read at a time
MAX_LISTED = 20  # the largest number of rows that are listed

# A field in the path of a picture, such as `{id}`, `{path.name}` or `{path.stem}`.
FIELD = re.compile(r"\{([^{}]+)\}")

# A table may have `True`, `true` or, from Excel, `TRUE`, and so may params.yaml. `where`
# compares all of them as `True`.
BOOLEANS = {"true": "True", "TRUE": "True", "false": "False", "FALSE": "False"}


def read_table(folder: Folder, part: TablePart, unused: Sequence[Where]) -> LabelledImages:
    """Return the images of a part that has tables, without unused rows.

    Raises:
        LayoutError: there are no such tables, or they have other columns than the layout says.
    """
    fields_by_path = find_matches(part.table, sorted(folder.files))
    if not fields_by_path:
        raise LayoutError(f"no file in {folder.root} fits {shorten(part.table)}")
    tables = []
    for path, fields in fields_by_path.items():
        tables.append(read_single_table(folder, part, unused, path, fields))
    images = join(tables)
    if images.rows.index.empty:
        raise LayoutError(
            f"no row of {shorten(list(fields_by_path))} has the values of `where`"
        )
    return images


def read_single_table(
    folder: Folder, part: TablePart, unused: Sequence[Where], path: str, fields: dict[str, str]
) -> LabelledImages:
    """Return the images of one table. `fields` is what its path says, such as its class."""
    table = folder.open_table(path, part.separator, part.encoding, header=part.header)
    with table.report_unreadable():
        selection = select_rows(table, path, part, unused)
        shape = find_shape(selection, part.axes) if part.pixels else []
        texts = table.read_texts(selection.columns)[selection.is_chosen]
        rows = pd.DataFrame(fields, index=texts.index)
        if part.file:
            if folder.is_file:
                raise LayoutError(f"read the folder {folder.root}, which has its pictures, too")
            rows["file"] = find_pictures(folder, part.file, path, texts)
            rows["id"] = rows["file"]
        if part.picture:
            table.check_names([part.picture])
            check_pictures(selection, part.picture)
            # The pictures have no files. The one in row 17 of train.parquet is `train/17`.
            stem, _ = posixpath.splitext(path)
            rows["file"] = [f"{stem}/{index + 1}" for index in rows.index]
        if part.id:
            rows["id"] = texts[part.id]
        if part.group:
            rows["group"] = texts[part.group]
        if part.classes:
            rows["class"] = make_classes(texts[part.classes], table)
    rows = rows.reset_index(drop=True)

    def contents() -> Iterator[Any]:
        if part.file:
            return (folder.files[name] for name in rows["file"])
        if part.picture:
            return read_pictures(selection)
        return read_pixels(selection, part, math.prod(shape) or 1)

    return LabelledImages(rows, contents, shape, files={path}, tables=[selection])


def select_rows(
    table: TableFile, path: str, part: TablePart, unused: Sequence[Where]
) -> TableSelection:
    """Return which columns and rows of a table a part uses."""
    columns_in_path = [column for column, _ in parse_columns(part.file, table.names).values()]
    named = [*part.classes, part.group, part.id, *part.where, *columns_in_path]
    columns = list_distinct(named)
    if part.picture:
        image_columns = [part.picture]
    elif part.pixels:
        image_columns = list_pixels(table, part.pixels, columns)
    else:
        image_columns = []
    is_unused = find_blank(table, columns, image_columns, part)
    for where in unused:
        if set(where).issubset(table.names):
            is_unused = is_unused | match_rows(table.read_texts(list(where)), where)
    is_chosen = match_rows(table.read_texts(list(part.where)), part.where) & ~is_unused
    return TableSelection(path, table, columns, image_columns, is_chosen, is_unused)


def list_distinct(names: Sequence[str]) -> list[str]:
    """Return each name once, without blank ones."""
    return list(dict.fromkeys(name for name in names if name))


def list_pixels(table: TableFile, text: str, others: Sequence[str]) -> list[str]:
    """Return the columns that the key `pixels` of a layout means.

    Args:
        table: the table.
        text: the value of the key: `p0 to p63`, or a single column such as `pixels`.
        others: columns that may stand between the pixels, such as the column of the class.

    Raises:
        LayoutError: a column is missing, or the last one stands before the first one.
    """
    first, _, last = text.partition(" to ")
    if text in table.names or not last:
        first = last = text
    table.check_names([first, last])
    start, stop = table.names.index(first), table.names.index(last)
    if stop < start:
        raise LayoutError(f"the column {last} stands before {first}")
    return [name for name in table.names[start : stop + 1] if name not in others]


def find_blank(
    table: TableFile, columns: Sequence[str], image_columns: Sequence[str], part: TablePart
) -> Vector:
    """Return which rows have no values, as the last rows of some tables from Excel.

    Raises:
        LayoutError: the table has no rows.
    """
    has_images_in_cells = bool(part.picture) or any(map(table.is_nested, image_columns))
    # There may be too many columns of pixels to read all, so only the two ends are looked at.
    both_ends = list_distinct([*image_columns[:1], *image_columns[-1:]])
    ends = [] if has_images_in_cells else both_ends
    texts = table.read_texts(columns or ends, whole=not part.pixels)
    if texts.index.empty:
        raise LayoutError("it has no rows")
    if has_images_in_cells:
        return np.zeros(len(texts), bool)
    is_blank = find_blank_rows(texts)
    if is_blank.any():
        is_blank &= find_blank_rows(table.read_texts(ends))
    return is_blank


def find_blank_rows(texts: pd.DataFrame) -> Vector:
    """Return which rows have only blank values."""
    are_blank = [texts[name].str.strip() == "" for name in texts]
    return np.all(are_blank, axis=0)


def match_rows(texts: pd.DataFrame, where: Where) -> Vector:
    """Return which rows have one of the values of each column. * stands for any characters."""
    is_match = np.ones(len(texts), bool)
    for column, patterns in where.items():
        values = texts[column].str.strip().replace(BOOLEANS)
        allowed = [BOOLEANS.get(pattern, pattern) for pattern in patterns]
        # `train` and `val*` become `(?s)(train|val.*)`, in which `.` may be a new line, too.
        expressions = [re.escape(pattern).replace(r"\*", ".*") for pattern in allowed]
        is_match &= values.str.fullmatch(f"(?s)({'|'.join(expressions)})").to_numpy(bool)
    return is_match


def find_pictures(
    folder: Folder, template: str, table_name: str, texts: pd.DataFrame
) -> list[str]:
    """Return the path of the picture of each row.

    Args:
        folder: all files.
        template: the path from the folder of the table, in which {COLUMN} stands for a value of
            the row, and * for any characters of a name.
        table_name: the path of the table.
        texts: the columns of the rows.

    Raises:
        LayoutError: a row names no picture, or several pictures.
    """
    columns = parse_columns(template, [str(name) for name in texts])
    start = posixpath.dirname(table_name)
    paths = []
    for row in texts.to_dict("records"):
        values = {
            text: normalize_path(row[column], part) for text, (column, part) in columns.items()
        }
        path = posixpath.normpath(posixpath.join(start, fill(template, values)))
        # `a/1.jpg` in the folder `a` may be the picture `1.jpg`.
        paths.append(path.removeprefix(f"../{folder.root.name}/"))
    if "*" in template:
        candidates = [find_by_wildcards(folder, path) for path in paths]
    else:
        known = set(folder.pictures)
        candidates = [[path] if path in known else [] for path in paths]
    wrong_rows = [row for row, pictures in enumerate(candidates) if len(pictures) != 1]
    if wrong_rows:
        first_rows = texts.iloc[wrong_rows[:MAX_LISTED]].to_numpy()
        listed = [" ".join(values).strip() or "a blank" for values in first_rows]
        message = (
            f"{len(wrong_rows)} of {len(texts)} rows name no single picture by {template}: "
            f"{shorten(listed)}"
        )
        candidates_of_first = candidates[wrong_rows[0]]
        if candidates_of_first:
            message += f"; the first one may be {shorten(candidates_of_first)}"
        column, _ = next(iter(columns.values()))
        raise LayoutError(
            f"{message}; correct them, or leave these rows out in the layout: "
            f'unused: [{{where: {{"{column}": [VALUE, …]}}}}]'
        )
    return [pictures[0] for pictures in candidates]


def parse_columns(template: str, names: Sequence[str]) -> dict[str, tuple[str, str]]:
    """Return the column, and the part of its values, that each field of a path stands for.

    Args:
        template: the path. In `images/{path.name}`, the field `path.name` stands for the part
            `.name` of the column `path`. The part is `.name`, `.stem`, or "" for everything.
        names: the columns of the table. One of them may itself be called `path.name`.
    """
    columns = {}
    for text in FIELD.findall(template):
        column, part = posixpath.splitext(text)
        is_whole_name = text in names or part not in (".name", ".stem")
        columns[text] = (text, "") if is_whole_name else (column, part)
    return columns


def fill(template: str, values: Mapping[str, str]) -> str:
    """Return a path with the values of its fields: `a/17.jpg` for `a/{id}.jpg`."""
    return FIELD.sub(lambda field: values[field[1]], template)


def find_by_wildcards(folder: Folder, path: str) -> list[str]:
    """Return the pictures that fit a path, in which * stands for any characters of a name."""
    stem = posixpath.basename(path).removesuffix(".*")
    # `images/*/17.*` can only be one of the pictures called 17. To try them all is slow.
    candidates = folder.pictures if "*" in stem else folder.pictures_by_end.get(stem, [])
    expression = re.compile(re.escape(path).replace(r"\*", "[^/]*"))
    return [each for each in candidates if expression.fullmatch(each)]


def normalize_path(path: str, part: str) -> str:
    """Return a path in a table, or a part of the path, as `Folder` writes the paths of files.

    Args:
        path: the value in the table.
        part: `.name` for the part after the last slash, `.stem` for this part without the
            suffix of the file, or "" for the whole path.
    """
    text = to_nfc(path.strip().replace("\\", "/")).removeprefix("./").lstrip("/")
    if part:
        text = posixpath.basename(text)
    if part == ".stem":
        text, _ = posixpath.splitext(text)
    return text


def find_shape(selection: TableSelection, axes: str) -> list[int]:
    """Return the shape of the images in the columns of pixels."""
    n_values = len(selection.image_columns)
    if n_values == 1:  # all pixels are in one column
        blocks = read_selected(selection, BATCH_SIZE)
        first = next((block for block in blocks if len(block)), None)
        n_values = 0 if first is None else len(list_values(first.iloc[0, 0]))
    black_image = np.zeros((1, n_values))
    return list(arrange(black_image, axes).shape[1:])


def make_classes(texts: pd.DataFrame, table: TableFile) -> pd.Series:
    """Return the class of each row.

    Args:
        texts: the column of the classes, or one column per class.
        table: the table, whose schema may have the names of the classes.

    Raises:
        LayoutError: a row has several classes, or no class.
    """
    if texts.empty:
        return pd.Series(dtype=object)
    if texts.shape[1] > 1:
        return decode_one_hot(texts)
    column = str(texts.columns[0])
    classes = texts[column].str.strip()
    names = find_class_names(table.schema, column)
    if not names:
        return classes
    named = classes.map({str(number): name for number, name in enumerate(names)})
    unnamed = classes[named.isna()]
    if len(unnamed):
        raise LayoutError(
            f"{len(unnamed)} rows have the {column} {unnamed.iloc[0]}, which stands for no "
            "class; leave them out by the key `unused`"
        )
    return named


def decode_one_hot(texts: pd.DataFrame) -> pd.Series:
    """Return the name of the column that is 1 in each row.

    Raises:
        LayoutError: a row has another value than 0 and 1, no 1, or several.
    """
    flags = texts.apply(to_flags)
    wrong = np.flatnonzero(~flags.isin([0, 1]).all(axis=1))
    if len(wrong):
        first = wrong[0]
        values = ", ".join(texts.iloc[first].unique()[:5])
        raise LayoutError(
            f"row {texts.index[first] + 1} has {values} in the columns of the classes, of "
            "which one must be 1, and all others 0"
        )
    one_class.check_one_hot(flags)
    names = texts.columns.str.strip().to_numpy()
    return pd.Series(names[flags.to_numpy().argmax(axis=1)], texts.index)


def to_flags(texts: pd.Series) -> pd.Series:
    """Return strings as numbers. `True` is 1, `False` is 0, and any other word is missing."""
    words = texts.str.strip().str.lower().replace({"true": "1", "false": "0"})
    return pd.to_numeric(words, errors="coerce").astype(float)


def read_selected(selection: TableSelection, n_rows: int) -> Iterator[pd.DataFrame]:
    """Return the image columns of the selected rows, in blocks of at most `n_rows` rows."""
    blocks = selection.table.read_blocks(selection.image_columns, n_rows)
    return select_in_blocks(blocks, selection.is_chosen)


def check_pictures(selection: TableSelection, column: str) -> None:
    """Check that a column has pictures, of which some may be damaged or missing.

    Raises:
        LayoutError: none of the first values is a picture.
    """
    contents = list(islice(filter(None, read_pictures(selection, N_SAMPLES)), N_SAMPLES))
    if contents and not any(map(is_picture, contents)):
        raise LayoutError(f"the column {column} has no pictures in {FORMAT_NAMES}")


def read_pictures(selection: TableSelection, n_rows: int = BATCH_SIZE) -> Iterator[bytes]:
    """Yield the pictures in a column, of which `n_rows` are read at a time."""
    for block in read_selected(selection, n_rows):
        yield from map(get_content, block.iloc[:, 0])


def get_content(value: Any) -> bytes:
    """Return the content of a picture in a column."""
    # Hugging Face stores a mapping with the path and the bytes of a file.
    content = value["bytes"] if isinstance(value, dict) else value
    return content.encode() if isinstance(content, str) else content or b""


def read_pixels(selection: TableSelection, part: TablePart, n_values: int) -> Iterator[Any]:
    """Yield the pixels of many rows, shape (n_rows, n_values)."""
    n_rows = max(READ_BYTES // n_values, 1)
    for block in read_selected(selection, n_rows):
        if len(block):
            with selection.table.report_unreadable():
                images = arrange(to_numbers(block), part.axes, part.scale)
            yield images.reshape(len(block), -1)


def list_values(value: Any) -> Any:
    """Return the pixels of an image in one cell: a string, an array, or nested arrays."""
    if not isinstance(value, np.ndarray):
        return str(value).split()
    if value.dtype != object:
        return value
    return np.concatenate([list_values(each) for each in value])


def to_numbers(block: pd.DataFrame) -> Any:
    """Return the pixels of rows as an array, shape (n_rows, n_values).

    Raises:
        LayoutError: a value is no number.
    """
    not_numeric = list(block.select_dtypes(exclude=["number", "bool"]))
    if not not_numeric:
        return block.to_numpy()
    if block.shape[1] == 1:  # all pixels are in one column
        values = block.iloc[:, 0].map(list_values)
        if values.map(len).nunique() > 1:
            raise LayoutError(f"the column {not_numeric[0]} has rows of different lengths")
        return np.array(values.tolist(), dtype=float)
    # pandas reads a column of numbers as strings if a row of the block is blank.
    numbers = block.apply(pd.to_numeric, errors="coerce")
    for name in not_numeric:
        if numbers[name].isna().any():
            raise LayoutError(f"the column {name} has values that are not numbers")
    return numbers.to_numpy()
