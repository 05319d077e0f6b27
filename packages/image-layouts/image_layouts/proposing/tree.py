"""Show what was found: folders with counts and an example, tables with columns, arrays."""

import posixpath
from collections import defaultdict
from collections.abc import Iterator

from image_layouts.errors import LayoutError, shorten
from image_layouts.layout.place import Place

MAX_FOLDERS = 6  # that are shown one by one
MAX_FILES = 4
MAX_COLUMNS = 6


def show(place: Place) -> Iterator[str]:
    """Yield a line for the pictures in folders of the same folder, and for each other file."""
    merged: dict[tuple[str, int], list[str]] = defaultdict(list)
    for name in place.pictures:
        folder = posixpath.dirname(name)
        merged[posixpath.dirname(folder), folder.count("/")].append(name)
    for names in list(merged.values())[:MAX_FOLDERS]:
        folders = sorted({posixpath.basename(posixpath.dirname(each)) for each in names})
        inside = f" in {len(folders)} folders ({shorten(folders[:4])})" * (len(folders) > 1)
        yield f"{len(names)} pictures{inside}, such as {names[0]}"
    if len(merged) > MAX_FOLDERS:
        yield f"and pictures in {len(merged) - MAX_FOLDERS} more places"
    others = [name for name in place.files if name not in set(place.pictures)]
    yield from (describe_file(place, name) for name in others[:MAX_FILES])
    if len(others) > MAX_FILES:
        yield f"and {len(others) - MAX_FILES} more files, such as {others[-1]}"


def describe_file(place: Place, name: str) -> str:
    """Return a line about a table, a file with arrays, or another file."""
    tables = place.list_opened_tables(name)
    try:
        if tables:
            sample = tables[-1].sample
            columns = [
                f"{column} ({', '.join(f'{value:.20}' for value in values)})"
                for column in tables[-1].names[:MAX_COLUMNS]
                if (values := sample[column].astype(str).unique()[:3]).size
            ]
            dropped = tables[-1].dropped and f"; not read: {tables[-1].dropped}"
            return f"{name}: columns {shorten(columns)}{dropped}"
        if name in place.array_files:
            arrays = place.load_arrays([name])
            return shorten([f"{key} {array.shape}" for key, array in arrays.items()])
    except (LayoutError, ValueError):  # the file is damaged, which a reason says
        pass
    return name
