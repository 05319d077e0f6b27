"""What only the owner of images can know about a proposed layout."""

import posixpath
import re
from collections import Counter, defaultdict

import pandas as pd

from digits.data.intake.collection import shorten
from digits.data.layout.reading import Reading
from digits.proposing.words import (
    CAMERA_WORDS,
    DATE,
    GROUP_WORDS,
    OTHER_WORDS,
    PART_WORDS,
    SET_WORDS,
    TEST_WORDS,
    are_numbered,
    find_role,
    split_words,
)
from digits.proposing.words import (
    are_sets as words_are_sets,
)

# What the names of pictures of one thing begin with, as in `a1_jpg.rf.3f.jpg` and
# `CNV-1016042-7.jpg`: all before the last number, if there is another one.
SERIES = re.compile(r"(?:(.*\d.*?)\.rf\..*|(.*\d.*?)[^\d/]+\d+)\.\w+")
# The name of a picture, and of another one that is called like it.
COMPANION = re.compile(
    r"(?P<folder>(?P<above>(?:.*/)?)[^/]*/|)(?P<name>[^/]+?)(?P<end>[_-][A-Za-z0-9]+)"
)
KIND = re.compile(r"(.*\d)[_-]?([A-Za-z]+)")  # 1_depth

ID_COLUMN = re.compile(r"(?i:(^|[\s_])(id|no|nr))$|[a-z]ID$")
SET_FILE_WORDS = TEST_WORDS | {"split", "partition", "setid"}


def find_doubts(reading: Reading) -> list[str]:
    """Return why a layout is probably not what the owner means. It is never chosen alone."""
    rows = reading.images.rows
    is_test = rows["test"]
    names = sorted(rows["class"].unique())
    found = [find_odd_classes(names), find_odd_letters(names), find_other_set(rows)]
    if is_test.any() and rows["class"][is_test].nunique() == 1:
        found.append(
            f"all images of the test set are of class {rows['class'][is_test].iloc[0]}"
        )
    return [text for text in found if text]


def find_odd_classes(names: list[str]) -> str:
    """Return a sentence if classes are called like sets, parts of one, days or pictures."""
    words = [split_words(name) for name in names]
    are_sets = all(each & SET_WORDS and each <= SET_WORDS | OTHER_WORDS for each in words)
    are_parts = len({re.sub(r"\d+", "", name) for name in names}) == 1 < len(names)
    are_parts = are_parts and bool(words[0] & PART_WORDS)
    are_from_cameras = all(each and each <= CAMERA_WORDS for each in words)
    have_roles = len({find_role(name) for name in names} - {""}) > 1 and all(
        each & SET_WORDS for each in words
    )
    have_dates = all(DATE.match(name) for name in names)
    stems = {re.sub(r"\d+", "", name) for name in names}
    have_numbers = len(stems) == 1 and all(
        re.search(r"[^\W\d].*\d\D+\d", name) for name in names
    )
    are_halves = {"labeled", "unlabeled"} <= set.union(*words)
    is_odd = are_sets or are_parts or are_from_cameras or have_roles or are_halves
    if (
        is_odd
        or have_dates
        or have_numbers
        or are_numbered(set(names))
        or words_are_sets(names)
    ):
        return f"{shorten(names)} would be classes"
    return ""


def find_odd_letters(names: list[str]) -> str:
    """Return a sentence about classes in a wrong encoding, and about one that says “none”.

    Bytes of another encoding are mostly signs, or letters with accents, in Latin-1.
    """
    for name in names:
        foreign = [each for each in name if not each.isascii()]
        signs = [each for each in foreign if "\x80" <= each <= "\xbf"]
        accents = [each for each in foreign if "\xc0" <= each <= "\xff"]
        if signs or len(accents) > len(name) / 2:
            return f"the class {name} may be in another encoding than latin-1, such as gbk"
    if "-1" in names and all(name.isdecimal() for name in names if name != "-1"):
        return "the class -1 may stand for none; if so, name its rows in the key `unused`"
    return ""


def find_other_set(rows: pd.DataFrame) -> str:
    """Return a sentence if pictures of a set lie in a folder of the other set."""
    if "file" not in rows:
        return ""
    role = rows["file"].map(posixpath.dirname).map(find_role)
    if (role == "test").all() or not (role == "test").any():  # the word means something else
        return ""
    wrong = rows[(rows["test"] & (role == "train")) | (~rows["test"] & (role == "test"))]
    if wrong.empty:
        return ""
    return (
        f"{len(wrong)} pictures lie in a folder of the other set, first {wrong['file'].iloc[0]}"
    )


def find_hints(reading: Reading) -> list[str]:
    """Return what somebody should look at, although the layout is probably right."""
    rows = reading.images.rows
    hints = [find_column_hint(str(n), texts) for n, texts in reading.columns.items()]
    hints += [find_series(rows), find_companions(rows), find_kinds(rows)]
    hints += [find_levels(rows), find_sidecars(rows, reading.files)]
    hints += [find_array_hint(name) for name in reading.arrays]
    if not rows["test"].any():
        hints.append(find_set_files(reading.files))
    return [hint for hint in hints if hint]


