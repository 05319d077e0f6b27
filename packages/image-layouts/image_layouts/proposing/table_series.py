"""Join tables that belong together, such as one table per set, into layouts."""

import posixpath
import re
from collections import defaultdict
from collections.abc import Collection, Sequence
from typing import Any, NamedTuple

from image_layouts.layout.pattern import escape, find_matches
from image_layouts.proposing.words import SET_WORDS, is_subset_name, split_words
from image_layouts.proposing.writing import generalize, unlist, write_subsets
from image_layouts.schema import as_list

# Hugging Face divides a table into shards, such as `train-00000-of-00002-0f3a5b7c.parquet`.
HASH = re.compile(r"[0-9a-f]{8,}")
SHARD = re.compile(r"-\d{5}-of-\d{5}\.")

TRAIN_OR_VAL = re.compile(r"(?<![a-z])(train|val)(?![a-z])")

MAX_NAMED = 3  # more tables are written as a pattern


class TableCandidate(NamedTuple):
    """A way to read a table: a part of a layout that has not been written yet.

    Attributes:
        name: the path of the table.
        header: the columns of the table, without those of sets.
        is_test: whether the path names a test set.
        keys: the keys of the part, without `table`.
        subsets: the keys `train` and `test` of the layout, if a column has the subsets.
    """

    name: str
    header: tuple[str, ...]
    is_test: bool
    keys: dict[str, Any]
    subsets: dict[str, Any]


def write_layouts(candidates: Sequence[TableCandidate], files: Collection[str]) -> list[Any]:
    """Return the layouts of all tables. Tables with more columns come first.

    Tables with the same columns, class and pixels may be one layout.

    Args:
        candidates: the tables.
        files: the paths of all files.
    """
    candidates = drop_parts_of_trainval(candidates)
    by_length = sorted(candidates, key=lambda table: len(table.header), reverse=True)
    alike: dict[Any, list[TableCandidate]] = defaultdict(list)
    for table in by_length:
        pixels = table.keys.get("pixels")
        alike[table.header, str(table.keys["class"]), pixels].append(table)
    layouts = []
    for tables in pair_subsets(list(alike.values())):
        layouts += join_series(tables, files)
    return layouts


def pair_subsets(groups: list[list[TableCandidate]]) -> list[list[TableCandidate]]:
    """Return groups of tables, in which a training set and a test set are one group.

    Their tables name pictures, and may have different columns. No other table has this class.
    """
    by_class: dict[str, list[list[TableCandidate]]] = defaultdict(list)
    for tables in groups:
        by_class[str(tables[0].keys["class"])].append(tables)
    merged = []
    for same in by_class.values():
        are_test = [{table.is_test for table in tables} for tables in same]
        name_pictures = all("file" in tables[0].keys for tables in same)
        are_two_sets = len(same) == 2 and {False} in are_test and {True} in are_test
        if name_pictures and are_two_sets:
            merged.append([*same[0], *same[1]])
        else:
            merged += same
    return merged


def drop_parts_of_trainval(candidates: Sequence[TableCandidate]) -> list[TableCandidate]:
    """Return tables without `x_train.txt` and `x_val.txt` beside `x_trainval.txt`."""
    names = {table.name for table in candidates}
    return [
        table
        for table in candidates
        if TRAIN_OR_VAL.sub("trainval", table.name) not in names - {table.name}
    ]


def join_series(tables: list[TableCandidate], files: Collection[str]) -> list[Any]:
    """Return the layouts of tables that have the same columns and class.

    Tables whose names differ only in subsets and numbers are a series. Another series may have
    other images. In another folder, it may have other versions of the same images.
    """
    series: dict[Any, list[TableCandidate]] = defaultdict(list)
    for table in tables:
        series[name_series(table)].append(table)
    first_tables = [same[0] for same in series.values()]
    n_test = sum(table.is_test for table in first_tables)
    n_train = len(first_tables) - n_test
    are_two_subsets = n_train <= 1 and n_test <= 1
    if len(series) == 1 or are_two_subsets:
        return join(tables, files)
    layouts = [layout for same in series.values() for layout in join(same, files)]
    differ_in_folders = len({words for words, _ in series}) == 1
    name_pictures = "file" in tables[0].keys
    if differ_in_folders and not name_pictures:
        return layouts
    joined = join(tables, files)
    return [*joined, *(layout for layout in layouts if layout not in joined)]


