"""Show what was found: folders with counts and an example, tables with columns, arrays."""

import posixpath
from collections import defaultdict
from collections.abc import Iterator

from image_layouts.errors import LayoutError, shorten
from image_layouts.layout.place import Place

MAX_FOLDERS = 6  # that are shown one by one
MAX_FILES = 4


def show(place: Place) -> Iterator[str]:
    """Yield a line for each folder of pictures, table and file with arrays."""
    by_folder: dict[str, list[str]] = defaultdict(list)
    for name in place.pictures:
        by_folder[posixpath.dirname(name)].append(name)
    merged = merge(by_folder)
    for names in list(merged.values())[:MAX_FOLDERS]:
        folders = sorted({posixpath.basename(posixpath.dirname(each)) for each in names})
        inside = (
            f" in {len(folders)} folders ({shorten(folders[:4])})" if len(folders) > 1 else ""
        )
        yield f"{len(names)} pictures{inside}, such as {names[0]}"
    if len(merged) > MAX_FOLDERS:
        yield f"and pictures in {len(merged) - MAX_FOLDERS} more places"
    others = [name for name in place.files if name not in set(place.pictures)]
    for name in others[:MAX_FILES]:
        yield describe_file(place, name)
    if len(others) > MAX_FILES:
        yield f"and {len(others) - MAX_FILES} more files, such as {others[-1]}"


def merge(by_folder: dict[str, list[str]]) -> dict[tuple[str, ...], list[str]]:
    """Return the pictures of folders that lie in one folder, and have none inside, together."""
    merged: dict[tuple[str, ...], list[str]] = defaultdict(list)
    for folder, names in by_folder.items():
        merged[posixpath.dirname(folder), str(folder.count("/"))] += names
    return merged


def describe_file(place: Place, name: str) -> str:
    """Return a line about a table, a file with arrays, or another file."""
    tables = place.list_opened_tables(name)
    try:
        if tables:
            table = tables[-1]
            first = table.sample.head(1).astype(str).to_numpy().ravel()[:6]
            columns = zip(table.names[:6], first, strict=False)
            return f"{name}: columns " + shorten(
                [f"{key} ({value:.30})" for key, value in columns]
            )
        if name in place.array_files:
            arrays = place.load_arrays([name])
            return shorten([f"{key} {array.shape}" for key, array in arrays.items()])
    except (LayoutError, ValueError):
        pass
    return name
