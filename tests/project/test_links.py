"""The pages that messages and comments name exist. The links of pages are checked by `make site`."""

import re

from tests.helpers import tiny

# The address of a page in the code, as in a message or a comment.
PAGE = re.compile(r"(?:\bpackages/)?(?:\b[\w-]+/)?\bdocs/[\w/-]+\.md\b")


def was_deleted(page: str) -> bool:
    """Return whether a page belongs to an optional component that was deleted."""
    if page == "docs/benchmarks.md":
        return not (tiny.ROOT / "bench").exists()
    return page.startswith("packages/") and not (tiny.ROOT / page).parents[1].exists()


def test_pages_that_the_code_names_exist() -> None:
    listed = tiny.run("git ls-files --cached --others --exclude-standard", tiny.ROOT).stdout
    for name in listed.splitlines():
        path = tiny.ROOT / name
        if path.suffix in {".py", ".yml", ".yaml", ".txt", ".html", ""} and path.is_file():
            for page in set(PAGE.findall(path.read_text(encoding="utf-8"))):
                places = [tiny.ROOT / page, tiny.ROOT / "packages" / page]
                exists = any(place.exists() for place in places)
                assert was_deleted(page) or exists, f"{name} names {page}"
