"""Errors that the user can fix, warnings, output, and checks of files and of Git."""

import difflib
import re
import sqlite3
import sys
import traceback
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any

import click

from digits.messages.terminal import to_one_line

MAX_LISTED = 12  # an error lists the valid values if there are at most this many

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
    except (MemoryError, RuntimeError, ImportError) as error:
        reason = str(error) or type(error).__name__
        if not isinstance(error, MemoryError) and not LACK_OF_MEMORY.search(reason):
            raise  # it has another cause
        raise UserError(
            f"too little memory, or too many threads ({reason}); close other programs, or "
            "raise the limits that `ulimit -a` lists"
        ) from error


def check_exists(path: Path, *stages: str) -> None:
    """Check that a file exists.

    Raises:
        UserError: it doesn't. The message names the commands that make it or fetch it, with
            these stages.
    """
    if not path.exists():
        words = "".join(f" {stage}" for stage in stages)
        raise UserError(
            f"{path} was not found; `dvc repro{words}` makes it, `dvc pull{words}` fetches "
            "what was shared"
        )


def describe_installation(extra: str) -> str:
    """Return how to install what an extra of pyproject.toml needs, such as `onnx`."""
    return (
        f"run `make -B venv EXTRAS={extra}` or, in a generated project, add `digits[{extra}]` "
        "to `extras` in pyproject.toml, and run `make venv`"
    )
