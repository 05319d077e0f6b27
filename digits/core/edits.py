"""Refuse to record a stage whose code or parameters were edited while it ran.

DVC computes the checksums of a stage's dependencies after its command has ended
(treeverse/dvc#11058). After an edit during the run, dvc.lock would hold the new code or
parameters together with the outputs of the old ones. DVC does not record a stage that fails.
"""

import os
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import digits
from digits.core import params
from digits.core.errors import UserError

from ruamel.yaml import YAML

PROJECT = Path(digits.__file__).parent.parent
ENVIRONMENT_FILE = Path(__file__).with_name("environment.txt")
DVC_FILE = Path("dvc.yaml")

# The clock of a file system may be behind by so many seconds, because it ticks.
CLOCK_TICK = 0.01


@contextmanager
def fail_if_edited() -> Iterator[None]:
    """Check, when a stage has run, that its modules and its parameters are still the same.

    Raises:
        UserError: one of them was edited. The message names the file.
    """
    code = read_code()
    check_not_edited_while_importing(code)
    parameters = declared_parameters()
    values = read_parameters(parameters)
    yield

    for path in imported_files(code):
        if not path.exists() or path.read_bytes() != code[path]:
            raise edited_error(path.relative_to(PROJECT))
    for parameter, value in read_parameters(parameters).items():
        if value != values[parameter]:
            file, _ = parameter
            raise edited_error(file)


def edited_error(path: Path) -> UserError:
    """Return the error for a file that was edited."""
    return UserError(
        f"{path} was edited while the stage ran, so its outputs may come from either version; "
        "run it again"
    )


def read_code() -> dict[Path, bytes]:
    """Return the content of every file of code that a stage could import."""
    modules = [*PROJECT.glob("digits/**/*.py"), *PROJECT.glob("stages/*.py")]
    return {path: path.read_bytes() for path in [ENVIRONMENT_FILE, *modules]}


def imported_files(code: dict[Path, bytes]) -> list[Path]:
    """Return those of the files that this process has imported, and environment.txt."""
    imported = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    return [path for path in code if str(path) in imported or path == ENVIRONMENT_FILE]


def check_not_edited_while_importing(code: dict[Path, bytes]) -> None:
    """Check that no module was edited since this process began to import modules.

    Raises:
        UserError: a module was edited. The message names the file.
    """
    now = time.time()
    for path in imported_files(code):
        edit_time = path.stat().st_mtime
        # A time in the future comes from a wrong clock, not from an edit.
        if digits.IMPORT_TIME - CLOCK_TICK <= edit_time <= now:
            raise edited_error(path.relative_to(PROJECT))


def declared_parameters() -> list[tuple[Path, str]]:
    """Return the parameters that dvc.yaml declares for this stage: a file and a key.

    DVC gives the name of the stage in an environment variable. A stage that is run by hand is
    not recorded, so it needs no check, and the list is empty.
    """
    stage_name = os.environ.get("DVC_STAGE")
    if stage_name is None:
        return []
    # From another folder, DVC puts the path of dvc.yaml and a colon before the name.
    kind, _, name = stage_name.rpartition(":")[2].partition("@")
    stage = YAML(typ="safe").load(DVC_FILE)["stages"][kind]
    definition = stage.get("do", stage)  # `do` is the part below `foreach`
    parameters: list[tuple[Path, str]] = []
    for item in definition.get("params", []):
        # A key of params.yaml, or another file with its keys.
        keys_of_files = item if isinstance(item, dict) else {params.FILE: [item]}
        for file, keys in keys_of_files.items():
            parameters.extend((Path(file), key.replace("${key}", name)) for key in keys)
    return parameters


def read_parameters(parameters: list[tuple[Path, str]]) -> dict[tuple[Path, str], Any]:
    """Return the values of parameters, each a file and a key; None if a key is missing."""
    files = {file for file, _ in parameters}
    contents = {file: params.read_yaml(file.read_text(encoding="utf-8")) for file in files}
    values = {}
    for file, key in parameters:
        value: Any = contents[file]
        for part in key.split("."):
            value = value.get(part) if isinstance(value, dict) else None
        values[file, key] = value
    return values
