"""Errors of files and layouts, which their owner can fix."""

import textwrap
from collections.abc import Sequence

MAX_CHARACTERS = 200  # the largest length of a list of names in a message


class LayoutError(Exception):
    """Files that are not as a layout says, or a layout that is not valid.

    Its `message` is one line. `lines` are what there is to say before it, if anything.
    """

    def __init__(self, message: object, lines: Sequence[str] = ()) -> None:
        line = " ".join(str(message).split())
        self.message = "".join(character for character in line if character.isprintable())
        self.lines = lines
        super().__init__(self.message)


def shorten(names: Sequence[object]) -> str:
    """Return names with commas between them, cut off where they get too long."""
    return textwrap.shorten(", ".join(map(str, names)), MAX_CHARACTERS)
