"""Check the words of the project: `python .ci/wording.py` reads .ci/wording.txt.

Each rule of that file has a regular expression, and the words to write instead. The rules are
searched in the prose of all pages and notebooks. The rules of the section `[all]` are searched
in the docstrings of Python files as well, which include the help texts of the commands. Code
and addresses are left out. The script prints every match, and exits with status 1 if there is
one.
"""

import ast
import json
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

WORDS = Path(__file__).with_name("wording.txt")

# What is not prose on a page: blocks of code, code spans, comments, and addresses.
NOT_PROSE = re.compile(
    r"^ *```.*?^ *```|``.+?``|`[^`]+`|<!--.*?-->|\]\([^)]*\)|https?://\S+",
    re.DOTALL | re.MULTILINE,
)


class Rule(NamedTuple):
    """A line of the list of words."""

    pattern: re.Pattern[str]
    replacement: str
    only_pages: bool


def read_rules() -> list[Rule]:
    """Return the rules of .ci/wording.txt."""
    rules = []
    section = ""
    for line in WORDS.read_text(encoding="utf-8").splitlines():
        if not line or line.startswith("#"):
            continue
        if line.startswith("["):
            section = line
            continue
        expression, replacement = line.rsplit(" | ", 1)
        # A phrase may be divided by the end of a line.
        pattern = re.compile(expression.replace(" ", r"\s+"), re.IGNORECASE)
        rules.append(Rule(pattern, replacement, only_pages=section.startswith("[pages]")))
    return rules


def blank(match: re.Match[str]) -> str:
    """Replace code by a letter, but keep its line breaks, so that line numbers stay right."""
    return "x" + "\n" * match[0].count("\n")


def read_page(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the prose of a page, and the number of its first line."""
    yield 1, NOT_PROSE.sub(blank, path.read_text(encoding="utf-8"))


def read_notebook(path: Path) -> Iterator[tuple[int, str]]:
    """Yield the prose of each text cell of a notebook, and the number of the cell."""
    cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
    for number, cell in enumerate(cells, start=1):
        if cell["cell_type"] == "markdown":
            yield number, NOT_PROSE.sub(blank, "".join(cell["source"]))


def read_docstrings(path: Path) -> Iterator[tuple[int, str]]:
    """Yield each docstring of a Python file, and the number of its first line."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef):
            docstring = ast.get_docstring(node, clean=False)
            if docstring is not None:
                yield node.body[0].lineno, NOT_PROSE.sub(blank, docstring)


READERS = {".md": read_page, ".ipynb": read_notebook, ".py": read_docstrings}


def list_files() -> list[Path]:
    """Return the files that Git tracks, or would track, and that have prose."""
    command = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
    names = subprocess.check_output(command, text=True).splitlines()
    paths = [Path(name) for name in names]
    return [path for path in paths if path.suffix in READERS and path.exists()]


def main() -> None:
    """Print every match of a rule."""
    rules = read_rules()
    n_matches = 0
    for path in list_files():
        for first_line, text in READERS[path.suffix](path):
            for rule in rules:
                if rule.only_pages and path.suffix == ".py":
                    continue
                for match in rule.pattern.finditer(text):
                    line = first_line + text.count("\n", 0, match.start())
                    words = " ".join(match[0].split())
                    print(f"{path}:{line}: {words!r}; write: {rule.replacement}")
                    n_matches += 1
    sys.exit(1 if n_matches else 0)


if __name__ == "__main__":
    main()
