"""Find out what kind of images a folder or file has."""

from collections.abc import Sequence
from pathlib import Path

from digits.data.intake.collection import Collection, shorten
from digits.data.sources import NOT_FOUND, arrays, folder, table
from digits.imaging import pictures
from digits.settings.errors import UserError

FORMS = (
    "pictures in a subfolder for each class, a CSV or parquet file, .npz, .npy or .mat files, "
    "or IDX files"
)

# The commands that unpack an archive. {0} is the file, and {1} the folder that it is in.
UNPACK = {
    ".zip": "unzip -q '{0}' -d '{1}' && rm '{0}'",
    ".tar": "tar -xf '{0}' -C '{1}' && rm '{0}'",
    ".tgz": "tar -xf '{0}' -C '{1}' && rm '{0}'",
    ".tar.gz": "tar -xf '{0}' -C '{1}' && rm '{0}'",
    ".tar.bz2": "tar -xf '{0}' -C '{1}' && rm '{0}'",
    ".tar.xz": "tar -xf '{0}' -C '{1}' && rm '{0}'",
    ".rar": "unrar x '{0}' '{1}' && rm '{0}'",
    ".7z": "7z x '{0}' -o'{1}' && rm '{0}'",
}
PICKLES = {".pkl", ".pickle", ".pt", ".pth", ".joblib"}


def find_source(place: Path) -> tuple[str, Path]:
    """Return the kind of source that reads a folder or file, and where its images are.

    A folder that has nothing but one other folder, as that of an archive, is entered.

    Raises:
        UserError: there are no images, or they are in a form that no source reads. The message
            says how to make them usable.
    """
    if not place.exists():
        raise UserError(f"{place} {NOT_FOUND}")
    files = [place]
    if place.is_dir():
        place = enter_folders(place)
        files = list(folder.iterate_files(place, may_be_empty=True))
    if any(arrays.is_array_file(file) for file in files):
        return "arrays", place
    has_pictures = any(file.suffix.lower() in pictures.SUFFIXES for file in files)
    has_tables = any(file.suffix.lower() in table.SUFFIXES for file in files)
    if has_tables and not (has_pictures and is_better_without_tables(place)):
        return "table", place
    if has_pictures:
        return "folder", place
    raise refuse(place, files)


def enter_folders(place: Path) -> Path:
    """Return the folder, or the one inside it that has everything, as that of an archive.

    A folder that has pictures, but no table, is not entered, because its name is a class.
    """
    while True:
        paths = folder.list_visible(place)
        if len(paths) != 1 or not paths[0].is_dir():
            return place
        suffixes = {path.suffix.lower() for path in folder.list_visible(paths[0])}
        if suffixes.intersection(pictures.SUFFIXES) and not suffixes.intersection(
            table.SUFFIXES
        ):
            return place
        [place] = paths


def is_better_without_tables(place: Path) -> bool:
    """Return whether subfolders give classes to more pictures than tables beside them do."""
    n_by_tables = count_labelled("table", place)
    n_by_folders = count_labelled("folder", place)
    return n_by_folders > n_by_tables


def count_labelled(kind: str, place: Path) -> int:
    """Return how many images have a class, of at least two, if a kind of source reads them."""
    try:
        rows = open_source(kind, place).rows
    except UserError:
        return 0
    return len(rows) if "class" in rows and rows["class"].nunique() > 1 else 0


def open_place(place: Path, columns: dict[str, str] | None = None) -> Collection:
    """Return the images of a folder or file of any kind.

    Args:
        place: the folder or file.
        columns: the columns that the user has chosen as `class` or `group`.

    Raises:
        UserError: there are no images, or they cannot be read.
    """
    kind, place = find_source(place)
    return open_source(kind, place, columns)


def open_source(kind: str, place: Path, columns: dict[str, str] | None = None) -> Collection:
    """Return the images that a kind of source reads.

    Raises:
        UserError: they cannot be read.
    """
    if kind == "table":
        return table.open_place(place, columns)
    return arrays.open_place(place) if kind == "arrays" else folder.open_place(place)


def refuse(place: Path, files: Sequence[Path]) -> UserError:
    """Return the error for files that no source reads."""
    if not files:
        return UserError(f"{place} is empty; put your images into it, as they are: {FORMS}")
    first = files[0]
    name = first.name.lower()
    message = f"{place} has no images that can be read, but {shorten(files[:5])}"
    for ending, command in UNPACK.items():
        if name.endswith(ending):
            return UserError(f"{message}; run: {command.format(first, first.parent)}")
    if PICKLES.intersection(first.suffixes):
        return UserError(
            f"{message}; a pickle can run any code, and is not read; if you trust it, "
            f"{arrays.CONVERT}"
        )
    return UserError(f"{message}; readable are {FORMS}; otherwise {arrays.CONVERT}")
