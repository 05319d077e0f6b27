"""What the owner of images should look at, although a layout is probably right."""

import posixpath
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from typing import Any

import pandas as pd

from digits.data.intake.collection import shorten
from digits.data.layout.reading import Reading
from digits.proposing.columns import GROUP_COLUMN
from digits.proposing.series import ORDINARY, add_groups, find_series
from digits.proposing.show import write_option
from digits.proposing.words import (
    GROUP_WORDS,
    SET_WORDS,
    TEST_WORDS,
    find_subset,
    split_words,
)
from digits.settings.layout import TablePart, parse

COMPANION = re.compile(r"(.+)([_-][A-Za-z0-9]+)")  # `1_gt`, beside `1`
KIND = re.compile(r"(.*\d)[_-]?([A-Za-z]{2,})")  # `1_depth`, beside `1_crop`

GROUPS_OF_TABLE = (
    "add a column of groups to the table; see “Add groups to a table” in docs/your-own.md"
)

ID_COLUMN = re.compile(r"(?i:(^|[\s_])(id|no|nr))$|[a-z]ID$")
ORDINARY_FILE = re.compile(r"(.*/)?(test|sample_?submission)\.csv", re.IGNORECASE)
LIST_ENDINGS = (".csv", ".json", ".lst", ".mat", ".tsv", ".txt", ".xml")


def find_hints(reading: Reading, layout: Any) -> list[str]:
    """Return what may be wrong with the images of a layout, or with what it does not use."""
    is_table = any(isinstance(part, TablePart) for part in parse(layout).parts)
    rows = reading.images.rows
    hints: list[str] = []
    for name, values in reading.columns.items():
        if not lies_within_groups(values, rows):
            hints += hint_at_column(name, values)
    files = list(rows.get("file", []))
    several: list[str] = []  # pictures of a thing
    if files:
        several = list(hint_at_companions(files, is_table)) or list(hint_at_kinds(files))
    if files and "group" not in rows:
        several = several or list(hint_at_series(rows, None if is_table else layout))
        hints += hint_at_folders(rows)
    hints += several
    if files:
        hints += hint_at_files_of_pictures(files, reading.files)
    for name in reading.arrays:
        hints += hint_at_array(name)
    if not rows["test"].any():
        hints += hint_at_lists(reading.files)
    return hints


def lies_within_groups(values: pd.Series, rows: pd.DataFrame) -> bool:
    """Return whether all images with one value of a column are of one group already."""
    if "group" not in rows or rows["test"].any() or len(values) != len(rows):
        return False
    return bool(rows["group"].groupby(values.to_numpy()).nunique().max() == 1)


def may_be_group(name: str) -> bool:
    """Return whether the name of a column is that of ids, or of things such as cameras."""
    return bool(ID_COLUMN.search(name) or GROUP_COLUMN.search(name))


def hint_at_column(name: str, values: pd.Series) -> Iterator[str]:
    """Yield a hint if a column that is not used may say the set or the group."""
    distinct = sorted(set(values.str.strip()))
    are_subset_names = 2 <= len(distinct) <= 4 and all(
        split_words(text) & SET_WORDS for text in distinct
    )
    if are_subset_names or split_words(name) & SET_WORDS:
        yield (
            f"the column {name}, {shorten(distinct[:4])}, may say which images are the test "
            "set; if so, write `where` into the layout"
        )
    elif may_be_group(name.strip()) and 3 <= len(distinct) <= 0.9 * len(values):
        yield (
            f"the column {name} has {len(distinct)} values for {len(values)} images; if images "
            f"with one value belong together, run: digits start --group '{name}'"
        )


def hint_at_array(name: str) -> Iterator[str]:
    """Yield a hint if an array that is not used may say the set or the group."""
    words = split_words(posixpath.basename(name))
    if words & SET_WORDS and words & {"is", "split", "set", "fold", "partition"}:
        yield f"the array {name} may say which images are the test set"
    elif words & GROUP_WORDS or words & {"id", "ids"}:
        yield f"the array {name} may be the groups; if so, write `group` into the layout"


def hint_at_series(rows: pd.DataFrame, layout: Any) -> Iterator[str]:
    """Yield a hint if the names of pictures tell that several show the same thing.

    Args:
        rows: the images.
        layout: the layout, if it has patterns, and None if it has a table.
    """
    series = find_series(rows)
    if series is None:
        return
    name, value = next(iter(series.values.items()))
    with_groups = add_groups(layout, series) if layout and series.name else None
    if layout is None:
        remedy = GROUPS_OF_TABLE
    elif with_groups:
        remedy = f"run: digits start {write_option(with_groups)}"
    else:
        remedy = f"let the pattern of the layout have {{group}} for {value}"
    yield (
        f"{len(series.values)} pictures are called like {posixpath.basename(name)}, and may "
        f"show only {series.n_things} things, such as {value}; if so, {remedy}"
    )


