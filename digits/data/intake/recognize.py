"""Find out what kind of images a folder or file has."""

import re
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

from digits.data.intake.collection import Collection, shorten
from digits.data.sources import NO_FILE, NOT_FOUND, arrays, folder, is_special, table
from digits.imaging import pictures
from digits.settings.errors import UserError

FORMS = (
    "pictures in a subfolder for each class, a CSV or parquet file, .npz, .npy or .mat files, "
    "or IDX files"
)

# The commands that unpack the archive "$f" into the folder "$d".
UNPACK = {
    ".zip": 'unzip -q "$f" -d "$d"',
    **dict.fromkeys([".tar", ".tgz", ".tar.gz", ".tar.bz2", ".tar.xz"], 'tar -xf "$f" -C "$d"'),
    ".rar": 'unrar x "$f" "$d"',
    ".7z": '7z x "$f" -o"$d"',
}


class Conversion(NamedTuple):
    """Python that makes a file of another format usable.

    Attributes:
        imports: the modules that it needs.
        expression: writes what is in the file `f` beside it, in a format that is read.
        package: a package that has to be installed first, or "".
    """

    imports: str
    expression: str
    package: str = ""

    def write_command(self, folder: Path, pattern: str) -> str:
        """Return the command that converts all files in a folder whose name has a pattern."""
        install = f"pip install {self.package} && " if self.package else ""
        return (
            f"{install}find '{folder}' -type f -name '{pattern}' -exec python -c \"import sys, "
            f'{self.imports}; [{self.expression} for f in sys.argv[1:]]" {{}} +'
        )


CONVERSIONS = {
    ".arff": Conversion(
        "pandas as pd, scipy.io.arff",
        "pd.DataFrame(scipy.io.arff.loadarff(f)[0]).map(lambda v: v.decode() if "
        "isinstance(v, bytes) else v).to_csv(f + '.csv', index=False)",
    ),
    ".dcm": Conversion(
        "pydicom, PIL.Image as image",
        "image.fromarray(((a := pydicom.dcmread(f).pixel_array) * (255 / a.max()))"
        ".astype('u1')).save(f[:-4] + '.png')",
        "pydicom",
    ),
    ".h5": Conversion("h5py, numpy as np", "np.savez(f + '.npz', **h5py.File(f))", "h5py"),
    ".jsonl": Conversion(
        "pandas as pd", "pd.read_json(f, lines=True).to_csv(f + '.csv', index=False)"
    ),
    ".xlsx": Conversion(
        "pandas as pd", "pd.read_excel(f).to_csv(f + '.csv', index=False)", "openpyxl"
    ),
}

# A pickle with `data` and `labels`, such as those of CIFAR-10.
UNPICKLE = Conversion(
    "numpy as np, pickle",
    "np.savez(f + '.npz', x=(d := pickle.load(open(f, 'rb'), encoding='latin1'))['data'], "
    "y=d['labels'])",
)
PICKLES = {".pkl", ".pickle", ".pt", ".pth", ".joblib"}
PICKLE_MAGIC = re.compile(rb"\x80[\x02-\x05]")


def find_source(
    place: Path, columns: dict[str, str] | None = None, *, need_classes: bool = True
) -> tuple[str, Path]:
    """Return the kind of source that reads a folder or file, and where its images are.

    A folder that has nothing but one other folder, as that of an archive, is entered. Of
    several kinds, the one that finds the classes of most images is taken.

    Args:
        place: the folder or file.
        columns: the columns that the user has chosen as `class` or `group`.
        need_classes: whether the images must have classes.

    Raises:
        UserError: there are no images, or they are in a form that no source reads. The message
            says how to make them usable.
    """
    if not place.exists():
        raise UserError(f"{place} {NOT_FOUND}")
    if is_special(place):
        raise UserError(f"{place} {NO_FILE}")
    files = [place]
    if place.is_dir():
        place = enter_folders(place)
        files = list(folder.iterate_files(place, may_be_empty=True))
    is_found = {
        "arrays": any(arrays.is_array_file(file) for file in files),
        "table": any(table.is_table_file(file) for file in files),
        "folder": any(map(pictures.is_picture_file, files)),
    }
    kinds = [kind for kind, found in is_found.items() if found]
    if columns and "table" in kinds:
        return "table", place
    advice = find_advice(place, files)
    if len(kinds) == 1 and not (advice and need_classes):
        return kinds[0], place
    n_labelled = {kind: count_labelled(kind, place) for kind in kinds}
    best = max(kinds, key=n_labelled.__getitem__, default="")
    if not best or (advice and need_classes and not n_labelled[best]):
        raise refuse(place, files, advice)
    return best, place


def enter_folders(place: Path) -> Path:
    """Return the folder, or the one inside it that has everything, as that of an archive.

    A folder that has pictures, but no table, is not entered, because its name is a class.
    """
    while True:
        paths = folder.list_visible(place)
        if len(paths) != 1 or not paths[0].is_dir():
            return place
        inner = folder.list_visible(paths[0])
        has_pictures = any(map(pictures.is_picture_file, inner))
        if has_pictures and not any(map(table.is_table_file, inner)):
            return place
        [place] = paths


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
    kind, place = find_source(place, columns, need_classes=False)
    return open_source(kind, place, columns)


def open_source(kind: str, place: Path, columns: dict[str, str] | None = None) -> Collection:
    """Return the images that a kind of source reads.

    Args:
        kind: `table`, `arrays` or `folder`.
        place: the folder or file.
        columns: the columns that the user has chosen as `class` or `group`.

    Raises:
        UserError: they cannot be read.
    """
    if kind == "table":
        return table.open_place(place, columns)
    return arrays.open_place(place) if kind == "arrays" else folder.open_place(place)


def refuse(place: Path, files: Sequence[Path], advice: str) -> UserError:
    """Return the error for files that no source reads, or that have no classes.

    Args:
        place: the folder.
        files: the files in it.
        advice: as `find_advice` returns it.
    """
    if not files:
        return UserError(f"{place} is empty; put your images into it, as they are: {FORMS}")
    listed = shorten([file.relative_to(place) for file in files[:5]])
    return UserError(
        f"{place} has no images with classes that can be read, but {listed}; "
        f"{advice or f'readable are {FORMS}; otherwise {arrays.CONVERT}'}"
    )


def find_advice(place: Path, files: Sequence[Path]) -> str:
    """Return the command that makes some of the files usable, or "" if none is known."""
    for file, (ending, unpack) in product(files, UNPACK.items()):
        if file.name.lower().endswith(ending):
            end = file.name[-len(ending) :]
            return (
                f"run: (cd '{file.parent}' && for f in *{end}; do d=\"${{f%{end}}}\"; mkdir -p "
                f'"$d" && {unpack} && rm "$f"; done)'
            )
    for file in files:
        suffix = file.suffix.lower()
        if suffix in CONVERSIONS:
            return "run: " + CONVERSIONS[suffix].write_command(place, f"*{file.suffix}")
        if is_pickle(file):
            pattern = f"*{file.suffix}" if file.suffix else "*_batch*"  # CIFAR-10
            return (
                "a pickle can run any code, and is not read; if you trust it and it has `data` "
                f"and `labels`, run: {UNPICKLE.write_command(place, pattern)}; "
                f"otherwise {arrays.CONVERT}"
            )
    return ""


def is_pickle(file: Path) -> bool:
    """Return whether a file is a pickle, by its name or its first bytes."""
    if PICKLES.intersection(file.suffixes):
        return True
    if file.suffix or not file.is_file():
        return False
    with file.open("rb") as opened:
        return PICKLE_MAGIC.match(opened.read(2)) is not None
