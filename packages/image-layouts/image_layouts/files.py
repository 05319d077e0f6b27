"""The files in a folder, without those that programs write for themselves."""

import re
import warnings
from collections.abc import Iterator
from contextlib import suppress
from fnmatch import translate
from io import BytesIO
from pathlib import Path

import pi_heif
from PIL import Image

from image_layouts.errors import LayoutError

SUFFIXES = (
    *(".avif", ".bmp", ".gif", ".heic", ".heif", ".jfif", ".jpe", ".jpeg", ".jpg"),
    *(".pbm", ".pgm", ".png", ".pnm", ".ppm", ".tif", ".tiff", ".webp"),
)

# Other formats are omitted because Pillow starts programs to read some of them.
FORMATS = ("PNG", "JPEG", "BMP", "GIF", "PPM", "TIFF", "WEBP", "AVIF", "HEIF")
pi_heif.register_heif_opener()
# In a table, only the first bytes of HEIC are looked at.
HEIC_START = re.compile(rb".{4}ftyp(he[iv][a-z]|m[is]f1)", re.DOTALL)
FORMAT_NAMES = "PNG, JPEG, BMP, GIF, TIFF, WebP, AVIF or HEIC"  # those that messages name

# Control characters, except tabs and line breaks, and those that turn the direction of a text.
CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

NOT_FOUND = "was not found; put your images there, or correct the name"

# A pointer of Git LFS is a text of about 130 bytes with this start. Larger files are not
# opened, because to open thousands of small pictures takes seconds.
LFS_START = b"version https://git-lfs"
MAX_LFS_BYTES = 200


def check_file(path: Path) -> None:
    """Check that a path is not a pipe, a device, or a pointer of Git LFS.

    Raises:
        LayoutError: the path is one of them. To read a pipe or a device may take for ever.
    """
    if path.exists() and not (path.is_file() or path.is_dir()):
        raise LayoutError(f"{path.name!r} is neither a file nor a folder; delete it")
    with suppress(OSError):  # a folder, or a file that cannot be opened, as its reader says
        if path.stat().st_size < MAX_LFS_BYTES and path.read_bytes().startswith(LFS_START):
            raise LayoutError(
                f"{path} is a pointer of Git LFS; run `git lfs pull` in its repository"
            )


def is_picture(content: bytes) -> bool:
    """Return whether a content begins like that of a picture."""
    with warnings.catch_warnings(action="ignore"), suppress(Exception):
        Image.open(BytesIO(content), formats=FORMATS)
        return True
    return HEIC_START.match(content) is not None


def is_text(content: bytes) -> bool:
    """Return whether a content is text in UTF-8 without control characters."""
    try:
        return not CONTROL_CHARACTERS.search(content.decode())
    except UnicodeDecodeError:
        return False


def is_picture_file(path: Path) -> bool:
    """Return whether the name of a file is that of a picture."""
    return path.suffix.lower() in SUFFIXES


# Files that operating systems, network drives and Git write. They are in .dvcignore, too.
IGNORED_NAMES = (".*", "__MACOSX", "@eaDir", "[Tt]humbs.db", "[Dd]esktop.ini")
IGNORED = re.compile("|".join(map(translate, [*IGNORED_NAMES, "*.dvc"])))


def list_visible(folder: Path) -> list[Path]:
    """Return the files and folders in a folder, except those with ignored names, sorted."""
    return [path for path in sorted(folder.iterdir()) if not IGNORED.fullmatch(path.name)]


def iterate_files(folder: Path, ancestors: tuple[Path, ...] = ()) -> Iterator[Path]:
    """Yield all files in a folder, at any depth, except those with ignored names.

    Links are followed. `ancestors` contain the folder, with all links resolved.

    Raises:
        LayoutError: a link leads to a folder that contains it, or `check_file` raises it.
    """
    ancestors = (*ancestors, folder.resolve())
    for path in list_visible(folder):
        check_file(path)
        if path.is_dir():
            target = path.resolve()
            has_this_link = any(folder.is_relative_to(target) for folder in ancestors)
            if has_this_link:  # the listing would never end
                raise LayoutError(
                    f"{path.name!r} is a link to a folder that it lies in; delete it"
                )
            yield from iterate_files(path, ancestors)
        else:
            yield path
