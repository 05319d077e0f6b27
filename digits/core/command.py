"""The command line that all stages share."""

import os
import signal
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from typing import Any

from digits import PARENT_PID
from digits.core.edits import ENVIRONMENT_FILE, fail_if_edited
from digits.core.errors import UserError, report_os_errors, warn

import click

POLL_SECONDS = 0.2


class StageCommand(click.Command):
    """A Click command for a stage.

    It refuses to run unless the packages have their pinned versions, because other versions
    could change the outputs. It fails if its code or its parameters are edited while it runs.
    It prints each error and each warning in one line.
    """

    def invoke(self, ctx: click.Context) -> Any:
        """Run the stage, then print its warnings."""
        check_package_versions()
        # Let Ctrl-C end the process at once. Python would handle it only after compiled code
        # returns, possibly minutes later.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        if "DVC_STAGE" in os.environ:  # DVC has started this process
            threading.Thread(target=end_with_parent, daemon=True).start()
        with report_os_errors(), print_warnings(), fail_if_edited():
            super().invoke(ctx)


def end_with_parent() -> None:
    """Exit when the process that started this one has ended.

    Otherwise a stage whose DVC was killed could write a file while the next run reads it.
    """
    while os.getppid() == PARENT_PID:
        time.sleep(POLL_SECONDS)
    os._exit(1)


def check_package_versions() -> None:
    """Check that the installed packages have the versions that environment.txt pins.

    Raises:
        UserError: a package has another version.
    """
    for line in ENVIRONMENT_FILE.read_text(encoding="utf-8").splitlines():
        if line.startswith("#"):
            continue
        package, pinned = line.split("==")
        try:
            installed = version(package)
        except PackageNotFoundError:
            installed = "none"
        if installed != pinned:
            raise UserError(
                f"{ENVIRONMENT_FILE.name} pins {package} {pinned}, not {installed}; "
                "run `make -B venv`"
            )


@contextmanager
def print_warnings() -> Iterator[None]:
    """Print each distinct warning once, at the end."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            yield
        finally:
            lines = [f"{warning.category.__name__}: {warning.message}" for warning in caught]
            for line in dict.fromkeys(lines):  # without repetitions
                warn(line)
