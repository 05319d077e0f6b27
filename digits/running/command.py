"""The command line that all stages share, and their guard against edits.

DVC computes the checksums of a stage's dependencies after its command has ended
(treeverse/dvc#11058). After an edit during the run, dvc.lock would hold the new code or
parameters together with the outputs of the old ones. DVC does not record a stage that fails.
"""

import json
import os
import sys
import warnings
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import click
from ruamel.yaml import YAML

from digits.messages.errors import UserError, check_choice, report_os_errors
from digits.messages.terminal import warn
from digits.running import edits
from digits.settings import params_file

DVC_FILE = Path("dvc.yaml")
VERSIONS_FILE = Path("stages/versions.yaml")

# A file of parameters, and a key in it, such as `models.digit-fast.folds`.
Key = tuple[str, str]

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
        with report_os_errors(), print_warnings():
            check_package_versions()
            dependencies, keys = read_declared(str(self.name), ctx.params["name"])
            before = read_values(keys)
            data = edits.stat_data(dependencies)
            super().invoke(ctx)
            now = read_values(keys)
            edited = edits.find_edited_code(dependencies)
            edited += [file for file, key in keys if now[file, key] != before[file, key]]
            changed = data.items() ^ edits.stat_data(dependencies).items()
            edited += sorted({path.as_posix() for path, _ in changed})
            if edited:
                raise UserError(
                    f"{edited[0]} was edited while the stage ran, so its outputs may come from "
                    "either version; run it again"
                )


def is_script() -> bool:
    """Return whether a stage was run as `python stages/train.py`, and not with `-m`."""
    folder = Path(sys.argv[0]).resolve().parent
    return (
        sys.modules["__main__"].__spec__ is None and folder == (edits.ROOT / "stages").resolve()
    )


def read_declared(stage: str, name: str) -> tuple[list[str], list[Key]]:
    """Return the files and folders, and the keys that a stage depends on, as dvc.yaml says.

    DVC itself is not asked, because importing it takes longer than most stages. Its templates
    `${key}` and `${item.KEY}` are filled in here. DVC does not record a stage that is not in
    dvc.yaml, so such a stage has no dependencies.

    Args:
        stage: the name of the stage, such as `train`.
        name: the name of the entry, such as `digit-fast`.
    """
    stages = YAML(typ="safe").load(DVC_FILE)["stages"] if DVC_FILE.exists() else {}
    if stage not in stages:
        return [], []
    section = stages[stage]["foreach"].strip("${}")  # such as `${models}`
    entries = params_file.load().model_dump()[section]
    check_choice(f"{params_file.FILE}: {section}", name, entries)
    template = json.dumps(stages[stage]["do"]).replace("${key}", name)
    for key, value in entries[name].items():
        in_json = json.dumps(str(value))[1:-1]  # without the quotation marks around it
        template = template.replace(f"${{item.{key}}}", in_json)
    declared = json.loads(template)

    keys = []
    for item in declared["params"]:  # a key of params.yaml, or the keys of another file
        keys_by_file = item if isinstance(item, dict) else {str(params_file.FILE): [item]}
        keys += [(file, key) for file, names in keys_by_file.items() for key in names or []]
    return declared["deps"], keys


def read_values(keys: Iterable[Key]) -> dict[Key, Any]:
    """Return the values of keys in files of parameters."""
    contents: dict[str, Any] = {
        str(params_file.FILE): params_file.parse(params_file.read()),
        VERSIONS_FILE.as_posix(): read_versions(),
    }
    values = {}
    for file, key in keys:
        value = contents.get(file)
        for part in key.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        values[file, key] = value
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
    for package, expected in read_versions().items():
        try:
            installed = version(package)
        except PackageNotFoundError:
            installed = "none"
        if installed != expected:
            raise UserError(
                f"{VERSIONS_FILE} pins {package} {expected}, and {installed} is installed; run "
                "`make -B venv`, with EXTRAS=NAME if the extra NAME of pyproject.toml has it"
            )


def read_versions() -> dict[str, str]:
    """Return the pinned versions by the names of the packages."""
    return YAML(typ="safe").load(VERSIONS_FILE) if VERSIONS_FILE.exists() else {}
