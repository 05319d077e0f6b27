"""Find files with arrays that have one image each, which are not read."""

import posixpath
import re

from image_layouts.errors import LayoutError
from image_layouts.layout.array_file import HOW_TO_CONVERT
from image_layouts.layout.place import Place
from image_layouts.proposing.advice import PAGE
from image_layouts.proposing.columns import may_be_classes
from image_layouts.proposing.table_format import find_format, may_be_table

MAX_CLASSES = 20  # more numbered files than this are images, and not classes
MAX_COLUMNS = 20  # a table with more columns has pixels, and does not list files


def find_single_images(place: Place) -> list[str]:
    """Return the files with arrays of one image each.

    A table lists their names, or there are many files with numbers in their names. If there are
    pictures, arrays are something else.
    """
    if len(place.array_files) < 2 or place.pictures:
        return []
    ids = list_ids(place)
    listed = [name for name in place.array_files if stem(name) in ids]
    if len(listed) > 1:
        return listed
    numbered = [name for name in place.array_files if re.search(r"\d", stem(name))]
    return numbered if len(numbered) > MAX_CLASSES else []


def stem(path: str) -> str:
    """Return the name of a file without its ending."""
    return posixpath.splitext(posixpath.basename(path))[0]


def list_ids(place: Place) -> set[str]:
    """Return the names, without suffixes, that tables give to images.

    A table without repeated values is skipped, because it is a list of classes.
    """
    ids: set[str] = set()
    for name, path in place.files.items():
        try:
            if not may_be_table(name, path):
                continue
            table = place.open_table(name, **find_format(path))
            if len(table.names) > MAX_COLUMNS:
                continue
            texts = table.read_texts(table.names)
        except (OSError, EOFError, LayoutError):
            continue
        if any(may_be_classes(texts[column]) for column in texts):
            for column in texts:
                ids.update(map(stem, texts[column]))
    return ids


def refuse_single_images(names: list[str]) -> str:
    """Return why files with one image each are not read, and what to do."""
    are_npy = all(name.lower().endswith(".npy") for name in names)
    remedy = f"see “Join arrays” in {PAGE}" if are_npy else HOW_TO_CONVERT
    return (
        f"{names[0]} and {len(names) - 1} more arrays have one image each, which is not read; "
        f"{remedy}"
    )
