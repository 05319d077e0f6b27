"""Find files with arrays that have one image each, which are not read."""

import posixpath
import re
from collections import Counter

from digits.data.layout.place import Place
from digits.proposing import columns
from digits.proposing.advice import PAGE
from digits.proposing.table_format import find_format, may_be_table
from digits.settings.errors import UserError

MAX_CLASSES = 20  # more files with numbers in their names are samples
MAX_COLUMNS = 20  # of a table that may list the files; others have pixels


def find_samples(place: Place) -> list[str]:
    """Return the files with arrays that have one image each, as their names tell."""
    stems = {name: stem(name) for name in place.array_files}
    ids = list_ids(place) if len(stems) > 1 else set()
    listed = [name for name in stems if stems[name] in ids]
    numbered = [name for name in stems if re.search(r"\d", stems[name])]
    if len(listed) > 1:
        return listed
    return numbered if len(numbered) > MAX_CLASSES and not are_pairs(numbered) else []


def stem(path: str) -> str:
    """Return the name of a file without its ending."""
    return posixpath.splitext(posixpath.basename(path))[0]


def are_pairs(names: list[str]) -> bool:
    """Return whether most numbers stand in several names, as in `x_1.npy` and `y_1.npy`."""
    folders = map(posixpath.dirname, names)
    numbers = (tuple(re.findall(r"\d+", name)) for name in names)
    counts = Counter(zip(folders, numbers, strict=True))
    return len(counts) <= len(names) / 2


def list_ids(place: Place) -> set[str]:
    """Return the names, without endings, that tables give to images.

    A list of classes is no such table: in none of its columns, values stand in several rows.
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
        except (OSError, UserError):
            continue
        if texts.apply(columns.repeats).any():
            ids.update(stem(text) for column in texts for text in texts[column])
    return ids


def refuse(names: list[str]) -> str:
    """Return why files with one image each are not read, and what to do."""
    return (
        f"{names[0]} and {len(names) - 1} more arrays have one image each, which is not read; "
        f"see “Join arrays” in {PAGE}"
    )
