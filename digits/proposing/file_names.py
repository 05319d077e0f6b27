"""Propose layouts in which the names of pictures have the class, as `cat_1.jpg` does."""

import math
import posixpath
import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from digits.data.layout.pattern import Pattern, escape, find_matches
from digits.proposing.families import Family, build_layout, list_names
from digits.settings.errors import UserError

# How names may begin with the class.
NAMES = [
    "{class}__#.*",
    "{class}_#.*",
    "{class}.#.*",
    "{class}-#.*",
    "{class} #.*",
    "{class} (#).*",
    "{class}#.*",
    "{class}_*",
    "{class}.*",
    "{class}-*",
]
SEPARATORS = ("__", "_", "-", ".")
NUMBERED_LETTERS = re.compile(r"([^\W\d_]+)\d+")
YEAR = re.compile(r"[_. -]\d{4}")  # in what would be a class, as in `cat_2024`
MIN_PER_CLASS = 4  # pictures, on average


def propose_names(families: list[Family], fields: Sequence[str] = ()) -> list[Any]:
    """Return layouts of pictures whose names have the class.

    Args:
        families: the pictures.
        fields: those of the folders that vary.
    """
    layouts = []
    for name in NAMES:
        fitting = [family for family in families if fits(family, fields, name)]
        if fitting and len(list_names(fitting)) >= len(list_names(families)) / 2:
            classes = find_classes(fitting, fields, name)
            pattern = drop_common_end(classes, name)
            layouts.append(build_layout(fitting, fields, pattern))
            layouts += propose_parts(fitting, fields, pattern)
    return layouts or propose_words(families, fields)


def fits(family: Family, fields: Sequence[str], name: str) -> bool:
    """Return whether all pictures of a family fit a pattern, with enough of each class."""
    pattern = Pattern(family.write(fields, name))
    try:
        matches = [pattern.match(path) for path in family.names]
    except UserError:  # a path fits in two ways
        return False
    found = [match for match in matches if match is not None]
    classes = {match["class"] for match in found}
    # As in `cat/cat_1.jpg`.
    repeat_group = all(match["class"].rstrip("._- ") == match.get("group") for match in found)
    have_dates = any(YEAR.search(name) for name in classes)
    if len(found) < len(matches) or repeat_group or have_dates:
        return False
    return 2 <= len(classes) <= len(found) / MIN_PER_CLASS


def find_classes(families: Iterable[Family], fields: Sequence[str], name: str) -> list[str]:
    """Return the classes that a pattern finds in the paths of pictures, each once."""
    patterns = [family.write(fields, name) for family in families]
    matches = find_matches(patterns, list_names(families))
    return sorted({match["class"] for match in matches.values()})


def drop_common_end(classes: Sequence[str], name: str) -> str:
    """Return a pattern without what is at the end of all classes, such as `.IMG`."""
    common = posixpath.commonprefix([each[::-1] for each in classes])[::-1]
    sign = re.search("[._ -]", common)
    if sign is None:
        return name
    end = common[sign.start() :]
    return name.replace("{class}", "{class}" + escape(end))


def propose_parts(families: list[Family], fields: Sequence[str], name: str) -> list[Any]:
    """Return layouts in which one part of the class is the class, as in `0_anna_17.png`.

    There are such layouts only if more than half of all combinations of the parts are there.
    """
    classes = find_classes(families, fields, name)
    for separator in SEPARATORS:
        columns = split_evenly(classes, separator)
        n_values = [len(set(words)) for words in columns]
        varying = [position for position, number in enumerate(n_values) if number > 1]
        if len(varying) > 1 and len(classes) > math.prod(n_values) / 2:
            options = write_fields(len(columns), varying)
            texts = [name.replace("{class}", separator.join(option)) for option in options]
            return [build_layout(families, fields, text) for text in texts]
    return []


