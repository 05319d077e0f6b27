"""The parts of the project: each is named once, and imports only those below it."""

import re
from pathlib import Path

import yaml

from tests.helpers import tiny
from tests.helpers.imports import list_imported_names

PACKAGES = {
    path.parent.name.replace("-", "_") for path in tiny.ROOT.glob("packages/*/README.md")
}
RUNNER = {"digits/commands/repro.py": {"dvc_parallel"}}
PAGE = tiny.ROOT / "docs/read-the-code.md"


def list_imported_packages(path: Path) -> set[str]:
    """Return the packages that a module imports, also inside functions."""
    return {name.partition(".")[0] for name in list_imported_names(path)}


def test_the_table_of_folders_names_every_folder_and_the_stages_that_depend_on_it() -> None:
    text = PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([\w/]+)` \| .+ \| (.+) \|$", text, re.MULTILINE)
    named = {folder: set(re.findall(r"`(\w+)`", stages)) for folder, stages in rows}
    modules = tiny.ROOT.glob("digits/*/*.py")
    folders = {path.parent.relative_to(tiny.ROOT).as_posix() for path in modules}
    assert named.keys() == {"stages", "packages", *folders}
    declared = yaml.safe_load((tiny.ROOT / "dvc.yaml").read_text())["stages"]
    for folder, stages in named.items():
        depending = {
            stage
            for stage, entry in declared.items()
            if any(f"{path}/".startswith(f"{folder}/") for path in entry["do"]["deps"])
        }
        assert stages == depending, folder


def test_the_tables_of_folders_name_every_folder_of_the_repository() -> None:
    cells = re.findall(r"^\| (`.+?`) \| ", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    named = set(re.findall(r"`(.+?)`", " ".join(cells)))
    listed = tiny.run("git ls-files", tiny.ROOT).stdout
    folders = set(re.findall(r"^([^/\n]+)/", listed, re.MULTILINE))
    assert folders <= named | {"digits"}  # the table names the folders in digits


def test_the_pipeline_imports_no_package_but_the_runner() -> None:
    for path in [*tiny.ROOT.glob("digits/**/*.py"), *tiny.ROOT.glob("stages/*.py")]:
        name = path.relative_to(tiny.ROOT).as_posix()
        assert list_imported_packages(path) & PACKAGES == RUNNER.get(name, set()), name
