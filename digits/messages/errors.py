"""Errors that the user can fix, warnings, output, and checks of files and of Git."""

import difflib
import re
import sqlite3
import subprocess
import sys
import textwrap
import traceback
from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import click

# Control characters, except tabs and line breaks, and characters that change the direction of a
# text.
CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

MAX_LISTED = 12  # an error lists the valid values if there are at most this many
MAX_CHARACTERS = 200  # the largest length of a list of names in a message

# What to do if a file is damaged.
DAMAGED_FILE_HINT = (
    "delete it, then run `dvc repro`; if it comes back damaged, check the cache "
    "(docs/troubleshooting.md)"
)

# Messages of Python, PyArrow and the system's loader of libraries if memory or threads run out.
LACK_OF_MEMORY = re.compile(
    "can't start new thread|Failed to launch worker thread|failed to map segment"
)


class UserError(click.ClickException):
    """An error that the user can fix.

    Click prints the message in one line, without a traceback, and exits with status 1. In
    Python's development mode, `python -X dev`, the traceback comes first.
    """

    def __init__(self, message: object) -> None:
        super().__init__(to_one_line(message))

    def show(self, file: IO[Any] | None = None) -> None:
        """Print the message."""
        if sys.flags.dev_mode:
            traceback.print_exception(self)
        super().show(file)


def to_one_line(text: object) -> str:
    """Return a text as one line, without unprintable characters, which file names may have."""
    line = " ".join(click.unstyle(str(text)).split())
    return "".join(character for character in line if character.isprintable())


def to_printable(text: str) -> str:
    """Return a text without control characters, such as those that set colours.

    Unlike `to_one_line`, it keeps line breaks.
    """
    return CONTROL_CHARACTERS.sub("", click.unstyle(text))


def echo(text: str = "", *, err: bool = False) -> None:
    """Print a text, which may have names of files and classes that a stranger has chosen."""
    # click.echo would print UTF-8 on a terminal whose encoding is ASCII.
    print(to_printable(text), file=sys.stderr if err else None, flush=True)


def warn(message: object) -> None:
    """Print a message in one line on standard error."""
    echo(to_one_line(message), err=True)


def shorten(names: Sequence[object]) -> str:
    """Return names with commas between them, cut off where they get too long."""
    return textwrap.shorten(", ".join(map(str, names)), MAX_CHARACTERS)


def check_choice(where: str, value: object, choices: Collection[object]) -> None:
    """Check that a value is one of the choices.

    Raises:
        UserError: the value is not among the choices. The message begins with `where`.
    """
    if value not in choices:
        raise unknown_choice_error(where, value, choices)


def unknown_choice_error(where: str, value: object, choices: Collection[object]) -> UserError:
    """Return the error for a value that is not among the choices, with similar choices."""
    for choice in choices:
        if str(choice) == str(value):  # for example '0' instead of 0
            return UserError(f"{where}: write {choice!r}, not {value!r}")
    names = sorted(str(choice) for choice in choices)
    message = f"{where}: there is no {value!r}."
    similar_names = difflib.get_close_matches(str(value), names)
    if similar_names:
        message += f" Did you mean {' or '.join(map(repr, similar_names))}?"
    if len(names) <= MAX_LISTED:
        message += f" Valid: {', '.join(names) or 'none'}."
    return UserError(message)


@contextmanager
def prefix_errors(prefix: object) -> Iterator[None]:
    """Let the message of a UserError begin with `prefix`, which says where the error is."""
    try:
        yield
    except UserError as error:
        raise UserError(f"{prefix}: {error.message}") from None


@contextmanager
def report_os_errors() -> Iterator[None]:
    """Report errors of the system, such as a full disk or too little memory, as UserErrors."""
    try:
        yield
    except BrokenPipeError:
        raise  # Click handles it: a reader, such as `head`, has ended.
    except OSError as error:
        raise UserError(error) from error
    except sqlite3.Error as error:
        raise UserError(
            f"DVC's database cannot be used ({error}); check the free space of the disk and "
            "your quota"
        ) from error
    except RecursionError as error:
        raise UserError(
            "a value is nested too deeply; look for many brackets in params.yaml"
        ) from error
    except (MemoryError, RuntimeError, ImportError) as error:
        reason = str(error) or type(error).__name__
        if not isinstance(error, MemoryError) and not LACK_OF_MEMORY.search(reason):
            raise  # it has another cause
        raise UserError(
            f"too little memory, or too many threads ({reason}); close other programs, or "
            "raise the limits that `ulimit -a` lists"
        ) from error


def check_exists(path: Path) -> None:
    """Check that a file exists.

    Raises:
        UserError: it doesn't. The message names the command that makes it.
    """
    if not path.exists():
        raise UserError(
            f"{path} was not found; `dvc repro` makes it, `dvc pull` fetches what was shared"
        )


def has_repository() -> bool:
    """Return whether this folder, or one above it, has a Git repository."""
    here = Path.cwd()
    return any((folder / ".git").exists() for folder in [here, *here.parents])


def check_git() -> None:
    """Check that Git works in this folder, if it has a Git repository.

    Raises:
        UserError: it does not, for example because another user owns the folder.
    """
    command = ["git", "rev-parse", "--git-dir"]
    if has_repository():
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode != 0:
            raise UserError(done.stderr)  # it has the command that helps
