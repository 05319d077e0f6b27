"""Propose layouts in which tables say what the images are."""

import filecmp
import posixpath
import re
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd

from digits.data.intake import one_class
from digits.data.layout.hugging_face import find_class_names, find_encoded_column
from digits.data.layout.pattern import quote
from digits.data.layout.place import Place
from digits.data.layout.read_files import natural_key
from digits.data.layout.read_table import normalize_path
from digits.data.layout.table_file import TableFile
from digits.data.layout.usual import GROUP_COLUMNS, ID_COLUMNS
from digits.proposing import columns
from digits.proposing.arrays import describe_flat, describe_scale
from digits.proposing.numbered_names import find_numbered
from digits.proposing.parts import generalize, unlist, write_sets
from digits.proposing.picture_names import find_templates, index_pictures
from digits.proposing.table_format import find_format, may_be_table
from digits.proposing.words import SET_WORDS, find_role, names_set, split_words
from digits.settings.errors import UserError
from digits.settings.layout import as_list

FIELD = re.compile(r"\{(.+)\}")  # the column in the path of a picture

NO_LABEL_WORDS = {"submission", "benchmark"}  # in the name of a table of predictions
HASH = re.compile(r"[0-9a-f]{8,}")  # in the name of a shard

SHARD = re.compile(r"-\d{5}-of-\d{5}\.")  # the number of a part, as Hugging Face writes it

MIN_PIXELS = 4
MAX_NAMED = 3  # more tables are written as a pattern
MAX_BESIDE_PIXELS = 10  # pictures, which illustrate a page about the table
MAX_TEXTS = 100  # of a table with more columns, those of numbers are pixels


class Opened(NamedTuple):
    """A table whose columns have been read.

    Attributes:
        place: all files.
        name: its path.
        form: how it is written: the keys `encoding`, `separator` and `header` of a layout.
        table: the file.
        texts: the columns that have a meaning, as text.
        role: the set that its path names, `train` or `test`, or "".
    """

    place: Place
    name: str
    form: dict[str, Any]
    table: TableFile
    texts: dict[str, pd.Series]
    role: str


class Description(NamedTuple):
    """What a table may be.

    Attributes:
        name: its path.
        header: its columns.
        is_test: whether its path names a test set.
        keys: the keys of a part of a layout, without `table`.
        sets: the parts `train` and `test`, if the rows say in which set they are.
    """

    name: str
    header: tuple[str, ...]
    is_test: bool
    keys: dict[str, Any]
    sets: dict[str, Any]


def propose(place: Place, chosen: Mapping[str, str]) -> tuple[list[Any], list[str]]:
    """Return layouts for the tables of a place, and why others are not used.

    Args:
        place: all files.
        chosen: the columns that the owner has chosen as `class` or `group`.
    """
    found, reasons = describe_all(place, chosen)
    if not chosen and any(map(has_named_class, found)):
        found = list(filter(has_named_class, found))
    found.sort(key=lambda table: -len(table.header))  # that says most
    # Those with the same columns and class may be one layout.
    kinds: dict[Any, list[Description]] = defaultdict(list)
    for table in found:
        kind = (table.header, str(table.keys["class"]), str(table.keys.get("pixels")))
        kinds[kind].append(table)
    return [layout for tables in kinds.values() for layout in join_series(tables)], reasons


def describe_all(
    place: Place, chosen: Mapping[str, str]
) -> tuple[list[Description], list[str]]:
    """Return what the tables of a place may be, and why others are not used."""
    index = index_pictures(place)
    found: list[Description] = []
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
            described = describe(place, index, name, chosen)
            found += described
            if not described:
                reasons.append(f"{name}: no column looks like classes of images")
        except OSError as error:  # such as a link to nowhere, or no gzip
            reasons.append(f"{name}: {error}")
        except UserError as error:
            reasons.append(error.message)
    return found, reasons


def has_named_class(description: Description) -> bool:
    """Return whether the column of the classes has a usual name, such as `label`."""
    column = description.keys["class"]
    return isinstance(column, str) and bool(columns.find_named_classes([column]))


