"""What to do about files that no layout can describe."""

import re
from collections.abc import Sequence
from itertools import chain
from pathlib import Path

from PIL import Image

from image_layouts import files as pictures
from image_layouts.layout.array_file import is_array_file
from image_layouts.layout.table_file import LIST_ENDINGS, find_ending
from image_layouts.proposing.table_format import may_be_table

FORMS = (
    "pictures in a subfolder for each class, a CSV, parquet or Arrow file, .npz, .npy or .mat "
    "files, or IDX files"
)

SAVE = "numpy.savez('data/own/images.npz', x=…, y=…)"
PAGE = "image-layouts/docs/your-own.md"

COCO = "Convert COCO annotations"

# The sections of the page with commands that convert files, and the suffixes of the files.
RECIPES = {
    "Unpack archives": (".zip", ".rar", ".7z", ".tar", ".tgz", ".tar.gz", ".bz2", ".xz"),
    "Convert JSON lines": (".jsonl",),
    COCO: (),  # other .json files have no recipe
    "Convert Excel files": (".xlsx",),
    "Convert HDF5 files": (".h5", ".hdf5"),
    "Convert pickles": (".pkl", ".pickle", ".p", ".pkl.gz", ".pickle.gz", ".joblib"),
}
SHEET = re.compile(r"(?<=\.xlsx)\..+(?=\.csv$)")  # in the name of a converted Excel file
# The first bytes of pickles of the protocols 2 to 5.
PICKLE_STARTS = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")

N_BYTES = 100_000  # the largest number of bytes of a first line that are read
N_TRIED = 5  # the number of files that are opened to find out whether they are pictures


def find_advice(files: Sequence[Path]) -> str:
    """Return how to make some of the files usable, or "" if nothing can be advised."""
    files = [file for file in files if file.exists()]  # without broken links
    return advise_converting(files) or advise_suffixes(files) or advise_loading(files)


def advise_converting(files: Sequence[Path]) -> str:
    """Return which section of the page has the command that converts files, or ""."""
    files = list_unconverted(files)
    for title, endings in RECIPES.items():
        for file in files:
            if file.name.lower().endswith(endings):
                return f"for files such as {file.name}, see “{title}” in {PAGE}"
    for file in files:
        if not file.suffix and read_first_line(file).startswith(PICKLE_STARTS):
            return f"{file.name} is a pickle; see “Convert pickles” in {PAGE}"
        if file.suffix.lower() == ".json" and has_coco_keys(file):
            return f"{file.name} has annotations in COCO's format; see “{COCO}” in {PAGE}"
    return ""


def has_coco_keys(file: Path) -> bool:
    """Return whether a JSON file has the keys of COCO's annotations."""
    content = file.read_bytes()
    return all(
        f'"{key}"'.encode() in content for key in ("images", "annotations", "categories")
    )


def list_unconverted(files: Sequence[Path]) -> list[Path]:
    """Return files without those that a command of the page has already converted."""
    # `labels.xlsx.Sheet1.csv` counts as `labels.xlsx.csv`.
    names = {SHEET.sub("", file.name) for file in files}
    return [
        file for file in files if names.isdisjoint([f"{file.name}.npz", f"{file.name}.csv"])
    ]


def advise_suffixes(files: Sequence[Path]) -> str:
    """Return what to do if a file is a picture, but its name has another suffix, or ""."""
    # Pillow also opens files that have a recipe, such as HDF5 files.
    known_endings = (*pictures.SUFFIXES, *chain(*RECIPES.values()))
    others = [file for file in files if not file.name.lower().endswith(known_endings)]
    for file in others[:N_TRIED]:
        try:
            with Image.open(file) as image:
                ending = f".{image.format}".lower()
        except Exception:  # a damaged file can make Pillow raise nearly any exception
            continue
        if ending in pictures.SUFFIXES:
            return (
                f"{file.name} is a picture, but its name does not say so; add the ending "
                f"{ending} to the names of such files"
            )
    return ""


def read_first_line(file: Path) -> bytes:
    """Return the first line of a file, or its beginning if it is long."""
    with file.open("rb") as opened:
        return opened.readline(N_BYTES)


def advise_loading(files: Sequence[Path]) -> str:
    """Return what to do if no file is of a kind that is read, apart from lists, or ""."""
    if not files or any(map(pictures.is_picture_file, files)):
        return ""
    others = [file for file in files if find_ending(file.name) not in LIST_ENDINGS]
    candidates = others or files  # if there are only lists, they are the data
    if any(may_be_table(file.name, file) or is_array_file(file) for file in candidates):
        return ""
    largest = max(candidates, key=lambda file: file.stat().st_size)
    return (
        f"files such as {largest.name} are not read; load them in Python, and write the images "
        f"as PNG files, or by {SAVE}"
    )
