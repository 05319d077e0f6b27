"""The command line that all stages share, and their guard against edits.

DVC computes the checksums of a stage's dependencies after its command has ended
(treeverse/dvc#11058). After an edit during the run, dvc.lock would hold the new code or
parameters together with the outputs of the old ones. DVC does not record a stage that fails.
"""

import re
import signal
import warnings
from collections.abc import Collection, Iterator
from contextlib import contextmanager
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, NamedTuple

import click
from ruamel.yaml import YAML

from digits.core.errors import UserError, check_choice, report_os_errors, warn
from digits.settings import params
from stages import edits

DVC_FILE = Path("dvc.yaml")
VERSIONS_FILE = Path("stages/versions.yaml")

TEMPLATE = re.compile(r"\$\{(.*?)\}")  # what DVC fills in

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
        # Let Ctrl-C end the process at once. Python would handle it only after compiled code
        # returns, possibly minutes later.
        signal.signal(signal.SIGINT, signal.SIG_DFL)
        with report_os_errors(), print_warnings():
            edits.remember_code()  # if the script was run without `-m`
            params_before = params.read()
            dependencies = read_dependencies(str(self.name), ctx.params["name"], params_before)
            check_package_versions(dependencies.packages)
            super().invoke(ctx)
            check_edits(dependencies, params_before)


class Dependencies(NamedTuple):
    """What a stage depends on, as dvc.yaml declares it."""

    paths: list[Path]
    keys: list[str]  # of params.yaml, such as `models.digit-fast.folds`
    packages: list[str]  # whose versions are in stages/versions.yaml


def read_dependencies(stage: str, name: str, params_text: str) -> Dependencies:
    """Return what dvc.yaml declares that a stage depends on for an entry of params.yaml.

    `${key}`, `${item.…}` and keys of params.yaml are filled in as DVC does it. DVC itself is
    not asked, because importing it takes longer than most stages.

    Args:
        stage: the name of the stage, such as `train`. A stage that dvc.yaml does not have has
            no dependencies, because DVC does not record it.
        name: the name of the entry, such as `digit-fast`.
        params_text: the text of params.yaml.

    Raises:
        UserError: there is no such entry, or dvc.yaml has another template, so that a
            dependency would be overlooked.
    """
    if not DVC_FILE.exists():
        return Dependencies([], [], [])
    stages = YAML(typ="safe").load(DVC_FILE).get("stages", {})
    declared = stages.get(stage, {})
    # `foreach: ${models}` repeats what is below `do` for each entry of a section.
    template = declared.get("do", declared)
    section = str(declared.get("foreach", "")).removeprefix("${").removesuffix("}")
    values = params.parse(params_text)
    entries = values.get(section)
    if isinstance(entries, dict):  # otherwise, the stage says what is wrong with the section
        check_choice(f"{params.FILE}: {section}", name, entries)
    values |= {"key": name, "item": find_value(values, f"{section}.{name}")}

    def find_text(template: re.Match[str]) -> str:
        value = find_value(values, template[1].strip())
        if not isinstance(value, str | int | float):
            raise UserError(
                f"{DVC_FILE}: stages.{stage}: {template[0]} is not a key of {params.FILE}; the "
                "guard against edits cannot fill it in"
            )
        return str(value)

    def fill_in(text: str) -> str:
        return TEMPLATE.sub(find_text, text)

    paths = [Path(fill_in(path)) for path in template.get("deps", [])]
    keys = []
    packages: list[str] = []
    for declared_param in template.get("params", []):
        if isinstance(declared_param, str):
            keys.append(fill_in(declared_param))
        else:  # the keys of other files, by their paths
            for path, keys_of_file in declared_param.items():
                paths.append(Path(path))
                if path == str(VERSIONS_FILE):
                    packages += keys_of_file
    return Dependencies(paths, keys, packages)


def find_value(content: dict[str, Any], key: str) -> Any:
    """Return the value of a key such as `models.digit-fast.folds`, or None."""
    value: Any = content
    for part in key.split("."):
        value = value.get(part) if isinstance(value, dict) else None
    return value


def check_edits(dependencies: Dependencies, params_before: str) -> None:
    """Check that neither the code nor the parameters of a stage were edited while it ran.

    Args:
        dependencies: what the stage depends on.
        params_before: the text of params.yaml as it was when the stage began.

    Raises:
        UserError: a file was edited. The message names it.
    """
    edited = edits.find_edited_code(dependencies.paths)
    before, now = params.parse(params_before), params.parse(params.read())
    for key in dependencies.keys:
        if find_value(before, key) != find_value(now, key):
            edited.append(params.FILE)
    if edited:
        raise UserError(
            f"{edited[0]} was edited while the stage ran, so its outputs may come from either "
            "version; run it again"
        )


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


def check_package_versions(packages: Collection[str]) -> None:
    """Check that packages are installed in the versions that stages/versions.yaml pins.

    Raises:
        UserError: a package is not installed, has another version, or is not pinned.
    """
    if not packages:
        return
    pinned = YAML(typ="safe").load(VERSIONS_FILE)
    for package in packages:
        if package not in pinned:
            raise UserError(f"{VERSIONS_FILE} has no version of {package}; run `make lock`")
        expected = f"{VERSIONS_FILE} pins {package} {pinned[package]}"
        try:
            installed = version(package)
        except PackageNotFoundError:
            raise UserError(
                f"{expected}, which is not installed; run `make -B venv`, with EXTRAS=NAME if "
                "the extra NAME of pyproject.toml has it"
            ) from None
        if installed != pinned[package]:
            raise UserError(f"{expected}, not {installed}; run `make -B venv`")
