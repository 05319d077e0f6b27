"""Failures that the user can fix, each reported in one line."""

import difflib
import errno
import re
import stat
from collections.abc import Iterable
from pathlib import Path

NO_MEMORY = ("bad_alloc", "launch worker thread", "start new thread")  # C++, Arrow and Python, when memory runs short


class PipelineError(Exception):
    """A failure the user can fix, reported in one line; the script ends with exit status 1."""

    exit_status = 1


class ParameterError(PipelineError):
    """A wrong value in params.yaml or on the command line; the script ends with exit status 2."""

    exit_status = 2


class Interrupted(BaseException):
    """Ctrl-C. `MLPClassifier` catches Python's own KeyboardInterrupt, stops training and passes for fitted."""


def require_choice(what: str, name: object, valid: Iterable[str]) -> None:
    """Require that `name` is one of `valid`; if not, a ParameterError suggests the nearest and lists all."""
    valid = list(valid)
    if name in valid:
        return
    names = sorted(map(str, valid))
    near = difflib.get_close_matches(str(name)[:100], names, n=1)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    raise ParameterError(f"{what}: there is no {show(name)}.{hint} Valid: {shorten(', '.join(names))}")


def require_regular(path: Path) -> None:
    """Require a file of contents; an OSError if there is none, or a folder, a pipe or a device, which never end."""
    if not stat.S_ISREG(path.stat().st_mode):
        raise OSError(errno.EINVAL, "is no file, but a folder, a pipe or a device", str(path))


def show(value: object) -> str:
    """Return a value's `repr` for an error line, shortened and without passwords."""
    try:
        return shorten(redact(repr(value)), 100)
    except (ValueError, RecursionError):  # a number of 5 000 digits, or lists in lists in lists
        return f"a value of type {type(value).__name__} that is too large to show"


def redact(text: str) -> str:
    """Return a text without the user and the password of the address in it."""
    return re.sub("://.*@", "://…@", text, flags=re.DOTALL)


def printable(text: str) -> str:
    """Return a text whose control characters are escaped, which could steer a terminal."""
    return "".join(each if each.isprintable() else each.encode("unicode_escape").decode() for each in text)


def shorten(text: str, limit: int = 1000) -> str:
    """Truncate a text that is too long for one line."""
    return text if len(text) <= limit else text[: limit - 1] + "…"


def one_line(error: BaseException) -> str:
    """Return what an error says as a short line without control characters."""
    text = " ".join((str(error) or type(error).__name__).split())
    return shorten("".join(filter(str.isprintable, text)), 300)


def out_of_memory(error: BaseException) -> bool:
    """Tell whether an error of whatever type means too little memory, or none left for a thread."""
    return isinstance(error, MemoryError) or any(words in str(error) for words in NO_MEMORY)
