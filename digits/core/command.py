"""The command line that all stages share."""

import signal
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

from digits.core.errors import PipelineError, warn

import click

ENVIRONMENT_FILE = Path(__file__).with_name("environment.txt")


class StageCommand(click.Command):
    """A Click command for a stage.

    It refuses to run unless the packages have their pinned versions, because others could
    change the outputs. It prints each error and each warning in one line.
    """

    def invoke(self, ctx: click.Context) -> Any:
        """Run the stage, then print its warnings."""
        check_package_versions()
        # Let Ctrl-C end the process at once. Python would handle it only after compiled code
        # returns, possibly minutes later.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        with report_os_errors(), print_warnings():
            super().invoke(ctx)


def check_package_versions() -> None:
    """Check that the installed packages have the versions that environment.txt pins.

    Raises:
        PipelineError: a package has another version.
    """
    for line in ENVIRONMENT_FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        package, pinned = line.split("==")
        installed = version(package)
        if installed != pinned:
            raise PipelineError(
                f"{ENVIRONMENT_FILE.name} pins {package} {pinned}, not {installed}; "
                "run `make -B venv`"
            )


@contextmanager
def print_warnings() -> Iterator[None]:
    """Print each different warning once, at the end."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield
        finally:
            lines = [f"{warning.category.__name__}: {warning.message}" for warning in caught]
            for line in dict.fromkeys(lines):  # without repetitions
                warn(line)


@contextmanager
def report_os_errors() -> Iterator[None]:
    """Turn an OSError, such as that of a full disk, into a PipelineError."""
    try:
        yield
    except BrokenPipeError:  # the reader of our output, such as `head`, has ended; Click exits
        raise
    except OSError as error:
        if error.filename is None:
            raise PipelineError(error) from None
        raise PipelineError(f"{error.filename}: {error.strerror}") from None
