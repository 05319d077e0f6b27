"""Propose layouts in which tables say what the images are."""

import filecmp
import posixpath
import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from digits.data.intake import one_class
from digits.data.layout.column_names import GROUP_COLUMNS, ID_COLUMNS
from digits.data.layout.hugging_face import find_class_names, find_image_columns
from digits.data.layout.pattern import escape
from digits.data.layout.place import Place
from digits.data.layout.read_files import natural_key
from digits.data.layout.read_table import normalize_path
from digits.data.layout.table_file import TableFile
from digits.proposing import columns
from digits.proposing.arrays import describe_colors, describe_scale
from digits.proposing.picture_names import find_templates
from digits.proposing.table_format import find_format, may_be_table
from digits.proposing.words import (
    MASK_WORDS,
    SET_WORDS,
    find_subset,
    is_subset_name,
    split_words,
)
from digits.proposing.writing import generalize, unlist, write_subsets
from digits.settings.errors import UserError
from digits.settings.layout import as_list

FIELD = re.compile(r"\{(.+)\}")  # the column in the path of a picture

NO_LABEL_WORDS = {"submission", "benchmark"}  # words in the name of a table of predictions

# Hugging Face divides a table into shards, such as `train-00000-of-00002-0f3a5b7c.parquet`.
HASH = re.compile(r"[0-9a-f]{8,}")
SHARD = re.compile(r"-\d{5}-of-\d{5}\.")

MIN_PIXELS = 4  # of an image
MAX_NAMED = 3  # more tables are written as a pattern
MAX_BESIDE_PIXELS = 10  # so few pictures beside a table of pixels are illustrations
MAX_TEXTS = 100  # a table with more columns has pixels


class OpenTable(NamedTuple):
    """A table whose columns have been read.

    Attributes:
        place: all files.
        name: the path of the table.
        csv_format: the keys `encoding`, `separator` and `header` of a layout.
        table: the file.
        texts: the columns that may have classes, groups, ids or paths, as strings.
        subset: the subset that the path names, `train` or `test`, or "".
    """

    place: Place
    name: str
    csv_format: dict[str, Any]
    table: TableFile
    texts: dict[str, pd.Series]
    subset: str


class TableCandidate(NamedTuple):
    """A way to read a table: a part of a layout that has not been written yet.

    Attributes:
        name: the path of the table.
        header: the columns of the table.
        is_test: whether the path names a test set.
        keys: the keys of the part, without `table`.
        subsets: the keys `train` and `test` of the layout, if a column has the subsets.
    """

    name: str
    header: tuple[str, ...]
    is_test: bool
    keys: dict[str, Any]
    subsets: dict[str, Any]


def propose(place: Place, chosen: Mapping[str, str]) -> tuple[list[Any], list[str]]:
    """Return layouts for the tables of a place, and why other tables are not used.

    Args:
        place: all files.
        chosen: the columns that the owner has chosen as `class` or `group`.
    """
    found, reasons = find_candidates(place, chosen)
    with_named_class = [candidate for candidate in found if has_named_class(candidate)]
    if with_named_class and not chosen:
        found = with_named_class
    # A table with more columns says more. Its layouts come first.
    found.sort(key=lambda candidate: len(candidate.header), reverse=True)
    # Tables with the same columns and class may be one layout.
    kinds: dict[Any, list[TableCandidate]] = defaultdict(list)
    for candidate in found:
        keys = candidate.keys
        kind = (candidate.header, str(keys["class"]), str(keys.get("pixels")))
        kinds[kind].append(candidate)
    layouts = []
    for same in kinds.values():
        layouts += join_series(same)
    return layouts, reasons


def find_candidates(
    place: Place, chosen: Mapping[str, str]
) -> tuple[list[TableCandidate], list[str]]:
    """Return the candidates of all tables of a place, and why other tables are not used."""
    found: list[TableCandidate] = []
    reasons = []
    seen: list[Path] = []
    for name, path in sorted(place.files.items()):
        try:
            if not may_be_table(name, path) or split_words(path.name) & NO_LABEL_WORDS:
                continue
            if any(filecmp.cmp(path, other, shallow=False) for other in seen):
                reasons.append(f"{name} is not used, because it is a copy of another table")
                continue
            seen.append(path)
            candidates = describe_table(place, name, chosen)
            if not candidates:
                reasons.append(f"{name}: no column looks like classes of images")
            found += candidates
        except OSError as error:  # for example a broken link, or a damaged gzip file
            reasons.append(f"{name}: {error}")
        except UserError as error:
            reasons.append(error.message)
    return found, reasons