def join_series(tables: list[Description]) -> list[Any]:
    """Return the layouts of tables that have the same columns and class.

    Those whose names differ in more than sets and numbers may be other images, and those in
    other folders may be other versions of the same images.
    """
    series: dict[Any, list[Description]] = defaultdict(list)
    for table in tables:
        series[name_series(table)].append(table)
    roles = Counter(table.is_test for same in series.values() for table in same[:1])
    if len(series) == 1 or max(roles.values()) == 1:
        return join(tables)
    layouts = [layout for same in series.values() for layout in join(same)]
    are_versions = len({words for words, _ in series}) == 1
    return layouts if are_versions else [*join(tables), *layouts]


def name_series(table: Description) -> tuple[frozenset[str], str]:
    """Return the words in the name of a table, and its folder, without those that say a set.

    A table that names pictures may lie in the folder of these.
    """
    folder, name = posixpath.split(table.name)
    words = split_words(HASH.sub("", posixpath.splitext(name)[0])) - SET_WORDS
    levels = [] if "file" in table.keys else folder.split("/")
    return frozenset(words), "/".join(level for level in levels if not names_set(level))


def join(tables: list[Description]) -> list[Any]:
    """Return the layouts of tables that are of the same series.

    Tables with the same keys are one part of a layout.
    """
    of_keys: dict[Any, list[Description]] = defaultdict(list)
    for table in tables:
        of_keys[str(table.keys), str(table.sets), table.is_test].append(table)
    groups = list(of_keys.values())
    train = [write_part(group) for group in groups if not group[0].is_test]
    test = [write_part(group) for group in groups if group[0].is_test]
    parts = [*train, *test]
    if len(groups) == 1 and tables[0].sets:  # the rows say in which set they are
        return [parts[0] | tables[0].sets]
    if len({table.name for table in tables}) < len(tables):  # a table may mean several things
        return parts
    if train and test:
        layouts = [write_sets({"train": train, "test": test})]
    else:
        layouts = [*parts, *join_folders(parts)]
    if "file" in tables[0].keys and len(tables) > 1:  # they may name the same pictures
        layouts += [write_part([table]) for table in tables]
    return layouts


def write_part(tables: Sequence[Description]) -> dict[str, Any]:
    """Return the part of a layout with tables of the same keys."""
    names = [table.name for table in tables]
    if all(map(SHARD.search, names)):  # a part that is added later is read, too
        patterns = {SHARD.sub("-*.", quote(name)) for name in names}
        return {"table": unlist(sorted(patterns))} | tables[0].keys
    have_one_depth = len({name.count("/") for name in names}) == 1
    if len(names) > MAX_NAMED and have_one_depth:
        return {"table": generalize(names)} | tables[0].keys
    return {"table": unlist(list(map(quote, names)))} | tables[0].keys


def join_folders(parts: list[dict[str, Any]]) -> list[Any]:
    """Return the layout of tables that differ only in the folders of their pictures, if any."""
    files = [part.get("file", "") for part in parts]
    have_one_name = len(set(map(posixpath.basename, files))) == 1
    have_one_depth = len({file.count("/") for file in files}) == 1
    if len(parts) < 2 or not have_one_name or not have_one_depth:
        return []
    tables = [name for part in parts for name in as_list(part["table"])]
    joined = {"table": tables, "file": generalize(files, str)}
    first, *others = (part | joined for part in parts)
    return [first] if all(other == first for other in others) else []


def describe(
    place: Place, index: Mapping[str, list[str]], name: str, chosen: Mapping[str, str]
) -> list[Description]:
    """Return what a table may be: nothing, or one or several descriptions.

    Args:
        place: all files.
        index: the pictures, as `index_pictures` returns them.
        name: the path of the table.
        chosen: the columns that the owner has chosen as `class` or `group`.

    Raises:
        UserError: the file cannot be read, a chosen column is missing, or the pictures that it
            names are not there.
    """
    form = find_format(place.files[name])
    table = place.open_table(name, **form)
    if "header" not in form and any(normalize_path(text, "") in index for text in table.names):
        form["header"] = False  # the first line names a picture
        table = place.open_table(name, **form)
    if columns.are_numbered_pixels(table.names) and len(place.pictures) <= MAX_BESIDE_PIXELS:
        index = {}
    with table.report_unreadable():
        table.check_names(list(chosen.values()))
        texts = read_texts(table, may_have_pixels=not index)
        stem, _ = posixpath.splitext(posixpath.basename(name))
        role = find_role(stem) or find_role(posixpath.dirname(name))
        opened = Opened(place, name, form, table, texts, role)
        return describe_opened(opened, index, chosen)


