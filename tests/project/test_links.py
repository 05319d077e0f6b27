"""The links on all pages lead to pages and headings that exist."""

import json
import re
import subprocess
from functools import cache
from pathlib import Path

from tests.helpers import tiny

import pytest

LISTED = ["git", "ls-files", "--cached", "--others", "--exclude-standard"]
TRACKED = subprocess.check_output(LISTED, cwd=tiny.ROOT, text=True).splitlines()
FILES = [Path(name) for name in TRACKED if (tiny.ROOT / name).is_file()]

# The pages that `digits start` writes belong to another project.
PAGES = [
    path for path in FILES if path.suffix in {".md", ".ipynb"} and "templates" not in path.parts
]

LINK = re.compile(r"\[[^\]]*\]\(([^)\s]+)\)", re.DOTALL)
HEADING = re.compile(r"^#{1,6} (.+)$", re.MULTILINE)
CODE_BLOCK = re.compile(r"^ *```.*?^ *```", re.DOTALL | re.MULTILINE)

# The pages and files of each optional component, which are deleted with it.
PAGES_OF_COMPONENTS = {
    "bench": ("docs/benchmarks.md",),
    "digits/handwriting": ("docs/handwriting.md", "docs/handwriting/"),
}

# The address of a page in the code, as in a message or a comment.
PAGE_IN_CODE = re.compile(r"\bdocs/[\w/-]+\.md\b")


def was_deleted(name: str) -> bool:
    """Return whether a page belongs to an optional component that was deleted."""
    for folder, pages in PAGES_OF_COMPONENTS.items():
        if name.startswith(pages) and not (tiny.ROOT / folder).exists():
            return True
    return False


@cache
def read_prose(page: Path) -> str:
    """Return the text of a page, without its code."""
    text = (tiny.ROOT / page).read_text(encoding="utf-8")
    if page.suffix == ".ipynb":
        cells = json.loads(text)["cells"]
        texts = ["".join(cell["source"]) for cell in cells if cell["cell_type"] == "markdown"]
        text = "\n\n".join(texts)
    return CODE_BLOCK.sub("", text)


def list_anchors(page: Path) -> set[str]:
    """Return the anchors of a page's headings, as GitHub makes them."""
    anchors = set()
    for heading in HEADING.findall(read_prose(page)):
        kept = re.sub(r"[^\w\s-]", "", heading.lower())
        anchors.add(kept.strip().replace(" ", "-"))
    return anchors


@pytest.mark.parametrize("page", PAGES, ids=str)
def test_links_lead_to_what_exists(page: Path) -> None:
    for target in LINK.findall(read_prose(page)):
        if re.match("https?:", target):
            continue
        address, _, anchor = target.partition("#")
        linked = page
        if address:
            path = ((tiny.ROOT / page).parent / address).resolve()
            linked = path.relative_to(tiny.ROOT.resolve())
            if was_deleted(linked.as_posix()):
                continue
            assert path.exists(), target
        if anchor:
            assert anchor in list_anchors(linked), target


def test_pages_that_the_code_names_exist() -> None:
    for path in FILES:
        if path.suffix not in {".py", ".yml", ".yaml", ".txt", ".html"} and path.suffix:
            continue
        text = (tiny.ROOT / path).read_text(encoding="utf-8")
        for name in set(PAGE_IN_CODE.findall(text)):
            assert was_deleted(name) or (tiny.ROOT / name).exists(), f"{path} names {name}"
