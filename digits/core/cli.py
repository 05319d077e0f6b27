"""The command line of a stage: one argument, the name of a block of params.yaml."""

import errno
import re
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from typing import Any

from digits.core.errors import PACKAGE, PipelineError

import click

ENVIRONMENT = PACKAGE.parent / "environment.txt"


class Stage(click.Command):
    """A stage's command; its failures and warnings are a line each."""

    def invoke(self, ctx: click.Context) -> Any:
        """Call the stage; a PipelineError if its packages are not those that environment.txt pins."""
        text = ENVIRONMENT.read_text(encoding="utf-8") if ENVIRONMENT.exists() else ""
        for name, pinned in re.findall(r"^([\w.-]+)==(\S+)", text, re.MULTILINE):
            if version(name) != pinned:
                raise PipelineError(f"{ENVIRONMENT.name} pins {name} {pinned}, not {version(name)}; `make -B venv`")
        with warnings.catch_warnings(record=True) as caught, failures_in_one_line():
            warnings.simplefilter("always")
            super().invoke(ctx)
        for message in dict.fromkeys(f"{each.category.__name__}: {each.message}" for each in caught):
            note(message)  # once: every fold gives the same one


@contextmanager
def failures_in_one_line() -> Iterator[None]:
    """Turn what a file or a disk refuses into a PipelineError."""
    try:
        yield
    except OSError as error:
        if error.errno == errno.EPIPE:  # whoever read our output, such as `head`, has seen enough: Click's to handle
            raise
        raise PipelineError(f"{error.filename}: {error.strerror}" if error.filename else error) from None


def note(message: str) -> None:
    """Print one line on standard error."""
    click.echo(" ".join(message.split()), err=True)