def describe_opened(
    opened: Opened, index: Mapping[str, list[str]], chosen: Mapping[str, str]
) -> list[Description]:
    """Return what `describe` does for a table whose columns have been read."""
    table, texts = opened.table, opened.texts
    images = find_images(opened, index)
    group = chosen.get("group") or columns.find_usual(texts, GROUP_COLUMNS)
    image_id = None if images else columns.find_usual(texts, ID_COLUMNS)
    sets = columns.find_sets(texts)
    used = {column for column, _ in images} | {group, image_id} - {None}
    used |= {column for part in sets.values() for column in part["where"]}
    if "class" in chosen:
        classes = [[chosen["class"]]]
    else:
        classes = columns.find_classes(
            {name: values for name, values in texts.items() if name not in used},
            have_pictures=bool(images),
            have_header=opened.form.get("header", True),
        )
    if index and not images:
        raise UserError("no column has the names of the pictures")
    if images and not classes:
        things = list(filter(columns.GROUP_COLUMN.search, texts))
        raise UserError(
            "it names pictures, but has no column of classes"
            + (f"; if its column {things[0]} has groups, join the tables" if things else "")
        )
    if not classes:
        find_pixels(table, used)  # says if these are features
    found = []
    for names in classes:
        keys: dict[str, Any] = {"class": unlist(names)}
        keys |= {"group": group} if group and group not in names else {}
        keys |= {"id": image_id} if image_id else {}
        keys |= name_unlabelled(opened, names)
        parts = sets
        if are_unlabelled(opened, names, sets):
            keys["unused"] = [{"where": {names[0]: ""}}]
            parts = drop_unlabelled(opened, names, sets)
        contents = [content for _, content in images]
        if not images:
            contents = find_pixels(table, {*used, *names})
        for content in contents:
            description = Description(
                opened.name,
                header=tuple(name for name in table.names if "unnamed: " not in name),
                is_test=opened.role == "test",
                keys=opened.form | content | keys,
                sets=parts or find_sets_of_paths(opened, content),
            )
            found.append(description)
    return found


def read_texts(table: TableFile, *, may_have_pixels: bool) -> dict[str, pd.Series]:
    """Return the columns of a table that have a meaning and no pictures.

    Of a table with many columns, or one that may have pixels, those of numbers are left out,
    but for the first and last one.
    """
    names = table.names
    encoded = list_encoded(table)
    may_have_pixels = may_have_pixels and not encoded
    if len(names) > MAX_TEXTS or may_have_pixels:
        sample = table.sample.astype(str)
        names = [
            name
            for name in names
            if name in (names[0], names[-1])
            or columns.is_usual(name)
            or not columns.is_numeric(sample[name])
        ]
    names = [name for name in names if name not in encoded]
    texts = table.read_texts(names, whole=not may_have_pixels)
    return {
        str(name): values
        for name, values in texts.items()
        if not columns.is_meaningless(str(name), values)
    }


def list_encoded(table: TableFile) -> list[str]:
    """Return the columns that have the pictures themselves."""
    return [column.name for column in table.schema or [] if find_encoded_column([column])]


