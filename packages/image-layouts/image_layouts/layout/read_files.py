"""Read a part of a layout that has pictures whose paths say what they are."""

import posixpath
import re
from collections.abc import Container, Iterable, Mapping
from typing import Any

import pandas as pd

from image_layouts.errors import LayoutError
from image_layouts.files import SUFFIXES
from image_layouts.labelled_images import LabelledImages
from image_layouts.layout.folder import Folder
from image_layouts.layout.pattern import Pattern, find_matches, to_nfc
from image_layouts.schema import FilesPart


def read_files(folder: Folder, part: FilesPart, excluded: Container[str]) -> LabelledImages:
    """Return the pictures of a part, without excluded pictures.

    They are sorted by group, then by name. They are not sorted by class, because the last
    images may become the test set, which needs all classes.

    Raises:
        LayoutError: no picture fits a pattern, a path fits in two ways, or a list names a
            picture that was not found.
    """
    fields_by_name = find_matches(part.files, folder.pictures)
    for text in part.files:
        pattern = Pattern(text)
        if not any(pattern.fits(name) for name in fields_by_name):
            raise LayoutError(f"no picture in {folder.root} fits the pattern {text}")
    names = [name for name in fields_by_name if name not in excluded]
    if part.lists:
        listed = [read_list(folder, list_name, names) for list_name in part.lists]
        names = list(set().union(*listed))
    records = [{"id": name, "file": name, **fields_by_name[name]} for name in names]
    records.sort(key=sort_key)
    fields = Pattern(part.files[0]).fields  # all patterns have the same fields
    columns = list(dict.fromkeys(["id", "file", *fields]))
    # pandas' type of strings cannot hold the name of a file that is not in UTF-8.
    rows = pd.DataFrame(records, columns=columns, dtype=object)
    return LabelledImages(
        rows,
        contents=lambda: (folder.files[name] for name in rows["file"]),
        files=set(part.lists),
    )


def sort_key(record: Mapping[str, str]) -> tuple[Any, ...]:
    """Return a key that sorts pictures by their group, name and class."""
    stem, _ = posixpath.splitext(posixpath.basename(record["file"]))
    class_name = record.get("class", "")
    # Classes that are numbers come first, in the order of the numbers.
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


def read_list(folder: Folder, list_name: str, names: Iterable[str]) -> set[str]:
    """Return the pictures that the lines of a text file name.

    A line has the path of a picture, as published lists write it: `cat/1.jpg`, `1.jpg` or `1`.
    Other words may stand before it or behind it, as in `1.jpg cat`.

    Raises:
        LayoutError: there is no such file, or a line does not name exactly one picture.
    """
    if list_name not in folder.files:
        raise LayoutError(f"no file in {folder.root} is called {list_name}")
    known = set(names)
    found = set()
    text = folder.files[list_name].read_text(encoding="utf-8-sig", errors="replace")
    for line in filter(None, map(str.strip, text.splitlines())):
        pictures = find_pictures_of_line(folder, line, known)
        if len(pictures) != 1:
            reason = "several pictures are" if pictures else "no picture is"
            raise LayoutError(f"{list_name}: {reason} called {line:.80}")
        found |= pictures
    return found


def find_pictures_of_line(folder: Folder, line: str, names: set[str]) -> set[str]:
    """Return the pictures that the whole line, its first word or its last word names.

    In `9.png 3`, the last word is a class, even if there is no 9.png, but a 3.png.
    """
    words = line.split()
    first_is_picture = words[0].lower().endswith(SUFFIXES)
    texts = (line, words[0]) if first_is_picture else (line, words[0], words[-1])
    for text in texts:
        with_slashes = to_nfc(text).replace("\\", "/")
        without_start = re.sub(r"^\.?/+", "", with_slashes)  # `1.jpg` for `./1.jpg`
        pictures = names.intersection(folder.pictures_by_end.get(without_start, []))
        if pictures:
            return pictures
    return set()
