"""A page in a real headless Chromium, for the tests of what people look at."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

LIMIT = 540  # seconds: less than pytest's limit for a test, so that the error names what was waited for
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
ARGUMENTS += ["--disable-component-update", "--disable-sync"]
ARGUMENTS += ["--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"]  # a test never leaves this machine
expect.set_options(timeout=1000 * LIMIT)


def overflow(page: Page) -> int:
    """Return by how many CSS pixels the page is wider than its window; 0 is as it should be."""
    return int(page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))


def new_page(chromium: Browser | None, **options: Any) -> Page:
    """Open an empty page in a window of its own."""
    assert chromium
    page = chromium.new_page(**options)
    page.set_default_timeout(1000 * LIMIT)
    return page


@dataclass
class Opened:
    """A page, what went wrong in it, and what it asked of others."""

    page: Page
    origin: str
    console_errors: list[str] = field(default_factory=list)  # errors and warnings, with exceptions nobody caught
    outside_requests: list[str] = field(default_factory=list)  # addresses of neither a file nor the page's own server

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.console_errors.append(message.text)

    def _requested(self, request: Request) -> None:
        own = ("file:", "data:", "blob:", f"{self.origin}/" if self.origin else "file:")
        if not request.url.startswith(own):
            self.outside_requests.append(request.url)


@contextmanager
def page(origin: str = "", **options: Any) -> Iterator[Opened]:
    """Open an empty page; `origin` is the test's own server (http://127.0.0.1:8000). Skips without Chromium."""
    path = next(filter(None, map(shutil.which, ["chromium", "chromium-browser", "google-chrome"])), None)
    if path is None:
        pytest.skip("needs Chromium: `apt-get install chromium`, or Chrome on the PATH as google-chrome")
    with sync_playwright() as driver, driver.chromium.launch(executable_path=path, args=ARGUMENTS) as chromium:
        opened = Opened(new_page(chromium, **options), origin)
        opened.page.on("console", opened._heard)
        opened.page.on("pageerror", lambda error: opened.console_errors.append(str(error)))
        opened.page.on("request", opened._requested)
        yield opened
