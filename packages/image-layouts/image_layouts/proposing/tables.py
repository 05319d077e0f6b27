"""Propose layouts in which tables say what the images are.

A column names the pictures, or has them, or columns have their pixels. The classes are in a
column with a usual name, or in the only other column. Otherwise, each column is shown.
"""

import math
import posixpath
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from itertools import permutations
from typing import Any

import numpy as np
import pandas as pd

from image_layouts.checking import one_class
from image_layouts.errors import LayoutError
from image_layouts.layout.column_names import GROUP_COLUMNS, ID_COLUMNS
from image_layouts.layout.folder import Folder
from image_layouts.layout.hugging_face import find_image_columns
from image_layouts.layout.pattern import escape
from image_layouts.layout.read_table import find_blank_rows, find_pictures, list_values
from image_layouts.layout.reading import Reading
from image_layouts.layout.table_file import TableFile
from image_layouts.proposing.columns import (
    N_FIRST,
    USUAL_CLASSES,
    Texts,
    find_classes,
    find_sets,
    find_sets_of_paths,
    find_usual,
    is_index,
)
from image_layouts.proposing.picture_names import find_templates
from image_layouts.proposing.pixels import check_range, describe_colors, describe_scale
from image_layouts.proposing.sets import SET_WORDS, SUBMISSION, find_set, list_set_words
from image_layouts.proposing.table_format import find_format, may_be_table
from image_layouts.proposing.writing import unlist, write_subsets
from image_layouts.schema import as_list

MIN_PIXELS = 49  # fewer columns of numbers are features of something else
MAX_PIXEL = 255
MAX_TEXTS = 100  # a table with more columns has pixels
MIN_UNIQUE = 0.5  # of the values that name pictures
SHARD = re.compile(r"-\d{5}-of-\d{5}(-[\da-f]{16})?\.")
SET_WORD = re.compile(rf"(?<![a-z])({'|'.join(SET_WORDS)})(?![a-z])")
PACKED = re.compile(r"\s*(\d+\s+){3,}\d+\s*")
DIGITS = re.compile(r"\d+")


def propose(
    folder: Folder, chosen: Mapping[str, str]
) -> tuple[list[Reading], list[str], list[str]]:
    """Return the layouts of all tables, why others are not used, and tables without classes.

    The owner may have chosen the columns of `class` and `group`.
    """
    possible: list[Reading] = []
    reasons: list[str] = []
    opened: dict[str, TableFile] = {}
    for name in sorted(folder.files, key=lambda each: (each.count("/"), each)):
        try:
            is_submission = SUBMISSION.search(posixpath.basename(name))
            if is_submission or not may_be_table(name, folder.files[name]):
                continue
            keys = find_format(folder.files[name])
            table = folder.open_table(name, **keys)
            with table.report_unreadable():
                table.check_names(list(chosen.values()))
                opened[name] = table
                possible += describe_table(folder, name, table, keys, chosen)
        except (OSError, EOFError) as error:
            reasons.append(f"{name}: {error}")
        except LayoutError as error:
            reasons.append(error.message)
    kept: list[Reading] = []
    for names_files in (True, False):  # a table of pixels says nothing about the others
        same = [each for each in possible if ("file" in each.layout) == names_files]
        certain = [get_classes(each) for each in same if each.is_certain and not chosen]
        kept += [each for each in same if not certain or get_classes(each) in certain]
    by_pattern = {escape(name): table for name, table in opened.items()}
    classes = [list_classes(by_pattern[each.layout["table"]], each) for each in kept]
    known = {name for names in classes if len(names) > 1 for name in names}
    labelled = [
        each
        for each, names in zip(kept, classes, strict=True)
        if set_of(each) != "test" or len(names) != 1 or names <= known
    ]
    features = [
        {*by_pattern[each.layout["table"]].names} - {*as_list(each.layout["class"])}
        for each in labelled
    ]
    is_labelled = {each.layout["table"]: each in labelled for each in kept}
    without_classes = [  # such as test.csv of a contest, or one whose class is always -1
        name
        for name, table in opened.items()
        if any(others >= {*table.names} for others in features)
        or not is_labelled.get(escape(name), True)
    ]
    return write_layouts(labelled), reasons, without_classes


