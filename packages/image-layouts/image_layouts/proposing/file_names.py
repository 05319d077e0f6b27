"""Propose layouts in which the names of pictures have the class, as `cat_1.jpg` does."""

import math
import posixpath
import re
from collections.abc import Collection, Iterable, Sequence
from typing import Any

from image_layouts.errors import LayoutError
from image_layouts.layout.pattern import Pattern, escape, find_matches
from image_layouts.proposing.families import Family, build_layout, list_names
from image_layouts.proposing.words import CODE

# Patterns of names that begin with the class. If several find the same classes, `choose` keeps
# the first one.
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
NUMBERED_CLASS = re.compile(r"(?P<word>.*[^\W\d_].*)(?P<sign>[ _.-])\d+")  # `healthy_1`
WORD_AND_NUMBER = re.compile(r"[^\W\d_]#")  # in a pattern
YEAR = re.compile(r"[_. -]\d{4}")  # the sign that `cat_2024` is no class
MIN_PER_CLASS = 4  # pictures, on average


def propose_names(families: list[Family], fields: Sequence[str] = ()) -> list[Any]:
    """Return layouts of pictures whose names have the class.

    Args:
        families: the pictures.
        fields: the fields of the folders that vary.
    """
    layouts = []
    for name in NAMES:
        fitting = [family for family in families if has_classes(family, fields, name)]
        if fitting and len(list_names(fitting)) >= len(list_names(families)) / 2:
            classes = find_classes(fitting, fields, name)
            pattern = drop_common_end(classes, name)
            layouts.append(build_layout(fitting, fields, pattern))
            layouts += propose_parts(fitting, fields, pattern)
            layouts += propose_numbered(fitting, fields, pattern)
            if WORD_AND_NUMBER.search(pattern):  # in `anna_digit0.png`, digit0 may be the class
                layouts += propose_words(families, fields)
    return layouts or propose_words(families, fields)


def has_classes(family: Family, fields: Sequence[str], name: str) -> bool:
    """Return whether all pictures of a family fit a pattern that finds plausible classes."""
    pattern = Pattern(family.write(fields, name))
    try:
        matches = [pattern.match(path) for path in family.names]
    except LayoutError:  # a path fits in two ways
        return False
    found = [match for match in matches if match is not None]
    classes = {match["class"] for match in found}
    # In `cat/cat_1.jpg`, the name says the same as the folder.
    repeat_group = all(match["class"].rstrip("._- ") == match.get("group") for match in found)
    have_dates = any(YEAR.search(class_name) for class_name in classes)
    if len(found) < len(matches) or repeat_group or have_dates:
        return False
    return 2 <= len(classes) <= len(found) / MIN_PER_CLASS


def find_classes(families: Iterable[Family], fields: Sequence[str], name: str) -> list[str]:
    """Return the classes that a pattern finds in the paths of pictures, each once."""
    patterns = [family.write(fields, name) for family in families]
    matches = find_matches(patterns, list_names(families))
    return sorted({match["class"] for match in matches.values()})


def drop_common_end(classes: Sequence[str], name: str) -> str:
    """Return a pattern whose classes do not have a common end, such as `.IMG`."""
    reversed_classes = [class_name[::-1] for class_name in classes]
    common_end = posixpath.commonprefix(reversed_classes)[::-1]
    separator = re.search("[._ -]", common_end)
    if separator is None:
        return name
    end = common_end[separator.start() :]
    return name.replace("{class}", "{class}" + escape(end))


def propose_parts(families: list[Family], fields: Sequence[str], name: str) -> list[Any]:
    """Return layouts in which what a pattern takes for the class has other words, too.

    In `0_anna_17.png`, the pattern `{class}_#.*` finds `0_anna`. The class may be 0 or anna, if
    more than half of all combinations of digits and people exist.
    """
    classes = find_classes(families, fields, name)
    for separator in SEPARATORS:
        columns = split_evenly(classes, separator)
        n_values = [len(set(words)) for words in columns]
        varying = [position for position, number in enumerate(n_values) if number > 1]
        n_combinations = math.prod(n_values)
        if len(varying) > 1 and len(classes) > n_combinations / 2:
            options = write_fields(len(columns), varying)
            texts = [name.replace("{class}", separator.join(option)) for option in options]
            return [build_layout(families, fields, text) for text in texts]
    return []


def propose_numbered(families: list[Family], fields: Sequence[str], name: str) -> list[Any]:
    """Return layouts in which the number at the end of a class is no part of the class.

    In `healthy_1_17.png` and `rust_9_3.png`, the pattern `{class}_#.*` finds `healthy_1` and
    `rust_9`, but 1 and 9 may be plants.
    """
    matches = [NUMBERED_CLASS.fullmatch(each) for each in find_classes(families, fields, name)]
    found = [match for match in matches if match]
    words = {match["word"] for match in found}
    signs = {match["sign"] for match in found}
    if len(found) < len(matches) or not 1 < len(words) < len(found) or len(signs) > 1:
        return []
    [sign] = signs
    texts = [name.replace("{class}", f"{{class}}{sign}{field}") for field in ("{group}", "#")]
    return [build_layout(families, fields, text) for text in texts]


