"""Find out whether the names of pictures tell which ones belong together."""

import posixpath
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import pandas as pd

from digits.data.layout.pattern import find_matches, quote
from digits.settings.errors import UserError

SIGN = re.compile(r"([^\w+]+|_+)")  # between the words of a name
# A name that other pictures in other folders have, too, as `1`, `img_1` and `0-12` are.
ORDINARY = re.compile(r"\D*\d{0,6}|[\d\W_]{0,12}")
# What nobody calls two pictures by chance, as `3ceb3ffd_0` and `20240517-2`.
CODED = re.compile(r"\d{5}|\d[a-z]+\d|[a-z]\d+[a-z]", re.IGNORECASE)
MIN_PER_CLASS = 4  # groups, of which one is for the test set, and the others for the folds


class Series(NamedTuple):
    """What pictures that belong together have in common.

    Attributes:
        values: the part of each name that says what it belongs to, by the path.
        n_things: the number of things to which they belong.
        name: the pattern of the names, or "" if none can be written.
    """

    values: dict[str, str]
    n_things: int
    name: str


def find_series(rows: pd.DataFrame) -> Series | None:
    """Return the first part of names that several pictures of most things have in common.

    It is the beginning of the names up to a sign, as in `patient3_scan1.png`, or a word of
    names with the same number of words, as in `1f3a_patient3_7.png`.
    """
    classes = dict(zip(rows["file"], rows["class"], strict=True))
    stems = {name: posixpath.splitext(posixpath.basename(name))[0] for name in classes}
    words = {name: SIGN.split(stem) for name, stem in stems.items()}
    n_words = set(map(len, words.values()))
    ends = range(1, max(n_words) + 1, 2)
    parts = [slice(0, end) for end in ends]
    if len(n_words) == 1:
        parts += [slice(end - 1, end) for end in ends[1:-1]]
    for part in parts:
        values = {
            name: "".join(split[part])
            for name, split in words.items()
            if len(split) > part.stop or (len(split) == part.stop and CODED.search(stems[name]))
        }
        n_things = count_things(values, classes)
        if n_things:
            name = write_name(list(words.values()), part) if len(n_words) == 1 else ""
            return Series(values, n_things, name)
    return None


def count_things(values: Mapping[str, str], classes: Mapping[str, str]) -> int:
    """Return the number of things that pictures show, or 0 if it is not one of several each.

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
    pairs = {(classes[name], things[name]) for name in repeated}
    is_usual = len(repeated) >= len(classes) / 2 and len(counts) <= 0.7 * len(things)
    has_enough = len(pairs) >= MIN_PER_CLASS * len(set(classes.values()))
    return len(counts) if is_usual and has_enough else 0


def write_name(names: Sequence[Sequence[str]], part: slice) -> str:
    """Return the pattern of names, in which a part is the group.

    Args:
        names: the words and signs of each name. All names have the same number of them.
        part: the position of the group.
    """
    texts = [write_word(set(words)) for words in zip(*names, strict=True)]
    return "".join([*texts[: part.start], "{group}", *texts[part.stop :], ".*"])


def write_word(words: set[str]) -> str:
    """Return the pattern of a word."""
    if len(words) == 1:
        return quote(*words)
    return "#" if all(word.isdecimal() for word in words) else "*"


def add_groups(layout: Any, series: Series) -> Any:
    """Return a layout of patterns with the groups of a series, or None if it reads others."""
    written: list[str] = []

    def replace(keys: Any) -> Any:
        if isinstance(keys, dict):
            return {
                key: value if key == "unused" else replace(value) for key, value in keys.items()
            }
        if isinstance(keys, list):
            return list(map(replace, keys))
        written.append(re.sub(r"(?<![^/])\*$", lambda _: series.name, keys))
        return written[-1]

    with_groups = replace(layout)
    try:
        matches = find_matches(written, series.values)
    except UserError:  # a name fits in two ways
        return None
    groups = {name: fields.get("group") for name, fields in matches.items()}
    return with_groups if groups == series.values else None
