"""A page in a real headless Chromium, for the tests of what people look at."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import ConsoleMessage, Page, Request, sync_playwright

NAMES = ["chromium", "chromium-browser", "google-chrome"]
ARGUMENTS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking"]
ARGUMENTS += ["--disable-component-update", "--disable-sync"]
ARGUMENTS += ["--host-resolver-rules=MAP * ~NOTFOUND , EXCLUDE 127.0.0.1"]  # a test never leaves this machine


@dataclass
class Opened:
    """A page, what went wrong in it, and what it asked of others."""

    page: Page
    origin: str
    console_errors: list[str] = field(default_factory=list)  # errors and warnings, with exceptions nobody caught
    outside_requests: list[str] = field(default_factory=list)  # addresses of neither a file nor the page's own server

    def overflow(self) -> int:
        """Return by how many CSS pixels the page is wider than its window; 0 is as it should be."""
        return int(self.page.evaluate("document.documentElement.scrollWidth - document.documentElement.clientWidth"))

    def hindrances(self) -> list[str]:
        """Return what axe finds that hinders who cannot see the page well, or uses no mouse (https://dequeuniversity.com)."""
        violations = Axe().run(self.page).response["violations"]
        return [f"{each['help']}: {node['html'][:200]}" for each in violations for node in each["nodes"]]

    def _heard(self, message: ConsoleMessage) -> None:
        if message.type in {"error", "warning"}:
            self.console_errors.append(message.text)

    def _requested(self, request: Request) -> None:
        own = ("file:", "data:", "blob:", f"{self.origin}/" if self.origin else "file:")
        if not request.url.startswith(own):
            self.outside_requests.append(request.url)


@contextmanager
def page(
    width: int = 1280, height: int = 900, *, dark: bool = False, origin: str = "", scripts: bool = True
) -> Iterator[Opened]:
    """Open an empty page; `origin` is the test's own server (http://127.0.0.1:8000). Skips without Chromium."""
    path = next(filter(None, map(shutil.which, NAMES)), None)
    if path is None:
        pytest.skip("needs Chromium: `apt-get install chromium`, or Chrome on the PATH as google-chrome")
    with sync_playwright() as driver, driver.chromium.launch(executable_path=path, args=ARGUMENTS) as chromium:
        window = chromium.new_page(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            java_script_enabled=scripts,
        )
        opened = Opened(window, origin)
        opened.page.on("console", opened._heard)
        opened.page.on("pageerror", lambda error: opened.console_errors.append(str(error)))
        opened.page.on("request", opened._requested)
        yield opened