def has_named_class(candidate: TableCandidate) -> bool:
    """Return whether the column of the classes has a usual name, such as `label`."""
    column = candidate.keys["class"]
    return isinstance(column, str) and bool(columns.find_named_classes([column]))


def describe_table(place: Place, name: str, chosen: Mapping[str, str]) -> list[TableCandidate]:
    """Return the candidates of a table: one, several, or none.

    Args:
        place: all files.
        name: the path of the table.
        chosen: the columns that the owner has chosen as `class` or `group`.

    Raises:
        UserError: the file cannot be read, a chosen column is missing, or the table does not
            name the pictures.
    """
    csv_format = find_format(place.files[name])
    table = place.open_table(name, **csv_format)
    if "header" not in csv_format and names_picture_in_header(place, table):
        csv_format["header"] = False
        table = place.open_table(name, **csv_format)
    # Pictures beside a table of pixels are ignored if there are only a few.
    has_pixels = bool(columns.list_numbered_pixels(table.names))
    n_pictures = len(place.pictures)
    must_name_pictures = n_pictures > (MAX_BESIDE_PIXELS if has_pixels else 0)
    with table.report_unreadable():
        table.check_names(list(chosen.values()))
        texts = read_texts(table, may_have_pixels=not must_name_pictures)
        stem, _ = posixpath.splitext(posixpath.basename(name))
        subset = find_subset(stem) or find_subset(posixpath.dirname(name))
        opened = OpenTable(place, name, csv_format, table, texts, subset)
        images = find_images(opened, has_pictures=must_name_pictures)
        if must_name_pictures and not images:
            raise UserError(explain_missing_pictures(opened))
        return list_candidates(opened, images, chosen)


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


def explain_missing_pictures(opened: OpenTable) -> str:
    """Return why a table that does not name the pictures is not used, and what may help."""
    names = opened.table.names
    if columns.list_numbered_pixels(names):
        return "it has pixels, which are not used, because there are pictures"
    message = "no column has the names of the pictures"
    together = find_columns_of_names(opened)
    if not together:
        return message
    first, second = together
    file = f"images/{{{first}}}_{{{second}}}.jpg"
    option = f'{{table: {opened.name}, file: "{file}", class: …}}'
    return (
        f"{message}; if several columns together have them, such as {first} and {second}, run: "
        f"digits start --layout '{option}'"
    )


def find_columns_of_names(opened: OpenTable) -> list[str]:
    """Return two columns whose values in the first row are in the path of a picture, or []."""
    first_row = opened.table.sample.head(1).astype(str)
    values = {str(name): texts.iloc[0] for name, texts in first_row.items() if len(texts)}
    for picture in opened.place.pictures:
        found = [name for name, text in values.items() if len(text) > 1 and text in picture]
        if len(found) > 1:
            return found[:2]
    return []


def list_candidates(
    opened: OpenTable, images: dict[str, list[dict[str, Any]]], chosen: Mapping[str, str]
) -> list[TableCandidate]:
    """Return the candidates of a table whose columns have been read.

    Args:
        opened: the table.
        images: as `find_images` returns them.
        chosen: the columns that the owner has chosen as `class` or `group`.
    """
    texts = opened.texts
    group = chosen.get("group") or columns.find_usual(texts, GROUP_COLUMNS)
    image_id = None if images else columns.find_usual(texts, ID_COLUMNS)
    subsets = columns.find_subsets(texts)
    used = {*images, *find_columns(subsets)} | {name for name in (group, image_id) if name}
    if "class" in chosen:
        classes = [[chosen["class"]]]
    else:
        others = {name: values for name, values in texts.items() if name not in used}
        have_header = opened.csv_format.get("header", True)
        classes = columns.find_classes(
            others, have_pictures=bool(images), have_header=have_header
        )
    if not classes and images:
        raise UserError(explain_missing_classes(opened))
    if not classes:
        find_pixels(opened.table, used)  # raises an error about features, or about no rows
    contents = [content for contents_of in images.values() for content in contents_of]
    found = []
    for names in classes:
        keys: dict[str, Any] = {"class": unlist(names)}
        if group and group not in names:
            keys["group"] = group
        if image_id:
            keys["id"] = image_id
        unlabelled, labelled_subsets = leave_out_unlabelled(opened, names, subsets)
        for content in contents or find_pixels(opened.table, {*used, *names}):
            candidate = TableCandidate(
                opened.name,
                header=tuple(name for name in opened.table.names if "unnamed: " not in name),
                is_test=opened.subset == "test",
                keys=opened.csv_format | content | keys | unlabelled,
                subsets=labelled_subsets or find_subsets_of_paths(opened, content),
            )
            found.append(candidate)
    return found