def find_column_hint(name: str, texts: pd.Series) -> str:
    """Return a sentence if a column that is not used may say the set or the group."""
    distinct = set(texts.str.strip())
    are_sets = all(split_words(value) & SET_WORDS for value in distinct)
    if (2 <= len(distinct) <= 4 and are_sets) or split_words(name) & SET_WORDS:
        return (
            f"the column {name}, {shorten(sorted(distinct)[:4])}, may say which images are the "
            "test set; if so, write `where` into the layout"
        )
    if ID_COLUMN.search(name.strip()) and 3 <= len(distinct) <= 0.9 * len(texts):
        return (
            f"the column {name} has {len(distinct)} values for {len(texts)} images; if images "
            f"with one value belong together, run: digits start --group '{name}'"
        )
    return ""


def find_array_hint(name: str) -> str:
    """Return a sentence if an array that is not used may say the set or the group."""
    words = split_words(name.rpartition("/")[2])
    if words & SET_WORDS and words & {"is", "split", "set", "fold", "partition"}:
        return f"the array {name} may say which images are the test set"
    if words & GROUP_WORDS or words & {"id", "ids"}:
        return f"the array {name} may be the groups; if so, write `group` into the layout"
    return ""


def find_series(rows: pd.DataFrame) -> str:
    """Return a sentence if the names of pictures tell that several show the same thing."""
    if "file" not in rows or "group" in rows:
        return ""
    matches = [SERIES.fullmatch(posixpath.basename(name)) for name in rows["file"]]
    starts = [match[1] or match[2] for match in matches if match]
    if len(starts) < len(rows) / 2 or not 1 < len(set(starts)) <= 0.7 * len(starts):
        return ""
    first = next(match for match in matches if match)
    return (
        f"{len(starts)} pictures are called like {first.string}, and may show only "
        f"{len(set(starts))} things; if so, let the pattern of the layout have {{group}} for "
        f"{first[1] or first[2]}"
    )


def find_companions(rows: pd.DataFrame) -> str:
    """Return a sentence if many pictures have another one, such as `1_gt.png` of `1.jpg`.

    It may be in the same folder, or in the folder above.
    """
    if "file" not in rows:
        return ""
    stems = dict.fromkeys(posixpath.splitext(name)[0] for name in rows["file"])
    matches = [match for stem in stems if (match := COMPANION.fullmatch(stem))]
    others = [
        match
        for match in matches
        if {match["folder"] + match["name"], (match["above"] or "") + match["name"]}
        & stems.keys()
    ]
    if len(others) < len(rows) / 4:
        return ""
    end = Counter(match["end"] for match in others).most_common(1)[0][0]
    return (
        f"{len(others)} pictures are called like others, with {end} or the like at the end; if "
        f"they are masks, copies or details, write into the layout: unused: '**/*{end}.*'"
    )


def find_kinds(rows: pd.DataFrame) -> str:
    """Return a sentence if most names are there several times, as `1_crop` and `1_depth`."""
    if "file" not in rows:
        return ""
    words_by_start: dict[str, set[str]] = defaultdict(set)
    for name in rows["file"]:
        match = KIND.fullmatch(posixpath.splitext(name)[0])
        words_by_start[match[1] if match else name].add(match[2] if match else "")
    [(words, number)] = Counter(map(frozenset, words_by_start.values())).most_common(1)
    if len(words) < 2 or number * len(words) < len(rows) / 2:
        return ""
    return (
        f"{number} things have several pictures each, whose names end in "
        f"{shorten(sorted(words))}; leave out kinds such as masks, or let the pattern of the "
        "layout have {group} for the thing"
    )


def find_levels(rows: pd.DataFrame) -> str:
    """Return a sentence if folders are neither classes nor groups, but may be groups."""
    if "file" not in rows or "group" in rows:
        return ""
    paths = [posixpath.dirname(name).split("/") for name in rows["file"]]
    if len({len(path) for path in paths}) > 1:
        return ""
    classes = set(rows["class"])
    for folders in map(set, zip(*paths, strict=True)):
        if len(folders) > 1 and not folders & classes and not any(map(find_role, folders)):
            return (
                f"the folders {shorten(sorted(folders)[:5])} are not used; if they are people "
                "or days, let the pattern of the layout have {group} for them"
            )
    return ""


def find_sidecars(rows: pd.DataFrame, files: list[str]) -> str:
    """Return a sentence if many pictures have another file, such as `1.jpg.json`."""
    if "file" not in rows:
        return ""
    names = {posixpath.basename(name) for name in rows["file"]}
    names |= {posixpath.splitext(name)[0] for name in names}
    found = [name for name in files if posixpath.splitext(posixpath.basename(name))[0] in names]
    if len(found) < len(rows) / 2:
        return ""
    return (
        f"{len(found)} files are called like pictures, first {found[0]}; if they say the "
        "classes, write a table with the columns file and class"
    )


def find_set_files(files: list[str]) -> str:
    """Return a sentence if files that are not used may say which images are a test set."""
    found = [
        name
        for name in files
        if split_words(posixpath.splitext(posixpath.basename(name))[0]) & SET_FILE_WORDS
        and not re.fullmatch(r"(?i)(.*/)?(test|sample_?submission)\.csv", name)
    ]
    return f"{shorten(found)} may say which images are a test set" if found else ""
