"""Errors of files and layouts, which their owner can fix."""

import textwrap
from collections.abc import Sequence
from typing import Any

MAX_CHARACTERS = 200  # the largest length of a list of names in a message


class LayoutError(Exception):
    """Files that are not as a layout says, or a layout that is not valid.

    Attributes:
        message: one line.
        lines: what there is to say before it, if anything.
        readings: the ways in which files can be read, if there are several. Each has a `layout`
            and, as a table, `rows`, and `questions`, which say why it is not certain.
    """

    def __init__(
        self, message: object, lines: Sequence[str] = (), readings: Sequence[Any] = ()
    ) -> None:
        line = " ".join(str(message).split())
        self.message = "".join(character for character in line if character.isprintable())
        self.lines = lines
        self.readings = readings
        super().__init__("\n".join([*lines, self.message]))


def shorten(names: Sequence[object]) -> str:
    """Return names with commas between them, cut off where they get too long."""
    return textwrap.shorten(", ".join(map(str, names)), MAX_CHARACTERS)