def list_classes(table: TableFile, reading: Reading) -> set[str]:
    """Return the different values of the column of the classes, or none of several columns."""
    columns = as_list(reading.layout["class"])
    return set(table.read_texts(columns)[columns[0]].unique()) if len(columns) == 1 else set()


def get_classes(reading: Reading) -> str:
    """Return the key `class` of a layout as a string, which may be a key of a dictionary."""
    return str(reading.layout["class"])


def describe_table(
    folder: Folder, name: str, table: TableFile, keys: dict[str, Any], chosen: Mapping[str, str]
) -> Iterator[Reading]:
    """Yield the layouts of a table.

    Raises:
        LayoutError: it has no images, or no classes.
    """
    texts = read_texts(table)
    for images, way in find_images(folder, name, table, texts):
        others = {each: values for each, values in texts.items() if each not in images}
        sets, doubt = find_sets(others)
        if "file" in way and not sets:
            sets, doubt = find_sets_of_paths(texts[images[0]])
        of_sets = {column for part in sets.values() for column in part["where"]}
        group = chosen.get("group") or find_usual(others, GROUP_COLUMNS)
        ids = find_usual(others, ID_COLUMNS) if "file" not in way else None
        rest = {
            each: values
            for each, values in others.items()
            if each not in of_sets and each not in (group, ids)
        }
        roles: list[tuple[list[str], bool, str | None]]
        roles = [(*each, group) for each in find_classes(rest, chosen)]
        if group and not chosen and not find_usual(rest, USUAL_CLASSES):
            # The groups may be classes, such as `treated`, of which each has several animals.
            roles = [(each, False, group) for each, _, _ in roles]
            roles += [([group], False, each[0]) for each, _, _ in roles]
            roles += [([group], False, None)]
        for classes, is_certain, by in roles:
            part: dict[str, Any] = (
                {"table": escape(name)} | keys | way | {"class": unlist(classes)}
            )
            if way.get("pixels", "") == "all":
                part |= describe_pixels(table, [*others.keys() - rest.keys(), *classes])
            part |= {"group": by} if by and by not in classes else {}
            part |= {"id": ids} if ids and others[ids].is_unique else {}
            header = tuple(each for each in table.names if each not in of_sets)
            questions = [doubt] if doubt else []
            blank = texts[classes[0]].str.strip() == ""
            if blank.any() and len(classes) == 1:  # as in the test set of a contest
                part |= {"unused": [{"where": {classes[0]: ""}}]}
                if "file" not in part:  # otherwise, this is asked about the pictures
                    questions.append(f"may {blank.sum()} rows without a class be left out?")
            yield Reading(part | sets, questions, header, is_certain)
            if doubt or (sets and group):  # groups may be in both sets
                yield Reading(part, questions, header, is_certain)


def read_texts(table: TableFile) -> dict[str, pd.Series]:
    """Return the columns that may have classes, groups or paths, without blank rows."""
    names = table.names
    image_columns = find_image_columns(table.schema or [])
    pixels = set(list_pixels(table))
    if len(names) > MAX_TEXTS or len(pixels) >= MIN_PIXELS:
        ends = {names[0], names[-1]} if not has_words(names) else set()
        names = [each for each in names if each not in pixels or each in ends]
    texts = table.read_texts([each for each in names if each not in image_columns])
    if table.schema is None and len(texts.columns):
        texts = texts[~find_blank_rows(texts)]
    return {
        str(name): values
        for name, values in texts.items()
        if (values.str.strip() != "").any() and not is_index(str(name), values)
    }


def has_words(names: Sequence[str]) -> bool:
    """Return whether a column has a letter in its name."""
    return any(re.search(r"[^\W\d_]", name) for name in names)


def list_pixels(table: TableFile) -> list[str]:
    """Return the columns of numbers that are called alike, such as pixel0 and pixel1."""
    numeric = set(table.sample.select_dtypes("number"))
    numeric |= {
        each
        for each in table.sample
        if pd.to_numeric(table.sample[each], errors="coerce").notna().all()
    }
    by_word: dict[str, list[str]] = defaultdict(list)
    for name in table.names:
        if name in numeric:
            by_word[DIGITS.sub("", name).replace(".", "")].append(name)
    return max(by_word.values(), key=len, default=[])


