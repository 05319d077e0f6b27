"""Find out whether the names of pictures tell which ones belong together."""

import posixpath
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from digits.data.layout.pattern import escape, find_matches
from digits.settings.errors import UserError

SEPARATOR = re.compile(r"([^\w+]+|_+)")  # between the words of a name; + is part of a word
# An ordinary name, such as `1`, `img_1` and `0-12`, which other pictures may have by chance.
ORDINARY = re.compile(r"\D*\d{0,6}|[\d\W_]{0,12}")
# A name with a code, such as `3ceb3ffd_0` and `20240517-2`. No other picture has such a name by
# chance. `img_00012` has no code.
CODED = re.compile(r"[1-9]\d{4}|\d[a-z]+\d|[a-z]\d+[a-z]", re.IGNORECASE)
LAST_STAR = re.compile(r"(?<![^/])\*$")  # the name in `{class}/*`
MIN_PER_CLASS = 4  # groups: one for the test set, and one for each fold
MIN_REPEATED = 0.5  # the smallest share of pictures that belong together with another picture
MAX_THINGS = 0.7  # the largest number of groups per picture


class NameGroups(NamedTuple):
    """Groups of pictures, such as all pictures of a patient, by a part of their names.

    Attributes:
        values: the part of the name of each picture, such as `patient3`, by its path.
        n_things: the number of groups. Equal parts in different folders may be two groups.
        pattern: the pattern of the names with {group}, or "" if they have no common pattern.
    """

    values: dict[str, str]
    n_things: int
    pattern: str


def find_name_groups(rows: pd.DataFrame) -> NameGroups | None:
    """Return groups by the first part of the names that makes groups, or None.

    The function tries the beginnings of the names up to each separator, as `patient3` in
    `patient3_scan1.png`. If all names have the same number of words, it also tries each single
    word, as in `1f3a_patient3_7.png`.
    """
    classes = dict(zip(rows["file"], rows["class"], strict=True))
    stems = {name: posixpath.splitext(posixpath.basename(name))[0] for name in classes}
    # A word and a separator in turn, as ["patient3", "_", "scan1"].
    words = {name: SEPARATOR.split(stem) for name, stem in stems.items()}
    lengths = {len(each) for each in words.values()}
    have_equal_lengths = len(lengths) == 1
    ends = range(1, max(lengths) + 1, 2)  # the positions behind the words
    parts = [slice(0, end) for end in ends]
    if have_equal_lengths:
        parts += [slice(end - 1, end) for end in ends[1:-1]]
    for part in parts:
        values = {}
        for name, each in words.items():
            # A whole name only makes a group if it is a code.
            is_whole = len(each) == part.stop
            if len(each) > part.stop or (is_whole and CODED.search(stems[name])):
                values[name] = "".join(each[part])
        n_things = count_things(values, classes)
        if n_things:
            pattern = write_pattern(list(words.values()), part) if have_equal_lengths else ""
            return NameGroups(values, n_things, pattern)
    return None


def count_things(values: Mapping[str, str], classes: Mapping[str, str]) -> int:
    """Return the number of groups, or 0 if they are too small, too large, or too few.

    Args:
        values: the part of the name of each picture, by its path.
        classes: the class of each picture, by its path.
    """
    n_ordinary = sum(ORDINARY.fullmatch(value) is not None for value in values.values())
    are_ordinary = n_ordinary > len(values) / 2
    # Pictures called 1 in two folders do not belong together.
    things = {
        name: (posixpath.dirname(name) if are_ordinary else "", value)
        for name, value in values.items()
    }
    counts = Counter(things.values())
    repeated = [name for name, thing in things.items() if counts[thing] > 1]
    things_of_classes = {(classes[name], things[name]) for name in repeated}
    n_classes = len(set(classes.values()))
    few_are_repeated = len(repeated) < MIN_REPEATED * len(classes)
    are_too_small = len(counts) > MAX_THINGS * len(things)
    are_too_few = len(things_of_classes) < MIN_PER_CLASS * n_classes
    return 0 if few_are_repeated or are_too_small or are_too_few else len(counts)


def write_pattern(names: Sequence[Sequence[str]], part: slice) -> str:
    """Return the pattern of names, in which a part is the group.

    Args:
        names: the words and separators of each name. All names have the same number of words.
        part: the positions of the group.
    """
    texts = [write_word(set(words)) for words in zip(*names, strict=True)]
    return "".join([*texts[: part.start], "{group}", *texts[part.stop :], ".*"])


def write_word(words: set[str]) -> str:
    """Return the pattern of a word."""
    if len(words) == 1:
        return "".join(map(escape, words))
    return "#" if all(word.isdecimal() for word in words) else "*"


def add_groups(layout: Any, groups: NameGroups) -> Any:
    """Return a layout of patterns with the groups, or None if it would read other groups."""
    with_groups = replace_names(layout, groups.pattern)
    try:
        matches = find_matches(list_patterns(with_groups), groups.values)
    except UserError:  # a name fits in two ways
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
    return LAST_STAR.sub(lambda _: pattern, layout)  # a function, because a pattern may have \


def list_patterns(layout: Any) -> list[str]:
    """Return the patterns of the pictures that a layout uses."""
    if isinstance(layout, dict):
        layout = [value for key, value in layout.items() if key != "unused"]
    if isinstance(layout, list):
        return [pattern for each in layout for pattern in list_patterns(each)]
    return [layout]