def propose_words(families: list[Family], fields: Sequence[str]) -> list[Any]:
    """Return layouts in which one word of the names is the class, as in `0_anna_17.png`.

    All names must have the same number of words. If the folders are groups, words that repeat
    the folders are no classes.
    """
    names = list_names(families)
    stems = list_stems(names)
    for separator in SEPARATORS:
        columns = split_evenly(stems, separator)
        found = []
        for position, words in enumerate(columns):
            if may_be_classes(words) and not (fields and repeat_folders(names, words)):
                found.append(position)
        last = len(columns) - 1
        if len(found) > 1 and last in found and are_counters(columns):
            found.remove(last)
        if found:
            patterns = []
            for option in write_fields(len(columns), found):
                words = columns[option.index("{class}")]
                name = separator.join(option)
                if are_numbered_letters(words):  # AN1 and AN2 are of the class AN
                    name = name.replace("{class}", "{class}#")
                patterns.append(f"{name}.*")
            return [build_layout(families, fields, pattern) for pattern in patterns]
    return []


def are_counters(columns: Sequence[Sequence[str]]) -> bool:
    """Return whether the last words only count the pictures with the same other words.

    Args:
        columns: the first words of all names, the second words, and so on.
    """
    *others, last = columns
    n_different = len(set(zip(*others, strict=True)))
    return all(map(str.isdecimal, last)) and n_different <= len(last) / 2


def are_numbered_letters(words: Collection[str]) -> bool:
    """Return whether words are letters with several numbers each, as AN1, AN2 and HA1."""
    matches = [NUMBERED_LETTERS.fullmatch(word) for word in set(words)]
    letters = {match[1] for match in matches if match}
    return all(matches) and 1 < len(letters) <= len(matches) / 2


def list_stems(paths: Iterable[str]) -> list[str]:
    """Return the names of files without folders and suffixes."""
    return [posixpath.splitext(posixpath.basename(path))[0] for path in paths]


def split_evenly(names: Sequence[str], separator: str) -> list[tuple[str, ...]]:
    """Return the first words of all names, the second words, and so on.

    The result is empty if the names have different numbers of words, or one word each.
    """
    words_of_names = [name.split(separator) for name in names]
    n_words = {len(words) for words in words_of_names}
    if len(n_words) > 1 or n_words == {1}:
        return []
    return list(zip(*words_of_names, strict=True))


def repeat_folders(names: Sequence[str], words: Sequence[str]) -> bool:
    """Return whether all pictures of a folder have the same word in their names."""
    folders = [posixpath.dirname(name) for name in names]
    return len(set(zip(folders, words, strict=True))) == len(set(folders))


def write_fields(n_words: int, candidates: Sequence[int]) -> list[list[str]]:
    """Return patterns of the words of a name, in each of which one candidate is the class.

    If there are two candidates, there are also patterns in which the other one is the group.

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


def have_codes_of_folders(families: list[Family]) -> bool:
    """Return whether names repeat the folder as a code, and have another word that varies.

    In `Blur/01_04_0001.bmp`, 04 is the code of the folder Blur. The first word varies in each
    folder, and may be the class. In `angry/1_angry_0001.jpg`, the folder itself is in the name,
    so that the folders are classes, unless all are codes, as in `s0001/s0001_17_0_1.png`.
    """
    names = list_names(families)
    stems = list_stems(names)
    folders = [posixpath.basename(posixpath.dirname(name)) for name in names]
    pairs = zip(folders, stems, strict=True)
    are_in_names = all(folder.lower() in stem.lower() for folder, stem in pairs)
    if are_in_names and not all(map(CODE.fullmatch, folders)):
        return False
    for separator in SEPARATORS:
        columns = split_evenly(stems, separator)
        varying = [words for words in columns[:-1] if len(set(words)) > 1]
        if len(columns) > 3 and any(repeat_folders(names, words) for words in varying):
            return any(has_all_combinations(folders, words) for words in varying)
    return False


def may_be_classes(words: Sequence[str]) -> bool:
    """Return whether words differ, and repeat often enough to be classes."""
    return 2 <= len(set(words)) <= len(words) / MIN_PER_CLASS


def has_all_combinations(folders: Sequence[str], words: Sequence[str]) -> bool:
    """Return whether each folder has a picture with each word."""
    n_combinations = len(set(folders)) * len(set(words))
    return len(set(zip(folders, words, strict=True))) == n_combinations