def find_images(
    folder: Folder, name: str, table: TableFile, texts: Texts
) -> list[tuple[list[str], dict[str, Any]]]:
    """Return columns that have or name the images, and the keys of a layout that say so.

    Raises:
        LayoutError: there are none, or only some of the named pictures are there.
    """
    ways: list[tuple[list[str], dict[str, Any]]] = []
    other = f"; if one names pictures, read the folder {folder.root}" if folder.is_file else ""
    reason = LayoutError(f"no column names the pictures, or has pixels{other}")
    kinds = find_image_columns(table.schema or [])
    pictures = [column for column, kind in kinds.items() if kind == "picture"]
    for column in pictures or kinds:
        keys = {"picture": column} if pictures else describe_cells(table, column)
        ways.append(([column], keys))
    joined = list(find_joined(folder, name, texts))
    if joined:
        return joined
    for column, values in texts.items():
        try:
            files = find_files(folder, name, column, values) if folder.pictures else []
        except LayoutError as error:
            reason = error
            continue
        ways += [([column], {"file": file}) for file in files]
    for column, values in texts.items():
        if values.head(50).str.fullmatch(PACKED).all():
            ways.append(([column], describe_cells(table, column)))
    if len(list_pixels(table)) >= MIN_PIXELS:
        ways.append(([], {"pixels": "all"}))
    if not ways:
        raise reason
    return ways


def find_joined(
    folder: Folder, name: str, texts: Texts
) -> Iterator[tuple[list[str], dict[str, Any]]]:
    """Yield two columns, of folders and of names in them, that only together name pictures."""
    for start, end in permutations(texts, 2):
        in_folders = posixpath.basename(texts[end].iloc[0].strip()) in folder.pictures_by_end
        if not in_folders or texts[end].is_unique or texts[start].nunique() == 1:
            continue
        file = f"{{{start}}}/{{{end}}}"
        rows = pd.DataFrame({start: texts[start], end: texts[end]})
        with suppress(LayoutError):
            find_pictures(folder, file, name, rows.head(N_FIRST))
            if len(set(find_pictures(folder, file, name, rows))) == len(rows):
                yield [start, end], {"file": file}


def find_files(folder: Folder, name: str, column: str, values: pd.Series) -> list[str]:
    """Return each path, such as `images/{id}.jpg`, by which all rows name a picture."""
    if values.nunique() < MIN_UNIQUE * len(values):  # classes may be called like pictures
        if set(values.map(posixpath.basename)) <= folder.pictures_by_end.keys():
            raise LayoutError(f"{column} has most pictures in three rows or more")
        return []
    for_all = find_templates(folder, name, values)
    first = values.iloc[0].strip()
    for padded in (first.zfill(length) for length in range(2, 9)):
        if first and not for_all and padded in folder.pictures_by_end:
            raise LayoutError(f"write {padded} in place of {first}, as pictures do")
    whole = f"{{{column}}}"
    if whole in for_all:
        return [whole]
    of_table = list_set_words(posixpath.splitext(posixpath.basename(name))[0])
    of_folder = {path: list_set_words(posixpath.dirname(path)) for path in for_all}
    of_same_words = [path for path in for_all if of_folder[path] == of_table]
    allowed = ("", find_set(" ".join(of_table)))
    of_same_set = [path for path in for_all if find_set(" ".join(of_folder[path])) in allowed]
    return of_same_words or (of_same_set if of_table else for_all)


def describe_cells(table: TableFile, column: str) -> dict[str, Any]:
    """Return the keys of a column whose cells have all pixels of an image."""
    try:
        numbers = np.array(
            [np.array(list_values(each), float) for each in table.sample[column]]
        )
    except ValueError:  # reported when the layout is read
        return {"pixels": column}
    if numbers.ndim != 2 or not np.isfinite(numbers).all():
        return {"pixels": column}
    return {"pixels": column} | describe_colors(numbers) | describe_scale([numbers])


