"""Read a part of a layout that has pictures whose paths say what they are."""

import posixpath
import re
from collections.abc import Container, Iterable, Mapping
from typing import Any

import pandas as pd

from digits.data.layout.part import PartImages
from digits.data.layout.pattern import Pattern, find_matches, to_nfc
from digits.data.layout.place import Place
from digits.settings.errors import UserError
from digits.settings.layout import FilesPart


def read_files(place: Place, part: FilesPart, unused: Container[str]) -> PartImages:
    """Return the pictures of a part, without those that are unused.

    They are sorted by their groups, then by their names. They are not sorted by class, so that
    the last images, which may become the test set, are of all classes.

    Raises:
        UserError: no picture fits a pattern, a path fits in two ways, or the list of pictures
            names one that is not there.
    """
    fields_by_name = find_matches(part.files, place.pictures)
    for text in part.files:
        pattern = Pattern(text)
        if not any(pattern.fits(name) for name in fields_by_name):
            raise UserError(f"no picture in {place.root} fits the pattern {text}")
    names = [name for name in fields_by_name if name not in unused]
    if part.lists:
        listed: set[str] = set()
        for list_name in part.lists:
            listed |= read_list(place, list_name, names)
        names = list(listed)
    records = [{"id": name, "file": name, **fields_by_name[name]} for name in names]
    records.sort(key=sort_key)
    field_names = next(iter(fields_by_name.values()))  # the same for all pictures
    columns = dict.fromkeys(["id", "file", *field_names])  # {id} may be one of them
    # Not all names of files are UTF-8, which pandas' own type of text needs.
    rows = pd.DataFrame(records, columns=list(columns), dtype=object)
    return PartImages(
        rows,
        contents=lambda: (place.files[name] for name in rows["file"]),
        files=set(part.lists),
    )


def sort_key(record: Mapping[str, str]) -> tuple[Any, ...]:
    """Return a key that sorts pictures by their group, name and class."""
    stem, _ = posixpath.splitext(posixpath.basename(record["file"]))
    class_name = record.get("class", "")
    # Numbers come before other names.
    class_key = (0, int(class_name), "") if class_name.isdecimal() else (1, 0, class_name)
    return (
        natural_key(record.get("group", "")),
        natural_key(stem),
        class_key,
        record["file"],
    )


def natural_key(name: str) -> list[str | int]:
    """Return a key that sorts names in natural order, such as ["a", 10, ""] for `a10`."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name)]


def read_list(place: Place, list_name: str, names: Iterable[str]) -> set[str]:
    """Return those of some pictures that the lines of a text file name.

    A line is the path of a picture, or its end, with or without the ending of the file. It may
    also be such a path with words before or behind it.

    Raises:
        UserError: there is no such file, or a line names no picture, or several.
    """
    if list_name not in place.files:
        raise UserError(f"no file in {place.root} is called {list_name}")
    known = set(names)
    found = set()
    text = place.files[list_name].read_text(encoding="utf-8-sig", errors="replace")
    for line in text.splitlines():
        if not line.strip():
            continue
        named = find_named(place, line.strip(), known)
        if len(named) != 1:
            reason = "several pictures are" if named else "no picture is"
            raise UserError(f"{list_name}: {reason} called {line.strip():.80}")
        found |= named
    return found


def find_named(place: Place, line: str, names: set[str]) -> set[str]:
    """Return those of some pictures that a whole line names, or its first or last word."""
    words = line.split()
    for text in (line, words[0], words[-1]):
        end = re.sub(r"^\.?/+", "", to_nfc(text))  # without `./` and `/` before it
        named = names.intersection(place.pictures_by_end.get(end, []))
        if named:
            return named
    return set()
