"""Recognize errors in code with which users extend this project. They keep their traceback."""

import re
import sysconfig
import traceback
from collections.abc import Iterable
from pathlib import Path

ROOT = Path(__file__).parents[2]  # the folder of dvc.yaml

# The folders to which users of this project add modules (docs/extending.md).
EXTENDED_FOLDERS = [
    ROOT / "digits/data/sources",
    ROOT / "digits/features",
    ROOT / "digits/learning/classifiers",
]

# The folders of Python itself and of the installed packages.
LIBRARY_FOLDERS = [Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib", "platlib")]


def is_in_extension(error: BaseException) -> bool:
    """Return whether an error comes from a module with which users extend this project.

    The last call in its traceback decides, without the calls in libraries. That call must be in
    a folder to which users add modules, or outside this project. If scikit-learn itself raised
    the error, it complains about data or hyperparameters.
    """
    # The traceback is read as text, because joblib keeps only the text of an error in a thread.
    # The text of the thread comes first.
    text = "".join(traceback.format_exception(error))
    in_thread, _, _ = text.partition("\nThe above exception was the direct cause")
    files = [
        Path(file) for file in re.findall(r'^ *File "(.+?)", line', in_thread, re.MULTILINE)
    ]
    if not files or "sklearn" in files[-1].parts:
        return False
    for file in reversed(files):
        is_compiled = not file.is_absolute()
        if not is_compiled and not is_in_folders(file, LIBRARY_FOLDERS):
            return is_in_folders(file, EXTENDED_FOLDERS) or not file.is_relative_to(ROOT)
    return False


def is_in_folders(path: Path, folders: Iterable[Path]) -> bool:
    """Return whether a file or folder lies in one of some folders."""
    return any(path.is_relative_to(folder) for folder in folders)
