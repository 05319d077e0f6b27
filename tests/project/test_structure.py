"""The parts of the project: each is named once, and imports only those below it."""

import ast
import re
from pathlib import Path

from tests.helpers import tiny

PACKAGES = {
    path.parent.name.replace("-", "_") for path in tiny.ROOT.glob("packages/*/README.md")
}
RUNNER = {"digits/commands/repro.py": {"dvc_parallel"}}
CORE_OF_LAYOUTS = tiny.ROOT / "packages/image-layouts/image_layouts"


def list_imports(path: Path) -> set[str]:
    """Return the packages that a module imports, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module.split(".")[0])
    return found


def test_the_table_in_contributing_names_every_folder() -> None:
    text = (tiny.ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    named = re.findall(r"^\| `([\w/-]+)` \|", text, re.MULTILINE)
    files = [*tiny.ROOT.glob("digits/*/*.py"), *tiny.ROOT.glob("packages/*/pyproject.toml")]
    found = {path.parent.relative_to(tiny.ROOT).as_posix() for path in files}
    others = ["bench", "docs", "stages", "tests"]
    assert sorted(named) == sorted([*found, *others])


def test_the_pipeline_imports_no_package_but_the_runner() -> None:
    for path in [*tiny.ROOT.glob("digits/**/*.py"), *tiny.ROOT.glob("stages/*.py")]:
        name = path.relative_to(tiny.ROOT).as_posix()
        assert list_imports(path) & PACKAGES == RUNNER.get(name, set()), name


def test_the_core_of_image_layouts_imports_nothing_of_the_pipeline() -> None:
    modules = [path for path in CORE_OF_LAYOUTS.rglob("*.py") if "pipeline" not in path.parts]
    assert len(modules) > 10
    for path in modules:
        assert not list_imports(path) & {"click", "digits", "dvc", "sklearn"}, path
