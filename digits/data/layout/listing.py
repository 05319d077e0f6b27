"""The files in a folder, without those that programs write for themselves."""

import re
from collections.abc import Iterator
from pathlib import Path

from digits.data.sources import check_not_special
from digits.settings.errors import UserError

# Files that operating systems, Git and DVC write.
IGNORED_NAMES = re.compile(r"\..*|.*\.dvc|__MACOSX|Thumbs\.db|desktop\.ini", re.IGNORECASE)


def list_visible(folder: Path) -> list[Path]:
    """Return the files and folders in a folder, except those with ignored names, sorted."""
    return sorted(path for path in folder.iterdir() if not IGNORED_NAMES.fullmatch(path.name))


def iterate_files(folder: Path, above: tuple[Path, ...] = ()) -> Iterator[Path]:
    """Yield all files in a folder, at any depth, except those with ignored names.

    Links are followed.

    Args:
        folder: the folder.
        above: the folders that contain it, with all links resolved.

    Raises:
        UserError: a folder is a link to a folder above, or there is a pipe.
    """
    above = (*above, folder.resolve())
    for path in list_visible(folder):
        check_not_special(path)
        if path.is_dir():
            target = path.resolve()
            # The listing of such a link would never end.
            if any(each.is_relative_to(target) for each in above):
                raise UserError(
                    f"{path.name!r} is a link to a folder that it lies in; delete it"
                )
            yield from iterate_files(path, above)
        else:
            yield path
