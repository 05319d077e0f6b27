"""Find out whether the names of pictures tell which ones belong together."""

import posixpath
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any, NamedTuple

import pandas as pd

from image_layouts.errors import LayoutError
from image_layouts.layout.pattern import escape, find_matches

# Between the words of a name. A + is part of a word, and so is the point in 97.01125 degrees.
SEPARATOR = re.compile(r"((?:(?!(?<=\d)\.\d{5})[^\w+])+|_+)")
# An ordinary name, such as `1`, `img_1` and `0-12`, which other pictures may have by chance.
ORDINARY = re.compile(r"\D*\d{0,6}|[\d\W_]{0,12}")
# A name with a code, such as `3ceb3ffd_0` and `20240517-2`. No other picture has such a name by
# chance. `img_00012` has no code.
CODED = re.compile(r"[1-9]\d{4}|\d[a-z]+\d|[a-z]\d+[a-z]", re.IGNORECASE)
LAST_STAR = re.compile(r"(?<![^/])\*$")  # the name in `{class}/*`
GROUPS_OF_TABLE = (
    "add a column of groups to the table; see “Add groups to a table” in "
    "image-layouts/docs/your-own.md"
)

MIN_PER_CLASS = 4  # groups: one for the test set, and one for each fold
MIN_REPEATED = 0.5  # the smallest share of pictures that have a group with another picture
MIN_ALIKE = 0.9  # the share of names with the same number of words, if the others are odd
MAX_GROUPS = 0.7  # the largest number of groups per picture


class NameGroups(NamedTuple):
    """Groups of pictures, such as all pictures of a patient, by a part of their names.

    Attributes:
        values: the part of the name of each picture, such as `patient3`, by its path.
        n_groups: the number of groups. Equal parts in different folders may be two groups.
        pattern: the pattern of the names with {group}, or "" if they have no common pattern.
    """

    values: dict[str, str]
    n_groups: int
    pattern: str


def find_name_groups(rows: pd.DataFrame) -> NameGroups | None:
    """Return groups by the first part of the names that makes groups, or None."""
    classes = dict(zip(rows["file"], rows["class"], strict=True))
    # A word and a separator in turn, as ["patient3", "_", "scan1"].
    all_words = {name: SEPARATOR.split(PurePosixPath(name).stem) for name in classes}
    [(usual_length, n_usual)] = Counter(map(len, all_words.values())).most_common(1)
    have_equal_lengths = n_usual == len(all_words)
    words = all_words
    if n_usual >= MIN_ALIKE * len(all_words):
        words = {name: each for name, each in all_words.items() if len(each) == usual_length}
    for part in list_parts(words.values()):
        values = {
            name: "".join(each[part])
            for name, each in words.items()
            if may_be_group(each, part)
        }
        if len(set(values.values())) < MIN_PER_CLASS:  # such as the word of all names
            continue
        pairs = {(value, classes[name]) for name, value in values.items()}
        if len(pairs) == len(set(values.values())) == len(set(classes.values())):
            continue  # the words stand for the classes
        groups = distinguish(values)
        if are_groups(groups, classes):
            pattern = write_pattern(list(words.values()), part) if have_equal_lengths else ""
            return NameGroups(values, len(set(groups.values())), pattern)
    return None


def list_parts(names: Collection[Sequence[str]]) -> list[slice]:
    """Return the positions of each part of the names that may be a group.

    The parts are the beginnings of the names up to each separator, as `patient3` in
    `patient3_scan1.png`. If all names have the same number of words, they are also the single
    words, as in `1f3a_patient3_7.png`.

    Args:
        names: the words and separators of each name, in turn.
    """
    lengths = set(map(len, names))
    ends = range(1, max(lengths) + 1, 2)  # the positions behind the words
    parts = [slice(0, end) for end in ends]
    if len(lengths) == 1:
        parts += [slice(end - 1, end) for end in ends[1:-1]]
    return parts


def may_be_group(words: Sequence[str], part: slice) -> bool:
    """Return whether a part of a name may be a group. A whole name must have a code."""
    if not any(words[part]):  # the name begins with a separator, such as the sign of `-93.5`
        return False
    if len(words) == part.stop:
        return CODED.search("".join(words)) is not None
    return len(words) > part.stop


def distinguish(values: Mapping[str, str]) -> dict[str, tuple[str, str]]:
    """Return the group of each picture: a folder, and a part of the name.

    The folder is "" if pictures with the same part belong together in any folder. Ordinary
    parts do not: pictures called 1 in two folders are two groups.

    Args:
        values: the part of the name of each picture, by its path.
    """
    n_ordinary = sum(ORDINARY.fullmatch(value) is not None for value in values.values())
    are_ordinary = n_ordinary > len(values) / 2
    return {
        name: (posixpath.dirname(name) if are_ordinary else "", value)
        for name, value in values.items()
    }


def are_groups(groups: Mapping[str, tuple[str, str]], classes: Mapping[str, str]) -> bool:
    """Return whether groups are neither too small nor too few.

    Args:
        groups: the group of each picture, by its path. Some pictures may have none.
        classes: the class of each picture, by its path.
    """
    sizes = Counter(groups.values())
    with_others = [name for name, group in groups.items() if sizes[group] > 1]
    groups_of_classes = {(classes[name], groups[name]) for name in with_others}
    n_classes = len(set(classes.values()))
    return (
        len(with_others) >= MIN_REPEATED * len(classes)
        and len(sizes) <= MAX_GROUPS * len(groups)
        and len(groups_of_classes) >= MIN_PER_CLASS * n_classes
    )


def write_pattern(names: Sequence[Sequence[str]], part: slice) -> str:
    """Return the pattern of names, in which a part is the group.

    Args:
        names: the words and separators of each name. All names have the same number of words.
        part: the positions of the group.
    """
    texts = [write_words(set(words)) for words in zip(*names, strict=True)]
    return "".join([*texts[: part.start], "{group}", *texts[part.stop :], ".*"])


def write_words(words: set[str]) -> str:
    """Return the pattern of the words at one position of the names."""
    if len(words) == 1:
        return escape(words.pop())
    return "#" if all(word.isdecimal() for word in words) else "*"


def add_groups(layout: Any, groups: NameGroups) -> Any:
    """Return a layout of patterns with the groups, or None if it would read other groups."""
    with_groups = replace_names(layout, groups.pattern)
    try:
        matches = find_matches(list_patterns(with_groups), groups.values)
    except LayoutError:  # a name fits in two ways
        return None
    found = {name: fields.get("group") for name, fields in matches.items()}
    return with_groups if found == groups.values else None


def replace_names(layout: Any, pattern: str) -> Any:
    """Return a layout in which a pattern replaces the * for the names of pictures."""
    if isinstance(layout, dict):
        return {
            key: value if key == "unused" else replace_names(value, pattern)
            for key, value in layout.items()
        }
    if isinstance(layout, list):
        return [replace_names(each, pattern) for each in layout]
    # A function returns the pattern, because `sub` would interpret a backslash in it.
    return LAST_STAR.sub(lambda _: pattern, layout)


def list_patterns(layout: Any) -> list[str]:
    """Return the patterns of the pictures that a layout uses."""
    if isinstance(layout, dict):
        layout = [value for key, value in layout.items() if key != "unused"]
    if isinstance(layout, list):
        return [pattern for each in layout for pattern in list_patterns(each)]
    return [layout]
