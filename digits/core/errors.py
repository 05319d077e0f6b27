"""Failures that the user can fix, each reported in one line."""

import difflib
from collections.abc import Iterable
from importlib import import_module
from pathlib import Path
from types import ModuleType

import click

PACKAGE = Path(__file__).parent.parent


class PipelineError(click.ClickException):
    """A failure the user can fix. Click prints it in one line, and the script ends with status 1."""

    def __init__(self, message: object) -> None:
        super().__init__("".join(filter(str.isprintable, " ".join(str(message).split()))))


def require_choice(what: str, name: object, valid: Iterable[object]) -> None:
    """Require that `name` is one of `valid`; the PipelineError suggests the nearest, and lists up to twelve."""
    names = list(valid)
    if name in names:
        return
    texts = sorted(map(str, names))
    near = " or ".join(map(repr, difflib.get_close_matches(str(name), texts, n=3)))
    hint = f" Did you mean {near}?" if near else ""
    raise PipelineError(f"{what}: there is no {name!r}.{hint}" + f" Valid: {', '.join(texts)}." * (len(texts) <= 12))


def room(module: str, purpose: str) -> ModuleType:
    """Import a module of a room, a part of this package that can be deleted whole; `purpose` is what needs it."""
    folder = PACKAGE / module.partition(".")[0]
    if not folder.is_dir():
        raise PipelineError(f"{purpose} needs the room {folder.name}; `git restore digits/{folder.name}`")
    return import_module(f"digits.{module}")
