"""The generated pages in docs/reference are up to date, and describe everything."""

import re

import pytest

from digits.commands import list_modules
from docs.tools import reference


def read_sections(page: str) -> list[str]:
    """Return the sections of a page, without commands of packages that are not installed."""
    sections = []
    for section in re.split("^(?=## )", page, flags=re.MULTILINE):
        commands = re.findall("^## digits (.+)", section)
        if list_modules().keys() >= set(commands):
            sections.append(section.rstrip())  # the last one of a page has no lines below it
    return sections


@pytest.mark.parametrize("name", reference.PAGES)
def test_a_page_is_what_make_reference_writes(name: str) -> None:
    page = (reference.FOLDER / name).read_text(encoding="utf-8")
    generated = reference.PAGES[name]()
    assert read_sections(page) == read_sections(generated), "run `make reference`"


def test_every_key_of_params_yaml_has_a_description() -> None:
    keys = reference.list_keys()
    assert len(keys) > 30
    assert not [key.name for key in keys if not key.description]