def describe_pixels(table: TableFile, others: Sequence[str]) -> dict[str, Any]:
    """Return the keys of columns of pixels.

    Raises:
        LayoutError: the columns are no pixels.
    """
    names = [each for each in list_pixels(table) if each not in others]
    start, stop = table.names.index(names[0]), table.names.index(names[-1])
    between = [each for each in table.names[start : stop + 1] if each not in others]
    numbers = [list(map(int, DIGITS.findall(each))) for each in names]  # those of 2x1: [2, 1]
    if between != names or (has_words(names) and numbers != sorted(numbers)):
        raise LayoutError(
            f"the columns from {names[0]} to {names[-1]} are not all pixels in order"
        )
    values = table.sample[names].dropna().to_numpy(float)
    if not len(values):
        raise LayoutError("each of its first rows has a blank pixel")
    all_names = f"the columns {names[0]} to {names[-1]}"
    check_range(values, all_names)
    if values.max() > MAX_PIXEL:  # such as a spectrum, in which neighbours are alike, too
        raise one_class.make_features_error(
            f"{all_names} have numbers up to {values.max():.0f}, but pixels up to {MAX_PIXEL}"
        )
    side = math.isqrt(len(names))
    if side**2 != len(names) and 3 * math.isqrt(len(names) // 3) ** 2 != len(names):
        raise LayoutError(f"{len(names)} columns of pixels are no square image")
    return (
        {"pixels": f"{names[0]} to {names[-1]}"}
        | describe_colors(values)
        | describe_scale([values])
    )


def write_layouts(readings: Sequence[Reading]) -> list[Reading]:
    """Return the layouts of tables: of those with the same columns together, and of each."""
    alike: dict[Any, list[Reading]] = defaultdict(list)
    by_class: dict[str, list[Reading]] = defaultdict(list)
    for each in readings:
        alike[each.columns, get_classes(each), str(each.layout.get("pixels"))].append(each)
        by_class[get_classes(each)].append(each)
    possible = [each for tables in alike.values() for each in join(tables)]
    for tables in by_class.values():  # a training set and a test set with other columns
        are_test = {each.columns: set_of(each) == "test" for each in tables}
        if sorted(are_test.values()) == [False, True] and "file" in tables[0].layout:
            known = [each.layout for each in possible]
            possible += [each for each in join(tables)[:1] if each.layout not in known]
    return possible


def set_of(reading: Reading) -> str:
    """Return the set that the name of a table, or else of its folder, names."""
    folder, name = posixpath.split(reading.layout["table"])
    return find_set(posixpath.splitext(SHARD.sub(".", name))[0]) or find_set(folder)


def join(tables: Sequence[Reading]) -> list[Reading]:
    """Return the layouts of tables with the same columns and class: of all, and of each."""
    single = [replace(each, layout=write_part([each])) for each in tables]
    n_tables = len({each.layout["table"] for each in tables})
    if n_tables == 1 or n_tables < len(tables):  # a table has several layouts
        return single
    by_keys: dict[Any, list[Reading]] = defaultdict(list)
    for each in tables:
        by_keys[str(each.layout | {"table": ""}), set_of(each) == "test"].append(each)
    train = [write_part(same) for (_, is_test), same in by_keys.items() if not is_test]
    test = [write_part(same) for (_, is_test), same in by_keys.items() if is_test]
    if not train or (len(by_keys) > 1 and any("train" in part for part in train + test)):
        return single
    layout = train[0] if len(by_keys) == 1 else write_subsets(train, test)
    doubts = list(dict.fromkeys(question for each in tables for question in each.questions))
    if not are_one_dataset(tables):
        names = " and ".join(each.layout["table"] for each in tables[:2])
        doubts.append(f"do {names} list different objects? Answer no if both list the same")
    return [Reading(layout, doubts, is_certain=tables[0].is_certain), *single]


def are_one_dataset(tables: Sequence[Reading]) -> bool:
    """Return whether tables are certainly parts or sets of one dataset."""
    patterns = [each.layout["table"] for each in tables]
    series = {SET_WORD.sub("", SHARD.sub(".", pattern.lower())) for pattern in patterns}
    if all("file" in each.layout for each in tables):
        names = set(map(posixpath.basename, patterns))
        n_sets = len(set(map(set_of, tables)))
        return len(tables) in (len(names), n_sets) or len(series) == 1
    are_shards = all(map(SHARD.search, patterns))
    have_test = any(set_of(each) == "test" for each in tables)
    return len(series) == 1 and (are_shards or have_test)


def write_part(tables: Sequence[Reading]) -> dict[str, Any]:
    """Return the layout of tables with the same keys."""
    patterns = [each.layout["table"] for each in tables]
    if all(map(SHARD.search, patterns)):
        patterns = sorted({SHARD.sub("-*.", each) for each in patterns})
    layout: dict[str, Any] = tables[0].layout | {"table": unlist(patterns)}
    return layout
