"""The command line that all stages share, and their guard against edits.

DVC computes the checksums of a stage's dependencies after its command has ended
(treeverse/dvc#11058). After an edit during the run, dvc.lock would hold the new code or
parameters together with the outputs of the old ones. DVC does not record a stage that fails.
"""

import json
import os
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

import click

from digits.messages.errors import UserError, report_os_errors
from digits.messages.terminal import warn
from digits.running import edits
from digits.running.dependencies import read_dependencies, read_values, read_yaml

VERSIONS_FILE = Path("stages/versions.yaml")

# scikit-learn may warn spuriously while several threads fit or apply models. Its threads change
# warnings' global filters, and can see each other's half-changed state. No result changes.
SPURIOUS_WARNING = "`sklearn.utils.parallel.delayed` should be used"


class StageCommand(click.Command):
    """The Click command of a stage. Its name is that of the stage in dvc.yaml.

    Its argument `name` is the name of an entry of params.yaml.

    It refuses to run unless the packages that compute the outputs have the versions of
    stages/versions.yaml, because other versions could change the outputs. It fails if what it
    depends on is edited while it runs. Each error and each warning is one line.
    """

    def invoke(self, ctx: click.Context) -> None:
        """Check the packages, run the stage, check for edits, and print the warnings."""
        if is_script(str(self.name)):
            # Start again with `-m`, so that `stages` can choose how NumPy rounds.
            os.execv(
                sys.executable, [sys.executable, "-m", f"stages.{self.name}", *sys.argv[1:]]
            )
        with report_os_errors(), print_warnings():
            check_package_versions()
            paths, keys = read_dependencies(str(self.name), ctx.params["name"])
            old_files = edits.take_snapshot(paths) | edits.select_code_at_start(paths)
            old_values = read_values(keys)
            super().invoke(ctx)
            edited = edits.find_edited(old_files, edits.take_snapshot(paths))
            values = read_values(keys)
            edited += [file for file, key in keys if values[file, key] != old_values[file, key]]
            if edited:
                raise UserError(
                    f"{edited[0]} was edited while the stage ran, so its outputs may come from "
                    "either version; run it again"
                )


def is_script(name: str) -> bool:
    """Return whether a stage was run as `python stages/NAME.py`, and not with `-m`."""
    script = Path("stages", f"{name}.py")
    has_spec = sys.modules["__main__"].__spec__ is not None
    return not has_spec and Path(sys.argv[0]).resolve() == script.resolve()


@contextmanager
def print_warnings() -> Iterator[None]:
    """Print each warning once, in one line, at the end of the `with` block."""
    with warnings.catch_warnings(record=True, action="always") as caught:
        try:
            yield
        finally:
            lines = [f"{each.category.__name__}: {each.message}" for each in caught]
            for line in dict.fromkeys(lines):  # without repetitions
                if SPURIOUS_WARNING not in line:
                    warn(line)


def check_package_versions() -> None:
    """Check that packages are installed in the versions of stages/versions.yaml."""
    versions = read_yaml(VERSIONS_FILE) if VERSIONS_FILE.exists() else {}
    for package, expected in versions.items():
        installed = find_version(package)
        if installed != expected:
            raise UserError(
                f"{VERSIONS_FILE} needs {package} {expected}, and {installed} is installed; "
                "run `make -B venv`"
            )


def find_version(package: str) -> str:
    """Return the version of a package, or its Git commit if it was installed from one."""
    try:
        installed = distribution(package)
    except PackageNotFoundError:
        return "none"
    # https://packaging.python.org/en/latest/specifications/direct-url/
    origin = json.loads(installed.read_text("direct_url.json") or "{}")
    return origin.get("vcs_info", {}).get("commit_id", installed.version)
