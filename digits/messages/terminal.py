"""Print texts, which may have names that a stranger has chosen."""

import re
import sys
import textwrap
from collections.abc import Sequence

import click

# Control characters, except tabs and line breaks, and characters that change the direction of a
# text.
CONTROL_CHARACTERS = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]")

MAX_CHARACTERS = 200  # the largest length of a list of names in a message


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