def find_columns(subsets: Mapping[str, Any]) -> set[str]:
    """Return the columns by which rows are divided into subsets."""
    return {column for part in subsets.values() for column in part["where"]}


def explain_missing_classes(opened: OpenTable) -> str:
    """Return why a table that names pictures, but has no column of classes, is not used."""
    message = "it names pictures, but has no column of classes"
    groups = [name for name in opened.texts if columns.GROUP_COLUMN.search(name)]
    if groups:
        message += f"; if its column {groups[0]} has groups, join the tables"
    return message


def read_texts(table: TableFile, *, may_have_pixels: bool) -> dict[str, pd.Series]:
    """Return the columns of a table that may have classes, groups, ids or paths.

    Columns of pictures and numbered columns, such as pixel1, are left out. If other columns may
    be pixels, all columns of numbers are left out, except usual names and the two ends.
    """
    names = table.names
    encoded = list_encoded(table)
    may_have_pixels = may_have_pixels and not encoded and not has_packed(table)
    numbered = columns.list_numbered_pixels(names)
    if numbered and not names[0].isdecimal():
        names = [name for name in names if name not in set(numbered)]
    elif len(names) > MAX_TEXTS or may_have_pixels:
        sample = table.sample.astype(str)
        ends = (names[0], names[-1])  # where the classes are in a table without names
        names = [
            name
            for name in names
            if name in ends or columns.is_usual(name) or not columns.is_numeric(sample[name])
        ]
    names = [name for name in names if name not in encoded]
    texts = table.read_texts(names, whole=not may_have_pixels)
    return {
        str(name): values
        for name, values in texts.items()
        if not columns.is_meaningless(str(name), values)
    }


def has_packed(table: TableFile) -> bool:
    """Return whether a column has all pixels of an image, separated by spaces."""
    sample = table.sample
    return any(columns.is_packed(sample[name].astype(str)) for name in sample)


def list_encoded(table: TableFile) -> dict[str, str]:
    """Return the key of the layout, `picture` or `pixels`, for each column that has images.

    A parquet file has a schema: columns of bytes are pictures, and columns of lists are pixels.
    In a CSV file, pictures are recognized by the first rows.
    """
    if table.schema is not None:
        return find_image_columns(table.schema)
    has_rows = table.start.count("\n") > 1  # otherwise, the first row is too long for it
    if has_rows and not columns.BASE64_START.search(table.start):
        return {}
    return {
        str(name): "picture"
        for name, values in table.sample.items()
        if columns.are_in_base64(values)
    }


def find_images(opened: OpenTable, *, has_pictures: bool) -> dict[str, list[dict[str, Any]]]:
    """Return the columns that have or name images.

    Args:
        opened: the table.
        has_pictures: whether there are pictures that a column may name.

    Returns:
        By column: the keys of a layout, such as {"file": "images/{id}.jpg"}, in each possible
        way. The result is empty if each pixel is a column, or if no column is about images.

    Raises:
        UserError: the pictures that the table names were not found, or are of another subset.
    """
    encoded = list_encoded(opened.table)
    if encoded:
        return {column: [{key: column}] for column, key in encoded.items()}
    likely_columns = columns.order_by_file(opened.texts) if has_pictures else []
    for column in likely_columns:
        paths = find_paths(opened, column)
        if paths:
            return {column: [{"file": path} for path in paths]}
    for column, values in opened.texts.items():
        if columns.is_packed(values):
            return {column: [{"pixels": column}]}
    if columns.list_numbered_pixels(opened.table.names):
        return {}
    for column, values in opened.texts.items():
        if columns.are_picture_names(values.head(columns.N_VALUES)).all():
            raise UserError(
                f"its column {column} names pictures, such as {values.iloc[0]}, which are not "
                f"in {opened.place.root}"
            )
    return {}


