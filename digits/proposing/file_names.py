"""Propose layouts in which the names of pictures have the class, as `cat_1.jpg` does."""

import math
import posixpath
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from digits.data.layout.pattern import Pattern, find_matches, quote
from digits.proposing.families import Family, list_names, write_families
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
            pattern = drop_common_end(fitting, fields, name)
            layouts.append(write_families(fitting, fields, pattern))
            layouts += propose_parts(fitting, fields, pattern)
    return layouts or propose_words(families, fields)


def propose_parts(families: list[Family], fields: Sequence[str], name: str) -> list[Any]:
    """Return layouts in which one part of the class is the class, as in `0_anna_17.png`.

    There are such layouts only if the parts repeat independently.
    """
    patterns = [family.write(fields, name) for family in families]
    matches = find_matches(patterns, list_names(families))
    classes = sorted({match["class"] for match in matches.values()})
    for separator in SEPARATORS:
        columns = split_evenly(classes, separator)
        varying = [position for position, words in enumerate(columns) if len(set(words)) > 1]
        n_combinations = math.prod(len(set(words)) for words in columns)
        if len(varying) > 1 and len(classes) > n_combinations / 2:
            found = {position: ["{class}"] for position in varying}
            options = write_fields(["*"] * len(columns), found)
            texts = [name.replace("{class}", separator.join(option)) for option in options]
            return [write_families(families, fields, text) for text in texts]
    return []


def propose_words(families: list[Family], fields: Sequence[str]) -> list[Any]:
    """Return layouts in which one word of the names is the class, as in `0_anna_17.png`.

    All names have the same number of words. If folders are groups, what they say is no class,
    and letters beside numbers are words, too, as in `AF01HA.jpg`.
    """
    names = list_names(families)
    stems = [posixpath.splitext(posixpath.basename(name))[0] for name in names]
    for separator in (*SEPARATORS, "") if fields else SEPARATORS:
        columns = split_evenly(stems, separator)
        found = {
            position: describe_word(words)
            for position, words in enumerate(columns)
            if 2 <= len(set(words)) <= len(stems) / MIN_PER_CLASS
            and not (fields and are_said_by_folders(names, words))
        }
        if len(found) > 1 and all(word.isdecimal() for word in columns[-1]):
            found.pop(len(columns) - 1, None)  # the number of the picture
        if found:
            blanks = [
                "#" if not separator and words[0].isdecimal() else "*" for words in columns
            ]
            options = write_fields(blanks, found)
            patterns = [f"{separator.join(option)}.*" for option in options]
            return [write_families(families, fields, pattern) for pattern in patterns]
    return []


def split_evenly(names: Sequence[str], separator: str) -> list[tuple[str, ...]]:
    """Return the first words of all names, the second ones, and so on.

    Without a separator, letters and numbers are the words. If the names have different numbers
    of words, or a single one, there are none.
    """
    split = [
        name.split(separator) if separator else re.findall(r"\d+|\D+", name) for name in names
    ]
    if len(set(map(len, split))) > 1 or len(split[0]) < 2:
        return []
    return list(zip(*split, strict=True))


def describe_word(words: Iterable[str]) -> list[str]:
    """Return how words may have the class. In `AN1` and `HA2`, it may be the letters."""
    letters = {match[1] if (match := re.fullmatch(r"(\D+)\d+", word)) else "" for word in words}
    return ["{class}", "{class}#"] if len(letters) > 1 and "" not in letters else ["{class}"]


def are_said_by_folders(names: Sequence[str], words: Sequence[str]) -> bool:
    """Return whether all pictures in a folder have the same word in their name."""
    folders = [posixpath.dirname(name) for name in names]
    return len(set(zip(folders, words, strict=True))) == len(set(folders))


def write_fields(blanks: Sequence[str], found: Mapping[int, Sequence[str]]) -> list[list[str]]:
    """Return patterns of the words of a name, in which one is the class.

    If another one is the only other candidate, it may also be the group.

    Args:
        blanks: what stands for each word that is no field.
        found: how the class may be written, by the position of its word.
    """
    patterns = []
    for position, texts in found.items():
        for text in texts:
            words = list(blanks)
            words[position] = text
            patterns.append(words)
            others = found.keys() - {position}
            if len(others) == 1:
                words = list(words)
                words[others.pop()] = "{group}"
                patterns.append(words)
    return patterns


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
    have_dates = any(re.search(r"[_. -]\d{4}", name) for name in classes)
    if len(found) < len(matches) or repeat_group or have_dates:
        return False
    return 2 <= len(classes) <= len(found) / MIN_PER_CLASS


def drop_common_end(families: Iterable[Family], fields: Sequence[str], name: str) -> str:
    """Return a pattern without what is at the end of all classes, such as `.IMG`."""
    patterns = [family.write(fields, name) for family in families]
    matches = find_matches(patterns, list_names(families))
    reversed_classes = [match["class"][::-1] for match in matches.values()]
    common = re.search(r"[._ -].*", posixpath.commonprefix(reversed_classes)[::-1])
    return name.replace("{class}", "{class}" + quote(common[0])) if common else name


def have_more_fields(families: list[Family]) -> bool:
    """Return whether names tell the class that the folder has, and something else.

    In `Blur/01_04_0001.bmp`, 04 stands for the blur, and pictures of all folders have a 01,
    which may be the class. In `angry/1_angry_0001.jpg`, the folder is taken from the name.
    """
    names = list_names(families)
    stems = [posixpath.splitext(posixpath.basename(name))[0] for name in names]
    folders = [posixpath.basename(posixpath.dirname(name)) for name in names]
    if all(folder.lower() in stem.lower() for folder, stem in zip(folders, stems, strict=True)):
        return False
    for separator in SEPARATORS:
        columns = split_evenly(stems, separator)
        varying = [words for words in columns[:-1] if len(set(words)) > 1]
        if len(columns) > 3 and any(are_said_by_folders(names, words) for words in varying):
            return any(
                len(set(zip(folders, words, strict=True)))
                == len(set(folders)) * len(set(words))
                for words in varying
            )
    return False
