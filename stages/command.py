"""The command line that all stages share, and their guard against edits.

DVC computes the checksums of a stage's dependencies after its command has ended
(treeverse/dvc#11058). After an edit during the run, dvc.lock would hold the new code or
parameters together with the outputs of the old ones. DVC does not record a stage that fails.
"""

import os
import signal
import sys
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import click
from ruamel.yaml import YAML

from digits.messages.errors import UserError, check_choice, report_os_errors, warn
from digits.settings import params
from stages import edits

DVC_FILE = Path("dvc.yaml")
VERSIONS_FILE = Path("stages/versions.yaml")

# scikit-learn may warn spuriously while several threads fit or apply models. Each of its
# threads replaces the filters of warnings, which all threads share, and warns if they are empty
# at that moment. No result depends on it.
SPURIOUS_WARNING = "`sklearn.utils.parallel.delayed` should be used"


class StageCommand(click.Command):
    """The Click command of a stage. Its name is that of the stage in dvc.yaml.

    Its argument `name` is the name of an entry of params.yaml.

    It refuses to run unless the packages that compute the outputs have their pinned versions,
    because other versions could change the outputs. It fails if its code or its parameters are
    edited while it runs. Each error and each warning is one line.
    """

    def invoke(self, ctx: click.Context) -> None:
        """Check the packages, run the stage, check for edits, and print the warnings."""
        if is_script():
            # Start again with `-m`, so that `stages` can choose how NumPy rounds.
            os.execv(
                sys.executable, [sys.executable, "-m", f"stages.{self.name}", *sys.argv[1:]]
            )
        # Let Ctrl-C end the process at once. Python would handle it only after compiled code
        # returns, possibly minutes later.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        with report_os_errors(), print_warnings():
            check_package_versions()
            declared = read_declared(str(self.name), ctx.params["name"])
            before = read_values(declared)
            super().invoke(ctx)
            edited = edits.find_edited_code(declared["deps"])
            if read_values(declared) != before:
                edited.append(params.FILE)
            if edited:
                raise UserError(
                    f"{edited[0]} was edited while the stage ran, so its outputs may come from "
                    "either version; run it again"
                )


def is_script() -> bool:
    """Return whether a stage was run as `python stages/train.py`, and not with `-m`."""
    folder = Path(sys.argv[0]).resolve().parent
    return (
        sys.modules["__main__"].__spec__ is None and folder == Path(__file__).resolve().parent
    )


def read_declared(stage: str, name: str) -> dict[str, list[str]]:
    """Return the `deps` and the keys of params.yaml that a stage has in dvc.yaml.

    DVC itself is not asked, because importing it takes longer than most stages. Its templates
    `${key}` and `${item.KEY}` are filled in here. A stage that dvc.yaml does not have has no
    dependencies, because DVC does not record it.

    Args:
        stage: the name of the stage, such as `train`.
        name: the name of the entry, such as `digit-fast`.
    """
    stages = YAML(typ="safe").load(DVC_FILE)["stages"] if DVC_FILE.exists() else {}
    if stage not in stages:
        return {"deps": [], "params": []}
    section = stages[stage]["foreach"].strip("${}")
    entries = params.parse(params.read()).get(section)
    entry = {}
    if isinstance(entries, dict):  # otherwise, the stage says what is wrong with the section
        check_choice(f"{params.FILE}: {section}", name, entries)
        entry = entries[name]
    texts = {"${key}": name} | {f"${{item.{key}}}": str(value) for key, value in entry.items()}

    def fill_in(text: str) -> str:
        for template, value in texts.items():
            text = text.replace(template, value)
        return text

    template = stages[stage]["do"]
    keys = [key for key in template["params"] if isinstance(key, str)]
    files = [path for key in template["params"] if isinstance(key, dict) for path in key]
    return {
        "deps": [fill_in(path) for path in [*template["deps"], *files]],
        "params": [fill_in(key) for key in keys],
    }


def read_values(declared: dict[str, list[str]]) -> list[Any]:
    """Return the values in params.yaml of the keys that a stage depends on."""
    content = params.parse(params.read())
    values = []
    for key in declared["params"]:
        value: Any = content
        for part in key.split("."):  # such as `models.digit-fast.folds`
            value = value.get(part) if isinstance(value, dict) else None
        values.append(value)
    return values


@contextmanager
def print_warnings() -> Iterator[None]:
    """Print each warning once, in one line, at the end of the `with` block."""
    with warnings.catch_warnings(record=True, action="always") as caught:
        try:
            yield
        finally:
            lines = [
                f"{warning.category.__name__}: {warning.message}"
                for warning in caught
                if not str(warning.message).startswith(SPURIOUS_WARNING)
            ]
            for line in dict.fromkeys(lines):  # without repetitions
                warn(line)


def check_package_versions() -> None:
    """Check that packages are installed in the versions that stages/versions.yaml pins."""
    pinned = YAML(typ="safe").load(VERSIONS_FILE) if VERSIONS_FILE.exists() else {}
    for package, expected in pinned.items():
        try:
            installed = version(package)
        except PackageNotFoundError:
            installed = "none"
        if installed != expected:
            raise UserError(
                f"{VERSIONS_FILE} pins {package} {expected}, and {installed} is installed; run "
                "`make -B venv`, with EXTRAS=NAME if the extra NAME of pyproject.toml has it"
            )
