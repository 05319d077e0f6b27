"""Errors of files and layouts, which their owner can fix."""

import difflib
import textwrap
from collections.abc import Collection, Sequence

MAX_LISTED = 12  # an error lists the valid values if there are at most this many
MAX_CHARACTERS = 200  # the largest length of a list of names in a message


class LayoutError(Exception):
    """Files that are not as a layout says, or a layout that is not valid.

    Its `message` is one line. `lines` are what there is to say before it, if anything.
    """

    lines: Sequence[str] = ()

    def __init__(self, message: object) -> None:
        line = " ".join(str(message).split())
        self.message = "".join(character for character in line if character.isprintable())
        super().__init__(self.message)


def shorten(names: Sequence[object]) -> str:
    """Return names with commas between them, cut off where they get too long."""
    return textwrap.shorten(", ".join(map(str, names)), MAX_CHARACTERS)


def unknown_choice_error(where: str, value: object, choices: Collection[object]) -> LayoutError:
    """Return the error for a value that is not among the choices, with similar choices."""
    for choice in choices:
        if str(choice) == str(value):  # for example '0' instead of 0
            return LayoutError(f"{where}: write {choice!r}, not {value!r}")
    names = sorted(str(choice) for choice in choices)
    message = f"{where}: there is no {value!r}."
    similar_names = difflib.get_close_matches(str(value), names)
    if similar_names:
        message += f" Did you mean {' or '.join(map(repr, similar_names))}?"
    if len(names) <= MAX_LISTED:
        message += f" Valid: {', '.join(names) or 'none'}."
    return LayoutError(message)
