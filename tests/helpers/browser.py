"""A page in a real headless Chromium, for the tests of what people look at."""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
from playwright.sync_api import Browser, ConsoleMessage, Page, Request, expect, sync_playwright

# In seconds. It is less than pytest's limit for a test, so that the error names what the test
# waited for.
LIMIT = 30
PROGRAMS = ["chromium", "chromium-browser", "google-chrome"]
MISSING = "needs Chromium: `apt-get install chromium`, or Chrome on the PATH as google-chrome"

# The environment variable by which a test without a browser fails. .ci/run sets it.
REQUIRED = "REQUIRE_BROWSER"

ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    # A test never leaves this machine.
    "--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1",
]
expect.set_options(timeout=1000 * LIMIT)


def overflow(page: Page) -> int:
    """Return by how many CSS pixels a page is wider than its window. It should be 0."""
    root = "document.documentElement"
    return int(page.evaluate(f"{root}.scrollWidth - {root}.clientWidth"))


def new_page(chromium: Browser | None, **options: Any) -> Page:
    """Open an empty page in a window of its own."""
    assert chromium
    page = chromium.new_page(**options)
    page.set_default_timeout(1000 * LIMIT)
    return page


@dataclass
class Opened:
    """A page, the errors in it, and its requests to other servers.

    Attributes:
        page: the page.
        origin: the address of the test's own server, or "" for a file.
        console_errors: the errors and warnings of the console, and uncaught exceptions.
        outside_requests: requested addresses of neither a file nor the test's own server.
    """

    page: Page
    origin: str
    console_errors: list[str] = field(default_factory=list)
    outside_requests: list[str] = field(default_factory=list)

    def _add_message(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.console_errors.append(message.text)

    def _add_exception(self, error: Any) -> None:
        self.console_errors.append(str(error))

    def _add_request(self, request: Request) -> None:
        own = ["file:", "data:", "blob:"]
        if self.origin:
            own.append(f"{self.origin}/")
        if not request.url.startswith(tuple(own)):
            self.outside_requests.append(request.url)


@contextmanager
def page(origin: str = "", **options: Any) -> Iterator[Opened]:
    """Open an empty page.

    If Chromium is not installed, skip the test, or let it fail if `REQUIRED` is set.

    Args:
        origin: the address of the test's own server, such as http://127.0.0.1:8000.
        options: of Playwright's `new_page`.
    """
    path = find_chromium()
    if path is None and os.environ.get(REQUIRED):
        pytest.fail(MISSING)
    if path is None:
        pytest.skip(MISSING)
    with (
        sync_playwright() as driver,
        driver.chromium.launch(executable_path=path, args=ARGUMENTS) as chromium,
    ):
        opened = Opened(new_page(chromium, **options), origin)
        opened.page.on("console", opened._add_message)
        opened.page.on("pageerror", opened._add_exception)
        opened.page.on("request", opened._add_request)
        yield opened


def find_chromium() -> str | None:
    """Return the path of Chromium or Chrome, or None."""
    for program in PROGRAMS:
        path = shutil.which(program)
        if path is not None:
            return path
    return None