def propose_words(families: list[Family], fields: Sequence[str]) -> list[Any]:
    """Return layouts in which one word of the names is the class, as in `0_anna_17.png`.

    All names have the same number of words. If folders are groups, what they say is no class.
    """
    names = list_names(families)
    stems = list_stems(names)
    for separator in SEPARATORS:
        columns = split_evenly(stems, separator)
        found = []
        for position, words in enumerate(columns):
            are_classes = 2 <= len(set(words)) <= len(stems) / MIN_PER_CLASS
            if are_classes and not (fields and are_said_by_folders(names, words)):
                found.append(position)
        last = len(columns) - 1
        if len(found) > 1 and last in found and all(map(str.isdecimal, columns[last])):
            found.remove(last)  # a counter of pictures
        if found:
            patterns = []
            for option in write_fields(len(columns), found):
                words = columns[option.index("{class}")]
                ending = "#" if are_numbered_letters(words) else ""  # as `AN1` and `AN2`
                name = separator.join(option).replace("{class}", "{class}" + ending)
                patterns.append(f"{name}.*")
            return [build_layout(families, fields, pattern) for pattern in patterns]
    return []


def are_numbered_letters(words: Collection[str]) -> bool:
    """Return whether words are letters with several numbers each, as AN1, AN2 and HA1."""
    matches = [NUMBERED_LETTERS.fullmatch(word) for word in set(words)]
    letters = {match[1] for match in matches if match}
    return all(matches) and 1 < len(letters) <= len(matches) / 2


def list_stems(paths: Iterable[str]) -> list[str]:
    """Return the names of files without their endings."""
    return [posixpath.splitext(posixpath.basename(path))[0] for path in paths]


def split_evenly(names: Sequence[str], separator: str) -> list[tuple[str, ...]]:
    """Return the first words of all names, the second ones, and so on.

    If the names have different numbers of words, or a single one, there are none.
    """
    split = [name.split(separator) for name in names]
    n_words = {len(words) for words in split}
    if len(n_words) > 1 or n_words == {1}:
        return []
    return list(zip(*split, strict=True))


def are_said_by_folders(names: Sequence[str], words: Sequence[str]) -> bool:
    """Return whether all pictures in a folder have the same word in their name."""
    folders = [posixpath.dirname(name) for name in names]
    return len(set(zip(folders, words, strict=True))) == len(set(folders))


def write_fields(n_words: int, candidates: Sequence[int]) -> list[list[str]]:
    """Return patterns of the words of a name, in which one candidate is the class.

    If there is only one other candidate, it may also be the group.

    Args:
        n_words: the number of words.
        candidates: the positions of the words that may be the class.
    """
    patterns = []
    for position in candidates:
        words = ["*"] * n_words
        words[position] = "{class}"
        patterns.append(words)
        others = [other for other in candidates if other != position]
        if len(others) == 1:
            with_group = list(words)
            with_group[others[0]] = "{group}"
            patterns.append(with_group)
    return patterns


def have_more_fields(families: list[Family]) -> bool:
    """Return whether names tell the class that the folder has, and something else.

    In `Blur/01_04_0001.bmp`, 04 stands for the blur, and pictures of all folders have a 01,
    which may be the class. In `angry/1_angry_0001.jpg`, the folder is taken from the name.
    """
    names = list_names(families)
    stems = list_stems(names)
    folders = [posixpath.basename(posixpath.dirname(name)) for name in names]
    pairs = zip(folders, stems, strict=True)
    if all(folder.lower() in stem.lower() for folder, stem in pairs):
        return False
    for separator in SEPARATORS:
        columns = split_evenly(stems, separator)
        varying = [words for words in columns[:-1] if len(set(words)) > 1]
        if len(columns) > 3 and any(are_said_by_folders(names, words) for words in varying):
            return any(has_all_combinations(folders, words) for words in varying)
    return False


def has_all_combinations(folders: Sequence[str], words: Sequence[str]) -> bool:
    """Return whether there is a picture of each word in each folder."""
    n_combinations = len(set(folders)) * len(set(words))
    return len(set(zip(folders, words, strict=True))) == n_combinations