def name_series(table: TableCandidate) -> tuple[frozenset[str], str]:
    """Return the words in the name of a table, and its folder, both without subsets.

    The folder of a table that names pictures in other folders is ignored.
    """
    folder, name = posixpath.split(table.name)
    words = split_words(HASH.sub("", posixpath.splitext(name)[0])) - SET_WORDS
    names_pictures_elsewhere = table.keys.get("file", "").startswith("..")
    levels = [] if names_pictures_elsewhere else folder.split("/")
    other_levels = [level for level in levels if not is_subset_name(level)]
    return frozenset(words), "/".join(other_levels)


def join(tables: list[TableCandidate], files: Collection[str]) -> list[Any]:
    """Return the layouts of tables of the same series.

    Tables with the same keys are one part of a layout.
    """
    tables = share_scale(tables)
    by_keys: dict[Any, list[TableCandidate]] = defaultdict(list)
    for table in tables:
        # Dictionaries cannot be keys, but their texts can.
        by_keys[str(table.keys), str(table.subsets), table.is_test].append(table)
    groups = list(by_keys.values())
    names = [table.name for table in tables]
    train_groups = [group for group in groups if not group[0].is_test]
    test_groups = [group for group in groups if group[0].is_test]
    train = [write_part(group, files) for group in train_groups]
    test = [write_part(group, files) for group in test_groups]
    parts = [*train, *test]
    if len(groups) == 1 and tables[0].subsets:  # a column has the subsets
        return [parts[0] | tables[0].subsets]
    if len(set(names)) < len(names):  # a table has several candidates
        by_part = zip(parts, [*train_groups, *test_groups], strict=True)
        return [part | group[0].subsets for part, group in by_part]
    if train and test:
        layouts = [write_subsets(train, test)]
    else:
        layouts = [*parts, *join_folders(parts)]
        if len(train) > 1:  # such as train.csv and val.csv
            layouts.append(write_subsets(train, []))
    if "file" in tables[0].keys:  # each may name all pictures
        layouts += [write_part([table], files) for table in tables]
    return layouts


def share_scale(tables: list[TableCandidate]) -> list[TableCandidate]:
    """Return tables with the same key `scale`, so that equal values are equally bright.

    The scale of a table is that of its first rows. If one has fractions, which are multiplied,
    so have the others. Otherwise, the table with the largest values has the smallest scale.
    """
    scales = [table.keys.get("scale", 1) for table in tables]
    scale = max(scales) if max(scales) > 1 else min(scales)
    if scale == 1:
        return tables
    return [table._replace(keys=table.keys | {"scale": scale}) for table in tables]


def write_part(tables: Sequence[TableCandidate], files: Collection[str]) -> dict[str, Any]:
    """Return the part of a layout with tables of the same keys.

    Args:
        tables: the tables.
        files: the paths of all files, of which others must not fit the part's pattern.
    """
    names = [table.name for table in tables]
    have_one_depth = len({name.count("/") for name in names}) == 1
    if all(SHARD.search(name) for name in names):
        # A shard that is added later is read, too.
        patterns = sorted({SHARD.sub("-*.", escape(name)) for name in names})
    else:
        patterns = [escape(name) for name in names]
        general = generalize(names) if have_one_depth else ""
        if len(names) > MAX_NAMED and set(find_matches([general], files)) == set(names):
            patterns = [general]
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
    layouts = [part | joined for part in parts]
    are_equal = all(layout == layouts[0] for layout in layouts)
    return layouts[:1] if are_equal else []
