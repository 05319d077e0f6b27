"""What the owner of images should look at, although a layout is probably right."""

import posixpath
import re
from collections import Counter, defaultdict
from collections.abc import Iterator

import pandas as pd

from digits.data.intake.collection import shorten
from digits.data.layout.reading import Reading
from digits.proposing.words import (
    GROUP_WORDS,
    SET_WORDS,
    TEST_WORDS,
    find_role,
    split_words,
)

# What the names of pictures of one thing begin with, as in `a1_jpg.rf.3f.jpg` and
# `CNV-1016042-7.jpg`: all before the last number, if there is another one.
SERIES = re.compile(r"(?:(.*\d.*?)\.rf\..*|(.*\d.*?)[^\d/]+\d+)\.\w+")

COMPANION = re.compile(r"(.+)([_-][A-Za-z0-9]+)")  # `1_gt`, beside `1`
KIND = re.compile(r"(.*\d)[_-]?([A-Za-z]+)")  # `1_depth`, beside `1_crop`

ID_COLUMN = re.compile(r"(?i:(^|[\s_])(id|no|nr))$|[a-z]ID$")
ORDINARY_FILE = re.compile(r"(.*/)?(test|sample_?submission)\.csv", re.IGNORECASE)


def find_hints(reading: Reading) -> list[str]:
    """Return what may be wrong with the images of a layout, or with what it does not use."""
    rows = reading.images.rows
    hints: list[str] = []
    for name, values in reading.columns.items():
        hints += hint_at_column(name, values)
    files = list(rows.get("file", []))
    if files and "group" not in rows:
        hints += hint_at_series(files)
        hints += hint_at_folders(rows)
    if files:
        hints += list(hint_at_companions(files)) or hint_at_kinds(files)
        hints += hint_at_files_of_pictures(files, reading.files)
    for name in reading.arrays:
        hints += hint_at_array(name)
    if not rows["test"].any():
        hints += hint_at_lists(reading.files)
    return hints


def hint_at_column(name: str, values: pd.Series) -> Iterator[str]:
    """Yield a hint if a column that is not used may say the set or the group."""
    distinct = sorted(set(values.str.strip()))
    are_sets = 2 <= len(distinct) <= 4 and all(
        split_words(text) & SET_WORDS for text in distinct
    )
    if are_sets or split_words(name) & SET_WORDS:
        yield (
            f"the column {name}, {shorten(distinct[:4])}, may say which images are the test "
            "set; if so, write `where` into the layout"
        )
    elif ID_COLUMN.search(name.strip()) and 3 <= len(distinct) <= 0.9 * len(values):
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


def hint_at_series(files: list[str]) -> Iterator[str]:
    """Yield a hint if the names of pictures tell that several show the same thing."""
    matches = [
        match for name in map(posixpath.basename, files) if (match := SERIES.fullmatch(name))
    ]
    starts = [match[1] or match[2] for match in matches]
    things = set(starts)
    if len(matches) >= len(files) / 2 and 1 < len(things) <= 0.7 * len(matches):
        yield (
            f"{len(matches)} pictures are called like {matches[0].string}, and may show only "
            f"{len(things)} things; if so, let the pattern of the layout have {{group}} for "
            f"{starts[0]}"
        )


def hint_at_companions(files: list[str]) -> Iterator[str]:
    """Yield a hint if many pictures belong to another one, as `1_gt.png` belongs to `1.jpg`.

    The other picture may be in the same folder, or in the folder above.
    """
    stems = dict.fromkeys(posixpath.splitext(name)[0] for name in files)  # in this order
    ends: Counter[str] = Counter()
    for folder, name in map(posixpath.split, stems):
        match = COMPANION.fullmatch(name)
        if match and not stems.keys().isdisjoint(
            posixpath.join(each, match[1]) for each in (folder, posixpath.dirname(folder))
        ):
            ends[match[2]] += 1
    if ends.total() >= len(files) / 4:
        [(end, _)] = ends.most_common(1)
        yield (
            f"{ends.total()} pictures are called like others, with {end} or the like at the "
            "end; if they are masks, copies or details, write into the layout: unused: "
            f"'**/*{end}.*'"
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
        if len(names) > 1 and not names & classes and not any(map(find_role, names)):
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
    set_words = TEST_WORDS | {"split", "partition", "setid"}
    found = [
        name
        for name in files
        if split_words(posixpath.splitext(posixpath.basename(name))[0]) & set_words
        and not ORDINARY_FILE.fullmatch(name)
    ]
    if found:
        yield f"{shorten(found)} may say which images are a test set"
