"""Errors that the user can fix, and warnings, each printed in one line."""

import difflib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

import click

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
    line = " ".join(str(text).split())
    return "".join(character for character in line if character.isprintable())


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
    """Turn an OSError, such as that of a full disk, into a UserError."""
    try:
        yield
    except BrokenPipeError:
        raise  # the reader of our output, such as `head`, has ended; Click handles this
    except OSError as error:
        raise UserError(error) from None


def check_exists(path: Path) -> None:
    """Check that a file exists.

    Raises:
        UserError: it doesn't. The message names the command that makes it.
    """
    if not path.exists():
        raise UserError(
            f"{path} was not found; `dvc repro` makes it, `dvc pull` fetches what was shared"
        )
