"""The command line that all stages share, and their guard against edits.

DVC computes the checksums of a stage's dependencies after its command has ended
(treeverse/dvc#11058). After an edit during the run, dvc.lock would hold the new code or
parameters together with the outputs of the old ones. DVC does not record a stage that fails.
"""

import os
import signal
import sys
import time
import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path
from typing import Any

import click

import digits
from digits.settings import params
from digits.settings.errors import UserError, report_os_errors, warn

ENVIRONMENT_FILE = Path(__file__).parents[1] / "core/environment.txt"
OWN_PACKAGES = {"digits", "stages", "__main__"}  # `__main__` is the script of the stage

# dvc.yaml omits these keys of a model, because they change no output.
NOT_TRACKED = {"description", "tutorial"}


class StageCommand(click.Command):
    """A Click command for a stage, whose argument `name` is an entry of params.yaml.

    It refuses to run unless the packages have their pinned versions, because other versions
    could change the outputs. It fails if its code or its parameters are edited while it runs.
    Each error and each warning is one line.

    Args:
        depends_on: the parts of params.yaml that dvc.yaml declares for the stage: `seed`, or a
            section. Of a section, only the entry of the stage counts.
    """

    def __init__(self, *args: Any, depends_on: Sequence[str] = (), **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.depends_on = depends_on

    def invoke(self, ctx: click.Context) -> None:
        """Check the packages, run the stage, check for edits, and print the warnings."""
        check_package_versions()
        # Let Ctrl-C end the process at once. Python would handle it only after compiled code
        # returns, possibly minutes later.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        with report_os_errors(), print_warnings():
            text = params.read()
            super().invoke(ctx)
            check_modules()
            name = ctx.params["name"]
            if self.select(text, name) != self.select(params.read(), name):
                raise edited_error(params.FILE)

    def select(self, text: str, name: str) -> list[Any]:
        """Return the values in a text of params.yaml that the stage depends on."""
        content = params.parse(text)
        values = []
        for key in self.depends_on:
            value = content.get(key)
            if isinstance(value, dict):  # the section of the stage's entry
                entry = value.get(name) or {}
                value = {item: entry[item] for item in entry if item not in NOT_TRACKED}
            values.append(value)
        return values


@contextmanager
def print_warnings() -> Iterator[None]:
    """Print each warning once, in one line, at the end of the `with` block."""
    with warnings.catch_warnings(record=True, action="always") as caught:
        try:
            yield
        finally:
            lines = [f"{warning.category.__name__}: {warning.message}" for warning in caught]
            for line in dict.fromkeys(lines):  # without repetitions
                warn(line)


def check_package_versions() -> None:
    """Check that the installed packages have the versions that environment.txt pins.

    Raises:
        UserError: a package has another version.
    """
    for line in ENVIRONMENT_FILE.read_text(encoding="utf-8").splitlines():
        package, pinned = line.split("==")
        if version(package) != pinned:
            raise UserError(
                f"{ENVIRONMENT_FILE.name} pins {package} {pinned}, not {version(package)}; "
                "run `make -B venv`"
            )


def check_modules() -> None:
    """Check that no module that this process has imported was edited since the process began.

    An edit that was undone counts, too: the module may have been imported in between.

    Raises:
        UserError: a module was edited. The message names the file.
    """
    for name, module in list(sys.modules.items()):
        file = getattr(module, "__file__", None)
        if name.partition(".")[0] not in OWN_PACKAGES or file is None:
            continue
        edit_time = Path(file).stat().st_mtime
        # A time in the future comes from a wrong clock, not from an edit.
        if digits.IMPORT_TIME <= edit_time <= time.time():
            raise edited_error(os.path.relpath(file))


def edited_error(path: object) -> UserError:
    """Return the error for a file that was edited."""
    return UserError(
        f"{path} was edited while the stage ran, so its outputs may come from either version; "
        "run it again"
    )
