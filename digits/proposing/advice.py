"""What to do about files that no layout can describe."""

import re
from collections.abc import Sequence
from itertools import permutations
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from digits.imaging import pictures

FORMS = (
    "pictures in a subfolder for each class, a CSV or parquet file, .npz, .npy or .mat files, "
    "or IDX files"
)

SAVE = "numpy.savez('data/own/images.npz', x=…, y=…)"
PAGE = "docs/your-own.md"

# The headings of the page under which a command converts files, and the endings of the files.
RECIPES = {
    "Unpack archives": (
        ".zip",
        ".rar",
        ".7z",
        ".tar",
        ".tgz",
        ".tar.gz",
        ".tar.bz2",
        ".tar.xz",
    ),
    "Convert JSON lines": (".jsonl",),
    "Convert ARFF files": (".arff",),
    "Convert Excel files": (".xlsx",),
    "Convert HDF5 files": (".h5",),
    "Convert DICOM files": (".dcm",),
    "Convert pickles": (".pkl", ".pickle", ".pt", ".pth", ".joblib"),
}
PICKLE_MAGIC = re.compile(rb"\x80[\x02-\x05]")  # the first bytes of a pickle

N_TRIED = 5  # files of which it is tried whether they are pictures


def find_advice(files: Sequence[Path]) -> str:
    """Return what makes some of the files usable, or "" if nothing is known to."""
    files = [file for file in files if file.exists()]  # others are links to nowhere
    return (
        advise_converting(files)
        or advise_endings(files)
        or advise_joining(files)
        or advise_loading(files)
    )


def advise_converting(files: Sequence[Path]) -> str:
    """Return where the command is that converts the first kind of files, or ""."""
    names = {file.name for file in files}
    files = [file for file in files if names.isdisjoint(list_converted(file))]
    for title, endings in RECIPES.items():
        for file in files:
            if file.name.lower().endswith(endings):
                return f"for files such as {file.name}, see “{title}” in {PAGE}"
    for file in files:
        if not file.suffix and PICKLE_MAGIC.match(file.read_bytes()[:2]):
            return f"{file.name} is a pickle; see “Convert pickles” in {PAGE}"
    return ""


def list_converted(file: Path) -> list[str]:
    """Return how the commands of the page call what they write for a file."""
    return [f"{file.name}.npz", f"{file.name}.csv", f"{file.stem}.png"]


def advise_endings(files: Sequence[Path]) -> str:
    """Return what to do if files are pictures, but have no ending of one, or ""."""
    others = [file for file in files if file.suffix.lower() not in pictures.SUFFIXES]
    for file in others[:N_TRIED]:
        try:
            with Image.open(file) as image:
                ending = str(image.format).lower()
        except UnidentifiedImageError:
            continue
        return (
            f"{file.name} is a picture, but its name does not say so; add the ending .{ending} "
            "to the names of such files"
        )
    return ""


def advise_joining(files: Sequence[Path]) -> str:
    """Return what to do about a table of labels and a table of pixels, or "".

    A table of labels has one value per row, and as many rows as the table of pixels.
    """
    tables = {file: file.read_bytes().splitlines() for file in files if file.suffix == ".csv"}
    for labels, pixels in permutations(tables, 2):
        header, *rows = tables[labels] or [b""]
        pixel_header, *pixel_rows = tables[pixels] or [b""]
        if b"," not in header and b"," in pixel_header and len(rows) == len(pixel_rows):
            return (
                f"if {labels.name} has the classes of {pixels.name}, see “Join two tables” in "
                f"{PAGE}"
            )
    return ""


def advise_loading(files: Sequence[Path]) -> str:
    """Return what to do about JSON files that may have the images themselves, or ""."""
    names = [file.name for file in files if file.suffix.lower() == ".json"]
    if not names or any(map(pictures.is_picture_file, files)):
        return ""
    return f"{names[0]} is not read; load it in Python, and write the images by {SAVE}"
