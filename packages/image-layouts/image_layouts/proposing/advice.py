"""What to do about files that no layout can describe."""

from collections.abc import Sequence
from pathlib import Path

from image_layouts import files as pictures
from image_layouts.layout.array_file import is_array_file
from image_layouts.layout.table_file import LIST_ENDINGS, find_ending, read_bytes
from image_layouts.proposing.table_format import may_be_table

FORMS = (
    "pictures in a subfolder for each class, a CSV, parquet or Arrow file, .npz, .npy or .mat "
    "files, or IDX files"
)

SAVE = "numpy.savez('data/own/images.npz', x=…, y=…)"
PAGE = "packages/image-layouts/docs/your-own.md"

# The sections of the page with commands that convert files, and the suffixes of the files.
RECIPES = {
    "Unpack archives": (".zip", ".rar", ".7z", ".tar", ".tgz", ".tar.gz", ".bz2", ".xz"),
    "Convert JSON lines": (".jsonl",),
    "Convert HDF5 files": (".h5", ".hdf5"),
    "Convert pickles": (".pkl", ".pickle", ".p", ".pkl.gz", ".pickle.gz", ".joblib"),
}
# The first bytes of pickles of the protocols 2 to 5.
PICKLE_STARTS = (b"\x80\x02", b"\x80\x03", b"\x80\x04", b"\x80\x05")


def find_advice(files: Sequence[Path]) -> str:
    """Return how to make some of the files usable, or "" if nothing can be advised."""
    files = [file for file in files if file.exists()]  # without broken links
    return advise_converting(files) or advise_loading(files)


def advise_converting(files: Sequence[Path]) -> str:
    """Return which section of the page has the command that converts files, or ""."""
    files = list_unconverted(files)
    for title, endings in RECIPES.items():
        for file in files:
            if file.name.lower().endswith(endings):
                return f"for files such as {file.name}, see “{title}” in {PAGE}"
    for file in files:
        if file.suffix.lower() == ".xlsx":
            return f"{file.name} is not read; save its sheets as CSV files"
        if not file.suffix and read_bytes(file, 2) in PICKLE_STARTS:
            return f"{file.name} is a pickle; see “Convert pickles” in {PAGE}"
    return ""


def list_unconverted(files: Sequence[Path]) -> list[Path]:
    """Return files without those that a command of the page has already converted."""
    names = {file.name for file in files}
    return [
        file
        for file in files
        if names.isdisjoint([f"{file.name}.npz", f"{file.name.removesuffix('.xlsx')}.csv"])
    ]


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
