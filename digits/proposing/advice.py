"""Commands that make files of other formats usable."""

import re
import shlex
from collections.abc import Sequence
from itertools import product
from pathlib import Path
from typing import NamedTuple

from PIL import Image

from digits.data.layout.array_file import CONVERT
from digits.imaging import pictures

N_TRIED = 5  # files of which it is tried whether they are pictures

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
        quoted = shlex.quote(str(folder))
        return (
            f"{install}find {quoted} -type f -name '{pattern}' -exec python -c \"import sys, "
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


def find_advice(place: Path, files: Sequence[Path]) -> str:
    """Return the command that makes some of the files usable, or "" if none is known."""
    for file, (ending, unpack) in product(files, UNPACK.items()):
        if file.name.lower().endswith(ending):
            end = file.name[-len(ending) :]
            folder = shlex.quote(str(file.parent))
            return (
                f'run: (cd {folder} && for f in *{end}; do d="${{f%{end}}}"; mkdir -p "$d" && '
                f'{unpack} && rm "$f"; done)'
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
                f"otherwise {CONVERT}"
            )
    return advise_endings(files) or advise_joining(files)


def advise_endings(files: Sequence[Path]) -> str:
    """Return what to do if files are pictures, but have no ending of one, or ""."""
    others = [file for file in files if file.suffix.lower() not in pictures.SUFFIXES]
    for file in others[:N_TRIED]:
        try:
            with Image.open(file) as image:
                ending = str(image.format).lower()
        except OSError:
            continue
        return (
            f"{file.name} is a picture, but its name does not say so; add the ending .{ending} "
            "to the names of such files"
        )
    return ""


def advise_joining(files: Sequence[Path]) -> str:
    """Return the commands that join tables of labels and tables of pixels, or "".

    A table of labels has a single value in each row, and as many rows as a table of pixels.
    """
    by_length: dict[int, list[Path]] = {}
    widths = {}
    for file in files:
        if file.suffix.lower() == ".csv" and file.exists():  # it may be a link to nowhere
            lines = file.read_bytes().splitlines()
            by_length.setdefault(len(lines), []).append(file)
            widths[file] = lines[0].count(b",") if lines else 0
    commands = []
    for same in by_length.values():
        labels, *pixels = sorted(same, key=widths.__getitem__)
        if len(pixels) == 1 and widths[labels] == 0 < widths[pixels[0]]:
            joined = labels.with_name(f"joined_{pixels[0].name}")
            both = f"{shlex.quote(str(labels))} {shlex.quote(str(pixels[0]))}"
            commands.append(f"paste -d , {both} > {shlex.quote(str(joined))} && rm {both}")
    if not commands:
        return ""
    return f"if one has the classes of the other, join them: {'; '.join(commands)}"


def is_pickle(file: Path) -> bool:
    """Return whether a file is a pickle, by its name or its first bytes."""
    if PICKLES.intersection(file.suffixes):
        return True
    if file.suffix or not file.is_file():
        return False
    with file.open("rb") as opened:
        return PICKLE_MAGIC.match(opened.read(2)) is not None