def find_images(
    opened: Opened, index: Mapping[str, list[str]]
) -> list[tuple[str, dict[str, Any]]]:
    """Return the columns that have or name images, each with the keys that say so.

    The result is empty if the columns are single pixels, or say nothing about images. One
    column may name the pictures in several folders.

    Raises:
        UserError: the table names pictures that are not there, or are those of another set.
    """
    if encoded := list_encoded(opened.table):
        return [(column, {"picture": column}) for column in encoded]
    for column in columns.order_by_file(opened.texts) if index else []:
        complete, partial = find_templates(
            opened.place, index, opened.name, opened.texts[column]
        )
        roles = {"", opened.role} if opened.role else {"", "train", "test"}
        fitting = [path for path in complete if find_role(FIELD.sub("", path)) in roles]
        if complete and not fitting:
            raise UserError(f"its pictures are those of another set, as {complete[0]} says")
        beside = f"{{{column}}}"  # the picture of this name beside the table
        n_up = min((path.count("../") for path in fitting), default=0)
        nearest = [path for path in fitting if path.count("../") == n_up]
        paths = [beside] if beside in fitting else nearest or partial[:1]
        if paths:
            return [(column, {"file": path}) for path in paths]
    path = find_numbered(opened.place.pictures, opened.name, opened.texts) if index else ""
    if path:
        return [("", {"file": path})]
    for column, values in opened.texts.items():
        if columns.are_picture_names(values.head(columns.N_VALUES)).all():
            raise UserError(
                f"its column {column} names pictures, such as {values.iloc[0]}, which are not "
                f"in {opened.place.root}"
            )
        if columns.is_packed(values):
            return [(column, {"pixels": column})]
    return []


def name_unlabelled(opened: Opened, names: list[str]) -> dict[str, Any]:
    """Return the key `unused` for the rows without a class, if there are some.

    In a column with a usual name, a missing class is rather a mistake, and is left to be one.

    Args:
        opened: the table.
        names: the column of the classes, or a column for each class.

    Raises:
        UserError: no row has a class.
    """
    class_names = find_class_names(opened.table.schema, names[0])
    if len(names) > 1 or (columns.is_usual(names[0]) and not class_names):
        return {}
    none = "-1" if class_names else ""  # what Hugging Face writes for no class, or a blank
    is_none = opened.texts.get(names[0], pd.Series(dtype=str)).str.strip() == none
    if class_names and is_none.all():
        raise UserError("it has no classes; `digits predict` classifies its images")
    return {"unused": [{"where": {names[0]: none}}]} if 0 < is_none.mean() < 0.5 else {}


def are_unlabelled(opened: Opened, names: list[str], sets: Mapping[str, Any]) -> bool:
    """Return whether rows of the test set have no class, and no others, as in a contest."""
    if not sets or len(names) > 1 or names[0] not in opened.texts:
        return False
    is_blank = opened.texts[names[0]].str.strip() == ""
    return bool(is_blank.any() and not (is_blank & ~find_rows(opened, sets["test"])).any())


def drop_unlabelled(
    opened: Opened, names: list[str], sets: Mapping[str, Any]
) -> dict[str, Any]:
    """Return the sets of a table, or {} if no row of the test set has a class."""
    has_class = opened.texts[names[0]].str.strip() != ""
    return dict(sets) if (has_class & find_rows(opened, sets["test"])).any() else {}


def find_rows(opened: Opened, part: Mapping[str, Any]) -> pd.Series:
    """Return which rows are in a part, by the values that its key `where` names."""
    [(column, values)] = part["where"].items()
    return opened.texts[column].str.strip().isin(as_list(values))


def find_sets_of_paths(opened: Opened, content: Mapping[str, Any]) -> dict[str, Any]:
    """Return which rows are in which set, as the paths of their pictures say, or {}."""
    field = FIELD.search(content.get("file", ""))
    if not field or field[1] not in opened.texts or opened.role:
        return {}
    return columns.find_sets_by_paths(field[1], opened.texts[field[1]])


def find_pixels(table: TableFile, used: set[Any]) -> list[dict[str, Any]]:
    """Return the keys that say which columns are pixels, if there are enough.

    They are all columns of numbers that mean nothing else.

    Raises:
        UserError: they have features, or there are no rows.
    """
    sample = table.sample
    if sample.empty:
        raise UserError("it has no rows")
    texts = sample.astype(str)
    pixels = [
        name
        for name in table.names
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
    return [keys | describe_flat(numbers) | describe_scale([numbers])]


def check_order(names: list[str]) -> None:
    """Check that the columns of pixels are not in the order of the alphabet, as p1, p10, p2.

    Raises:
        UserError: they are.
    """
    by_number = sorted(names, key=natural_key)
    if names == sorted(names) != by_number:
        number = next(i for i, name in enumerate(names) if name != by_number[i])
        raise UserError(
            f"the column {names[number]} stands before {by_number[number]}, so the pixels are "
            "not in the order of their numbers; sort the columns of the table"
        )
