"""The files in a folder, without those that programs write for themselves."""

import re
from collections.abc import Iterator
from fnmatch import translate
from pathlib import Path

from digits.data.sources import check_not_special
from digits.settings.errors import UserError

# Files that operating systems, network drives and Git write. They are in .dvcignore, too.
IGNORED_NAMES = (".*", "__MACOSX", "@eaDir", "[Tt]humbs.db", "[Dd]esktop.ini")
IGNORED = re.compile("|".join(map(translate, [*IGNORED_NAMES, "*.dvc"])))


def list_visible(folder: Path, ignored: list[Path] | None = None) -> list[Path]:
    """Return the files and folders in a folder, except those with ignored names, sorted.

    The others are added to `ignored`, if it is given.
    """
    visible = []
    for path in sorted(folder.iterdir()):
        if not IGNORED.fullmatch(path.name):
            visible.append(path)
        elif ignored is not None:
            ignored.append(path)
    return visible


def iterate_files(
    folder: Path, ancestors: tuple[Path, ...] = (), ignored: list[Path] | None = None
) -> Iterator[Path]:
    """Yield all files in a folder, at any depth, except those with ignored names.

    Links are followed.

    Args:
        folder: the folder.
        ancestors: the folders that contain it, with all links resolved.
        ignored: if it is given, the paths with ignored names are added to it.

    Raises:
        UserError: a link leads to a folder that contains it, or there is a pipe.
    """
    ancestors = (*ancestors, folder.resolve())
    for path in list_visible(folder, ignored):
        check_not_special(path)
        if path.is_dir():
            target = path.resolve()
            has_this_link = any(folder.is_relative_to(target) for folder in ancestors)
            if has_this_link:  # the listing would never end
                raise UserError(
                    f"{path.name!r} is a link to a folder that it lies in; delete it"
                )
            yield from iterate_files(path, ancestors, ignored)
        else:
            yield path
