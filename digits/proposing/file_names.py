"""Propose layouts in which the names of pictures have the class, as `cat_1.jpg` does."""

import posixpath
import re
from collections.abc import Iterable, Sequence
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
    return layouts or propose_words(families, fields)


def propose_words(families: list[Family], fields: Sequence[str]) -> list[Any]:
    """Return layouts in which one word of the names is the class, as in `0_anna_17.png`.

    All names have the same number of words.
    """
    stems = [posixpath.splitext(posixpath.basename(name))[0] for name in list_names(families)]
    for separator in ("__", "_", "-", "."):
        words_of_names = [stem.split(separator) for stem in stems]
        n_words = len(words_of_names[0])
        if {len(words) for words in words_of_names} != {n_words} or n_words < 2:
            continue
        patterns = []
        for position, words in enumerate(zip(*words_of_names, strict=True)):
            if 2 <= len(set(words)) <= len(stems) / MIN_PER_CLASS:
                parts = ["*"] * n_words
                parts[position] = "{class}"
                patterns.append(f"{separator.join(parts)}.*")
        if patterns:
            return [write_families(families, fields, pattern) for pattern in patterns]
    return []


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
