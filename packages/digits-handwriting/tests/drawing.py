"""`digits draw`, and its page drawn on by a mouse."""

import io
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import segno
from playwright.sync_api import FloatRect, Locator, Page

from tests.helpers.processes import Running


@contextmanager
def serving(
    project: Path, model: str, options: str = "", *, end: signal.Signals = signal.SIGTERM
) -> Iterator[str]:
    """Run `digits draw`, give its address, and end it, which must be quiet but for the QR code of `--host`."""
    with Running(f"digits draw --model {model} --port 0 {options}", project) as server:
        [address] = re.findall(r"^(http://[\d.]+:\d+/[\w-]{43})/ ", server.wait_for_line(""))
        yield address
        code = io.StringIO()
        if "--host" in options:
            segno.make_qr(f"{address}/").terminal(code, compact=True)
        assert (server.end(end), server.wait()) == (code.getvalue(), 0)


def box(place: Locator) -> FloatRect:
    found = place.bounding_box()
    assert found, "not visible"
    return found


def draw(page: Page, *points: tuple[float, float]) -> None:
    """Draw a line with the mouse, by shares of the canvas; the button stays down."""
    paper = box(page.locator("canvas"))
    for i, (x, y) in enumerate(points):
        page.mouse.move(
            paper["x"] + x * paper["width"], paper["y"] + y * paper["height"], steps=3
        )
        if i == 0:
            page.mouse.down()


def stroke(page: Page, *points: tuple[float, float]) -> None:
    draw(page, *points)
    page.mouse.up()
