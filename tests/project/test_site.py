"""The site that `make site` builds from the pages: complete, searchable, and without requests."""

import subprocess
import sys
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, ViewportSize, expect

from tests.helpers import browser, tiny

pytestmark = pytest.mark.slow

PAGES = ["README.html", "docs/team.html", "docs/reference/params.html"]
SIZES: list[ViewportSize] = [{"width": 1280, "height": 900}, {"width": 360, "height": 800}]
SEARCHED = ["ConvergenceWarning", "shape", "digits compare"]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the folder of the site. A dead link on a page fails its build."""
    pytest.importorskip("sphinx", reason="`make site` installs Sphinx")
    project = tmp_path_factory.mktemp("site") / "project"
    tiny.copy_repository(project)
    (project / "report.html").write_text("<!doctype html>", encoding="utf-8")
    build = [sys.executable, "-m", "sphinx", "--quiet", "--fail-on-warning", "--keep-going"]
    arguments = ["--conf-dir", "docs/site", ".", "build/site"]
    subprocess.run([*build, *arguments], cwd=project, check=True)
    return project / "build/site"


def find_serious_violations(page: Page) -> list[str]:
    """Return what axe finds on a page that hinders people seriously."""
    # The styles are in files, which axe cannot load again without a server.
    found = Axe().run(page, options={"preload": False}).response["violations"]
    return [each["id"] for each in found if each["impact"] in {"serious", "critical"}]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_pages_fit_the_window_and_ask_no_other_server(site: Path, scheme: str) -> None:
    with browser.page(color_scheme=scheme) as opened:
        for name in PAGES:
            for size in SIZES:
                opened.page.set_viewport_size(size)
                opened.page.goto((site / name).as_uri())
                assert browser.overflow(opened.page) == 0
                assert find_serious_violations(opened.page) == [], name
    assert opened.outside_requests == []
    assert opened.console_errors == []


def test_the_search_finds_pages(site: Path) -> None:
    with browser.page() as opened:
        for words in SEARCHED:
            opened.page.goto(f"{(site / 'search.html').as_uri()}?q={words}")
            first_result = opened.page.locator("#search-results li a").first
            first_result.click()
            expect(opened.page.get_by_role("main")).to_contain_text(words)
    assert opened.outside_requests == []


def test_the_first_page_leads_to_the_report(site: Path) -> None:
    with browser.page() as opened:
        opened.page.goto((site / "index.html").as_uri())
        opened.page.wait_for_url("**/README.html")
        opened.page.get_by_role("link", name="Example report").click()
        opened.page.wait_for_url("**/report.html")
