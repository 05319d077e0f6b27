"""Open the repository of DVC, and describe its errors to the user."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager

import click
from dvc.exceptions import DvcException
from dvc.repo import Repo


@contextmanager
def open_repository() -> Iterator[Repo]:
    """Open the repository of the working directory, until the `with` block ends.

    An error of DVC in the block becomes a ClickException.
    """
    try:
        with paused_garbage_collection():
            repo = Repo()
        with repo:
            yield repo
    except DvcException as error:
        raise click.ClickException(describe_error(error)) from None


@contextmanager
def paused_garbage_collection() -> Iterator[None]:
    """Let Python not look for garbage among the objects of a `with` block, nor afterwards.

    DVC makes many objects when it reads a project, and uses them until the end. Looking through
    them again and again takes a fourth of the time of a run without work.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()


def describe_error(error: Exception) -> str:
    """Return the message of an error, and that of its cause, as one line."""
    message = str(error) or type(error).__name__
    cause = str(error.__cause__ or "")
    if cause not in message:
        message = f"{message}: {cause}"
    return " ".join(message.split())
