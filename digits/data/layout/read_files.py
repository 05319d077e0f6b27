"""Read a part of a layout that has pictures whose paths say what they are."""

import posixpath
import re
from collections.abc import Collection, Container, Mapping
from typing import Any

import pandas as pd

from digits.data.layout.part import PartImages
from digits.data.layout.pattern import Pattern, find_matches, to_nfc
from digits.data.layout.place import Place
from digits.settings.errors import UserError
from digits.settings.layout import FilesPart


def read_files(place: Place, part: FilesPart, left_out: Container[str]) -> PartImages:
    """Return the pictures of a part, sorted by their groups and names.

    They are not sorted by class, so that the last images are of all classes.

    Raises:
        UserError: no picture fits a pattern, a path fits in two ways, or the list of pictures
            names one that is not there.
    """
    fields = find_matches(part.files, place.pictures)
    for text in part.files:
        if not any(map(Pattern(text).fits, fields)):
            raise UserError(f"no picture in {place.root} fits the pattern {text}")
    names = [name for name in fields if name not in left_out]
    if part.lists:
        names = list(set().union(*(read_list(place, each, names) for each in part.lists)))
    records = [{"id": name, "file": name, **fields[name]} for name in names]
    records.sort(key=sort_key)
    field_names = next(iter(fields.values()))  # the same for all pictures
    columns = dict.fromkeys(["id", "file", *field_names])  # the pattern may have {id}
    # Not all names of files are UTF-8, which pandas' own type of text needs.
    rows = pd.DataFrame(records, columns=list(columns), dtype=object)
    return PartImages(
        rows,
        contents=lambda: (place.files[name] for name in rows["file"]),
        files=set(part.lists),
    )


def sort_key(record: Mapping[str, str]) -> tuple[Any, ...]:
    """Return a key that sorts pictures by their group, name and class."""
    class_name = record.get("class", "")
    stem, _ = posixpath.splitext(posixpath.basename(record["file"]))
    return (
        natural_key(record.get("group", "")),
        natural_key(stem),
        (0, int(class_name), "") if class_name.isdecimal() else (1, 0, class_name),
        record["file"],
    )


def natural_key(name: str) -> list[str | int]:
    """Return a key that sorts names in natural order: their text and their numbers in turn."""
    return [int(part) if part.isdecimal() else part for part in re.split(r"(\d+)", name)]


def read_list(place: Place, list_name: str, names: Collection[str]) -> set[str]:
    """Return those of some pictures that the lines of a text file name.

    A line has the path of a picture, or the end of it, with or without the ending of the file.
    More words may follow, or stand before it.

    Raises:
        UserError: there is no such file, or a line names no picture, or several.
    """
    if list_name not in place.files:
        raise UserError(f"no file in {place.root} is called {list_name}")
    known = set(names)
    found = set()
    text = place.files[list_name].read_text(encoding="utf-8-sig", errors="replace")
    for line in filter(None, map(str.strip, text.splitlines())):
        named = find_named(place, line, known)
        if len(named) != 1:
            reason = "several pictures are" if named else "no picture is"
            raise UserError(f"{list_name}: {reason} called {line:.80}")
        found |= named
    return found


def find_named(place: Place, line: str, names: set[str]) -> set[str]:
    """Return those of some pictures that a line names, as a whole or by a word at an end."""
    words = line.split()
    for text in (line, words[0], words[-1]):
        end = re.sub(r"^\.?/+", "", to_nfc(text))
        named = names.intersection(place.pictures_by_end.get(end, []))
        if named:
            return named
    return set()