def hint_at_companions(files: list[str], is_table: bool) -> Iterator[str]:
    """Yield a hint if many pictures belong to another one, as `1_gt.png` belongs to `1.jpg`.

    The other picture may be in the same folder, or in the folder above. It may be anywhere if
    its name is no ordinary one such as `1.jpg`. `1.png` may belong to `1.jpg`, too.

    Args:
        files: the pictures.
        is_table: whether the layout has a table.
    """
    stems: dict[str, str] = {}  # in this order, and the name of each
    ends: Counter[str] = Counter()
    for file in files:
        stem, ending = posixpath.splitext(file)
        if stem in stems:
            ends[ending] += 1
        stems[stem] = posixpath.basename(stem)
    names = {name for name in stems.values() if not ORDINARY.fullmatch(name)}
    for folder, name in map(posixpath.split, stems):
        match = COMPANION.fullmatch(name)
        if match and (
            match[1] in names
            or posixpath.join(folder, match[1]) in stems
            or posixpath.join(posixpath.dirname(folder), match[1]) in stems
        ):
            ends[f"{match[2]}.*"] += 1
    if ends.total() >= len(files) / 4:
        [(end, _)] = ends.most_common(1)
        unused = f"[{{where: {{COLUMN: '*{end}'}}}}]" if is_table else f"'**/*{end}'"
        yield (
            f"{ends.total()} pictures are called like others, with {end.removesuffix('.*')} "
            "or the like at the end; if they are masks, copies or details, write into the "
            f"layout: unused: {unused}"
        )


def hint_at_kinds(files: list[str]) -> Iterator[str]:
    """Yield a hint if most things have several pictures, such as `1_crop` and `1_depth`."""
    kinds: dict[str, set[str]] = defaultdict(set)
    for stem, _ in map(posixpath.splitext, files):
        if match := KIND.fullmatch(stem):
            kinds[match[1]].add(match[2])
    counts = Counter(map(frozenset, kinds.values()))
    usual = max(counts, key=counts.__getitem__, default=frozenset())
    n_things = counts[usual]
    if len(usual) > 1 and n_things * len(usual) >= len(files) / 2:
        yield (
            f"{n_things} things have several pictures each, whose names end in "
            f"{shorten(sorted(usual))}; leave out kinds such as masks, or let the pattern of "
            "the layout have {group} for the thing"
        )


def hint_at_folders(rows: pd.DataFrame) -> Iterator[str]:
    """Yield a hint if folders are neither classes nor sets, and so may be groups."""
    paths = [posixpath.dirname(name).split("/") for name in rows["file"]]
    if len(set(map(len, paths))) > 1:
        return
    classes = set(rows["class"])
    for names in map(set, zip(*paths, strict=True)):
        if len(names) > 1 and not names & classes and not any(map(find_subset, names)):
            yield (
                f"the folders {shorten(sorted(names)[:5])} are not used; if they are people "
                "or days, let the pattern of the layout have {group} for them"
            )
            return


def hint_at_files_of_pictures(pictures: list[str], files: list[str]) -> Iterator[str]:
    """Yield a hint if many pictures have another file, such as `1.json` or `1.jpg.json`."""
    names = {posixpath.basename(name) for name in pictures}
    names |= {posixpath.splitext(name)[0] for name in names}
    found = [name for name in files if posixpath.splitext(posixpath.basename(name))[0] in names]
    if len(found) >= len(pictures) / 2:
        yield (
            f"{len(found)} files are called like pictures, first {found[0]}; if they say the "
            "classes, write a table with the columns file and class"
        )


def hint_at_lists(files: list[str]) -> Iterator[str]:
    """Yield a hint if files that are not used may say which images are a test set."""
    set_words = TEST_WORDS | {"split", "partition", "setid", "te"}
    found = [
        name
        for name in files
        if name.lower().endswith(LIST_ENDINGS)
        and split_words(posixpath.splitext(posixpath.basename(name))[0]) & set_words
        and not ORDINARY_FILE.fullmatch(name)
    ]
    if found:
        yield f"{shorten(found)} may say which images are a test set"
