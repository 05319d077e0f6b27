"""Errors that the user can fix, warnings in one line, and all that is printed."""

import difflib
import re
import sys
import sysconfig
import traceback
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

ROOT = Path(__file__).parents[2]  # the folder of dvc.yaml

# The folders to which users of this project add modules (docs/extending.md).
EXTENDED_FOLDERS = [
    ROOT / "digits/data/sources",
    ROOT / "digits/features",
    ROOT / "digits/learning/classifiers",
]

# The folders of Python itself and of the installed packages.
LIBRARY_FOLDERS = [Path(sysconfig.get_path(name)) for name in ("stdlib", "purelib", "platlib")]

# Control characters but tabs and ends of lines, and those that turn the direction of a text.
OBEYED = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

MAX_LISTED = 12  # an error lists the valid values if there are at most this many

# What to do if a file is damaged.
REMEDY = (
    "delete it, then run `dvc repro`; if it comes back damaged, check the cache "
    "(docs/troubleshooting.md)"
)


class UserError(click.ClickException):
    """An error that the user can fix.

    Click prints the message in one line, without a traceback, and exits with status 1.
    """

    def __init__(self, message: object) -> None:
        super().__init__(to_one_line(message))


def to_one_line(text: object) -> str:
    """Return a text as one line, without unprintable characters, which file names may have."""
    line = " ".join(click.unstyle(str(text)).split())
    return "".join(character for character in line if character.isprintable())


def to_printable(text: str) -> str:
    """Return a text without what a terminal obeys, such as colours."""
    return OBEYED.sub("", click.unstyle(text))


def echo(text: str = "", *, err: bool = False) -> None:
    """Print a text, which may have names of files and classes that a stranger has chosen."""
    print(to_printable(text), file=sys.stderr if err else None, flush=True)


def warn(message: object) -> None:
    """Print a message in one line on standard error."""
    click.echo(to_one_line(message), err=True)


def check_choice(where: str, value: object, choices: Iterable[object]) -> None:
    """Check that a value is one of the choices.

    Raises:
        UserError: the value is not among the choices. The message begins with `where`.
    """
    choices = list(choices)
    if value not in choices:
        raise unknown_choice(where, value, choices)


def unknown_choice(where: str, value: object, choices: Iterable[object]) -> UserError:
    """Return the error for a value that is not among the choices, with similar choices."""
    choices = list(choices)
    for choice in choices:
        if str(choice) == str(value):  # for example '0' instead of 0
            return UserError(f"{where}: write {choice!r}, not {value!r}")
    names = sorted(str(choice) for choice in choices)
    message = f"{where}: there is no {value!r}."
    similar = [repr(name) for name in difflib.get_close_matches(str(value), names, n=3)]
    if similar:
        message += f" Did you mean {' or '.join(similar)}?"
    if len(names) <= MAX_LISTED:
        message += f" Valid: {', '.join(names) or 'none'}."
    return UserError(message)


@contextmanager
def report_os_errors() -> Iterator[None]:
    """Turn an OSError, such as that of a full disk, into a UserError.

    An OSError in the code of somebody who extends this project keeps its traceback.
    """
    try:
        yield
    except BrokenPipeError:
        raise  # the reader of our output, such as `head`, has ended; Click handles this
    except OSError as error:
        if is_in_extension(error):
            raise
        raise UserError(error) from None


def is_in_extension(error: BaseException) -> bool:
    """Return whether an error comes from a module with which users extend this project.

    It does if the last call in its traceback that is not one of a library is in a folder to
    which users add modules, or outside this project. If scikit-learn itself raised the error,
    it complains about data or hyperparameters.
    """
    # joblib keeps only the text of the traceback in a thread. It comes first.
    text = "".join(traceback.format_exception(error))
    in_thread, _, _ = text.partition("\nThe above exception was the direct cause")
    files = [
        Path(file) for file in re.findall(r'^ *File "(.+?)", line', in_thread, re.MULTILINE)
    ]
    if not files or "sklearn" in files[-1].parts:
        return False
    # The paths of compiled modules are relative.
    own = [
        file for file in files if file.is_absolute() and not _is_below(file, LIBRARY_FOLDERS)
    ]
    return bool(own) and (
        _is_below(own[-1], EXTENDED_FOLDERS) or not own[-1].is_relative_to(ROOT)
    )


def _is_below(path: Path, folders: Iterable[Path]) -> bool:
    return any(path.is_relative_to(folder) for folder in folders)


def check_exists(path: Path) -> None:
    """Check that a file exists.

    Raises:
        UserError: it doesn't. The message names the command that makes it.
    """
    if not path.exists():
        raise UserError(
            f"{path} was not found; `dvc repro` makes it, `dvc pull` fetches what was shared"
        )