def find_paths(opened: OpenTable, column: str) -> list[str]:
    """Return the possible values of the key `file` if a column names the pictures.

    Pictures of the same names may be in several folders. The pictures beside the table are
    preferred, and then the nearest folders.

    Raises:
        UserError: the pictures are of another subset than the table.
    """
    for_all, for_some = find_templates(opened.place, opened.name, opened.texts[column])
    subsets = {"", opened.subset} if opened.subset else {"", "train", "test"}
    fitting = [path for path in for_all if find_subset(FIELD.sub("", path)) in subsets]
    no_masks = [path for path in fitting if not split_words(FIELD.sub("", path)) & MASK_WORDS]
    fitting = no_masks or fitting
    if for_all and not fitting:
        raise UserError(f"its pictures are those of another set, as {for_all[0]} says")
    if not fitting:
        return for_some[:1]
    beside_table = f"{{{column}}}"
    if beside_table in fitting:
        return [beside_table]
    distances = [path.count("../") for path in fitting]  # the number of folders upwards
    nearest = min(distances)
    return [path for path in fitting if path.count("../") == nearest]


def leave_out_unlabelled(
    opened: OpenTable, names: list[str], subsets: dict[str, Any]
) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the key `unused` for rows without a class, and the subsets of all other rows.

    In a column with a usual name, a missing class is probably a mistake, which is reported
    later. If all rows without a class are of the test set, they belong to a contest.

    Args:
        opened: the table.
        names: the column of the classes, or a column for each class.
        subsets: the keys `train` and `test` of the layout, if a column has the subsets.

    Raises:
        UserError: no row has a class.
    """
    if len(names) > 1:
        return {}, subsets
    [column] = names
    class_names = find_class_names(opened.table.schema, column)
    none = "-1" if class_names else ""  # Hugging Face writes -1 for no class
    classes = opened.texts.get(column, pd.Series(dtype=str)).str.strip()
    is_none = classes == none
    if class_names and is_none.all():
        raise UserError("it has no classes; `digits predict` classifies its images")
    unused = {"unused": [{"where": {column: none}}]}
    if subsets and is_none.any():
        [(column_of_subsets, values)] = subsets["test"]["where"].items()
        is_test = opened.texts[column_of_subsets].str.strip().isin(as_list(values))
        if is_test[is_none].all():
            test_has_classes = is_test[~is_none].any()
            return unused, (subsets if test_has_classes else {})
    is_mistake = columns.is_usual(column) and not class_names
    if 0 < is_none.mean() < 0.5 and not is_mistake:
        return unused, subsets
    return {}, subsets


def find_subsets_of_paths(opened: OpenTable, content: Mapping[str, Any]) -> dict[str, Any]:
    """Return the keys `train` and `test` if the paths of pictures have subsets, or {}."""
    field = FIELD.search(content.get("file", ""))
    if not field or field[1] not in opened.texts or opened.subset:
        return {}
    return columns.find_subsets_by_paths(field[1], opened.texts[field[1]])


def find_pixels(table: TableFile, used: set[str]) -> list[dict[str, Any]]:
    """Return the keys of a layout for columns of pixels, or [] if there are too few.

    The pixels are all columns of numbers that are not used otherwise.

    Args:
        table: the table.
        used: the columns with another meaning, such as the class.

    Raises:
        UserError: the columns are other features, or the table has no rows.
    """
    sample = table.sample
    if sample.empty:
        raise UserError("it has no rows")
    texts = sample.astype(str)
    pixels = [
        name
        for name in columns.list_numbered_pixels(table.names) or table.names
        if name not in used
        and columns.is_numeric(texts[name])
        and not columns.is_meaningless(name, texts[name])
    ]
    if not pixels:
        return []
    one_class.check_pixels({name: sample[name] for name in pixels})
    check_order(pixels)
    if len(pixels) < MIN_PIXELS:
        return []
    numbers = sample[pixels].apply(pd.to_numeric, errors="coerce").dropna().to_numpy(float)
    keys = {"pixels": f"{pixels[0]} to {pixels[-1]}"}
    return [keys | describe_colors(numbers) | describe_scale([numbers])]


def check_order(names: list[str]) -> None:
    """Check that columns of pixels are not in alphabetical order, as p1, p10, p2.

    Raises:
        UserError: the columns are in this order.
    """
    by_number = sorted(names, key=natural_key)
    if names != sorted(names) or names == by_number:
        return
    for name, expected in zip(names, by_number, strict=True):
        if name != expected:
            raise UserError(
                f"the column {name} stands before {expected}, so the pixels are not in the "
                "order of their numbers; sort the columns of the table"
            )


def join_series(tables: list[TableCandidate]) -> list[Any]:
    """Return the layouts of tables that have the same columns and class.

    Tables whose names differ only in subsets and numbers are a series. Another series may have
    other images. In another folder, it may have other versions of the same images.
    """
    series: dict[Any, list[TableCandidate]] = defaultdict(list)
    for table in tables:
        series[name_series(table)].append(table)
    first_tables = [same[0] for same in series.values()]
    n_tests = sum(table.is_test for table in first_tables)
    are_two_subsets = n_tests <= 1 and len(first_tables) - n_tests <= 1
    if len(series) == 1 or are_two_subsets:
        return join(tables)
    layouts = [layout for same in series.values() for layout in join(same)]
    differ_in_folders = len({words for words, _ in series}) == 1
    return layouts if differ_in_folders else [*join(tables), *layouts]


def name_series(table: TableCandidate) -> tuple[frozenset[str], str]:
    """Return the words in the name of a table, and its folder, both without subsets.

    The folder of a table that names pictures is ignored, because the pictures may be in it.
    """
    folder, name = posixpath.split(table.name)
    words = split_words(HASH.sub("", posixpath.splitext(name)[0])) - SET_WORDS
    levels = [] if "file" in table.keys else folder.split("/")
    other_levels = [level for level in levels if not is_subset_name(level)]
    return frozenset(words), "/".join(other_levels)


def join(tables: list[TableCandidate]) -> list[Any]:
    """Return the layouts of tables of the same series.

    Tables with the same keys are one part of a layout.
    """
    by_keys: dict[Any, list[TableCandidate]] = defaultdict(list)
    for table in tables:
        # Dictionaries cannot be keys, but their texts can.
        by_keys[str(table.keys), str(table.subsets), table.is_test].append(table)
    groups = list(by_keys.values())
    train = [write_part(group) for group in groups if not group[0].is_test]
    test = [write_part(group) for group in groups if group[0].is_test]
    parts = [*train, *test]
    if len(groups) == 1 and tables[0].subsets:  # a column has the subsets
        return [parts[0] | tables[0].subsets]
    if len({table.name for table in tables}) < len(tables):  # a table has several candidates
        return parts
    if train and test:
        layouts = [write_subsets(train, test)]
    else:
        layouts = [*parts, *join_folders(parts)]
    if "file" in tables[0].keys and len(tables) > 1:  # each may name all pictures
        layouts += [write_part([table]) for table in tables]
    return layouts


def write_part(tables: Sequence[TableCandidate]) -> dict[str, Any]:
    """Return the part of a layout with tables of the same keys."""
    names = [table.name for table in tables]
    have_one_depth = len({name.count("/") for name in names}) == 1
    if all(SHARD.search(name) for name in names):
        # A shard that is added later is read, too.
        patterns = sorted({SHARD.sub("-*.", escape(name)) for name in names})
    elif len(names) > MAX_NAMED and have_one_depth:
        patterns = [generalize(names)]
    else:
        patterns = [escape(name) for name in names]
    return {"table": unlist(patterns)} | tables[0].keys


def join_folders(parts: list[dict[str, Any]]) -> list[Any]:
    """Return the layout of all parts if they differ only in the folders of their pictures."""
    files = [part.get("file", "") for part in parts]
    have_one_name = len({posixpath.basename(file) for file in files}) == 1
    have_one_depth = len({file.count("/") for file in files}) == 1
    if len(parts) < 2 or not have_one_name or not have_one_depth:
        return []
    tables = [name for part in parts for name in as_list(part["table"])]
    joined = {"table": tables, "file": generalize(files, str)}
    first, *others = [part | joined for part in parts]
    are_equal = all(other == first for other in others)
    return [first] if are_equal else []
