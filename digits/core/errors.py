"""The command line of a stage, and failures that the user can fix, each reported in one line."""

import difflib
import errno
import re
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import version
from pathlib import Path
from types import ModuleType
from typing import Any

import click

PACKAGE = Path(__file__).resolve().parent.parent
ENVIRONMENT = Path(__file__).with_name("environment.txt")


class PipelineError(click.ClickException):
    """A failure the user can fix. Click prints it in one line, and the script ends with status 1."""

    def __init__(self, message: object) -> None:
        super().__init__("".join(filter(str.isprintable, " ".join(str(message).split()))))


def require_choice(what: str, name: object, valid: Iterable[object]) -> None:
    """Require that `name` is one of `valid`; the PipelineError suggests the nearest, and lists up to twelve."""
    if name not in (names := list(valid)):
        texts = sorted(map(str, names))
        near = " or ".join(map(repr, difflib.get_close_matches(str(name), texts, n=3)))
        hint = f" Did you mean {near}?" * bool(near) + f" Valid: {', '.join(texts)}." * (len(texts) <= 12)
        raise PipelineError(f"{what}: there is no {name!r}.{hint}")


def room(module: str, purpose: str) -> ModuleType:
    """Import a module of a room, a part of this package that can be deleted whole; `purpose` is what needs it."""
    if not (folder := PACKAGE / module.partition(".")[0]).is_dir():
        raise PipelineError(f"{purpose} needs the room {folder.name}; `git restore digits/{folder.name}`")
    return import_module(f"digits.{module}")


class Stage(click.Command):
    """A stage's command; its failures and warnings are a line each."""

    def invoke(self, ctx: click.Context) -> Any:
        """Call the stage; a PipelineError if its packages are not those that environment.txt pins."""
        for name, pinned in re.findall(r"^([\w.-]+)==(\S+)", ENVIRONMENT.read_text(encoding="utf-8"), re.MULTILINE):
            if version(name) != pinned:
                raise PipelineError(f"{ENVIRONMENT.name} pins {name} {pinned}, not {version(name)}; `make -B venv`")
        with warnings.catch_warnings(record=True) as caught, failures_in_one_line():
            warnings.simplefilter("always")
            super().invoke(ctx)
        for message in dict.fromkeys(f"{each.category.__name__}: {each.message}" for each in caught):
            note(message)  # once: every fold gives the same one


@contextmanager
def failures_in_one_line() -> Iterator[None]:
    """Turn an OSError, such as that of a full disk, into a PipelineError."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.EPIPE:  # what reads our output, such as `head`, has closed it: Click handles that
            raise
        raise PipelineError(f"{error.filename}: {error.strerror}" if error.filename else error) from None


def note(message: str) -> None:
    """Print one line on standard error."""
    click.echo(" ".join(message.split()), err=True)
