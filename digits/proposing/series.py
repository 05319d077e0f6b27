"""Find out whether the names of pictures tell which ones belong together."""

import posixpath
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from digits.data.layout.pattern import escape, find_matches
from digits.settings.errors import UserError

SEPARATOR = re.compile(r"([^\w+]+|_+)")  # between the words of a name; a + is in a word
# A name that other pictures in other folders have, too, as `1`, `img_1` and `0-12` are.
ORDINARY = re.compile(r"\D*\d{0,6}|[\d\W_]{0,12}")
# What nobody calls two pictures by chance, as `3ceb3ffd_0` and `20240517-2`. `img_00012` is no
# such name.
CODED = re.compile(r"[1-9]\d{4}|\d[a-z]+\d|[a-z]\d+[a-z]", re.IGNORECASE)
LAST_STAR = re.compile(r"(?<![^/])\*$")  # the name in `{class}/*`
MIN_PER_CLASS = 4  # groups, of which one is for the test set, and the others for the folds
MIN_REPEATED = 0.5  # of the pictures show something that another one shows
MAX_THINGS = 0.7  # per picture, of those whose names say the thing


class NameGroups(NamedTuple):
    """What the names of pictures that belong together have in common.

    Attributes:
        values: the part of each name that says what it belongs to, by the path.
        n_things: the number of things to which they belong.
        pattern: that of the names, or "" if none can be written.
    """

    values: dict[str, str]
    n_things: int
    pattern: str


def find_name_groups(rows: pd.DataFrame) -> NameGroups | None:
    """Return the first part of names that says which pictures belong together, or None.

    Tried are the beginnings of the names up to a separator, as in `patient3_scan1.png`. If all
    names have the same number of words, each word is tried, too, as in `1f3a_patient3_7.png`.
    """
    classes = dict(zip(rows["file"], rows["class"], strict=True))
    stems = {name: posixpath.splitext(posixpath.basename(name))[0] for name in classes}
    # Words and separators in turn. The words have even positions.
    words = {name: SEPARATOR.split(stem) for name, stem in stems.items()}
    lengths = {len(each) for each in words.values()}
    have_equal_lengths = len(lengths) == 1
    ends = range(1, max(lengths) + 1, 2)
    parts = [slice(0, end) for end in ends]
    if have_equal_lengths:
        parts += [slice(end - 1, end) for end in ends[1:-1]]
    for part in parts:
        values = {}
        for name, each in words.items():
            is_whole = len(each) == part.stop  # which says a thing only if it is a code
            if len(each) > part.stop or (is_whole and CODED.search(stems[name])):
                values[name] = "".join(each[part])
        n_things = count_things(values, classes)
        if n_things:
            pattern = write_pattern(list(words.values()), part) if have_equal_lengths else ""
            return NameGroups(values, n_things, pattern)
    return None


def count_things(values: Mapping[str, str], classes: Mapping[str, str]) -> int:
    """Return the number of things of which pictures show several views each, or 0.

    Args:
        values: what may say the thing, by the path.
        classes: the class of each picture.
    """
    n_ordinary = sum(ORDINARY.fullmatch(value) is not None for value in values.values())
    are_ordinary = n_ordinary > len(values) / 2
    # Another picture 1 in another folder shows something else.
    things = {
        name: (posixpath.dirname(name) if are_ordinary else "", value)
        for name, value in values.items()
    }
    counts = Counter(things.values())
    repeated = [name for name, thing in things.items() if counts[thing] > 1]
    things_of_classes = {(classes[name], things[name]) for name in repeated}
    n_classes = len(set(classes.values()))
    if len(repeated) < MIN_REPEATED * len(classes) or len(counts) > MAX_THINGS * len(things):
        return 0
    if len(things_of_classes) < MIN_PER_CLASS * n_classes:
        return 0
    return len(counts)


def write_pattern(names: Sequence[Sequence[str]], part: slice) -> str:
    """Return the pattern of names, in which a part is the group.

    Args:
        names: the words and separators of each name. All names have the same number of them.
        part: the position of the group.
    """
    texts = [write_word(set(words)) for words in zip(*names, strict=True)]
    return "".join([*texts[: part.start], "{group}", *texts[part.stop :], ".*"])


def write_word(words: set[str]) -> str:
    """Return the pattern of a word."""
    if len(words) == 1:
        return "".join(map(escape, words))
    return "#" if all(word.isdecimal() for word in words) else "*"


def add_groups(layout: Any, groups: NameGroups) -> Any:
    """Return a layout of patterns with the groups of names, or None if it reads others."""
    with_groups = replace_names(layout, groups.pattern)
    try:
        matches = find_matches(list_patterns(with_groups), groups.values)
    except UserError:  # a name fits in two ways
        return None
    found = {name: fields.get("group") for name, fields in matches.items()}
    return with_groups if found == groups.values else None


def replace_names(layout: Any, pattern: str) -> Any:
    """Return a layout in which the names of pictures have another pattern than *."""
    if isinstance(layout, dict):
        return {
            key: value if key == "unused" else replace_names(value, pattern)
            for key, value in layout.items()
        }
    if isinstance(layout, list):
        return [replace_names(each, pattern) for each in layout]
    return LAST_STAR.sub(lambda _: pattern, layout)


def list_patterns(layout: Any) -> list[str]:
    """Return the patterns of the pictures that a layout uses."""
    if isinstance(layout, dict):
        layout = [value for key, value in layout.items() if key != "unused"]
    if isinstance(layout, list):
        return [pattern for each in layout for pattern in list_patterns(each)]
    return [layout]
