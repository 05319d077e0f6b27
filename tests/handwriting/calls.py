"""Calls of `digits predict` within the test's own process, which has scikit-learn loaded, and of `digits draw`."""

import contextlib
import io
import re
import signal
import subprocess
from collections.abc import Iterator
from pathlib import Path

from digits.handwriting.commands.predict import command

import segno
from click.testing import CliRunner, Result
from playwright.sync_api import FloatRect, Locator, Page


def predict(project: Path, *arguments: str, status: int = 0, stdin: bytes | None = None) -> Result:
    """Call `digits predict` in a project; `exception` of the result has the error of a call that must fail."""
    with contextlib.chdir(project):
        result = CliRunner().invoke(command, arguments, input=stdin, standalone_mode=False)
    assert result.exit_code == status, result.output + repr(result.exception)
    return result


@contextlib.contextmanager
def serving(project: Path, model: str, *arguments: str | Path, end: signal.Signals = signal.SIGTERM) -> Iterator[str]:
    """Run `digits draw` until the block ends, and give its address. It must end quietly when told to.

    With `--host` it prints its address as a QR code, too.
    """
    command = ["digits", "draw", "--model", model, "--port", "0", *arguments]
    with subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout
            assert process.stderr
            started = re.match(r"(http://[\d.]+:\d+/[\w-]{43})/ ", process.stdout.readline())
            assert started
            yield started[1]
            process.send_signal(end)
            output, errors = process.stdout.read(), process.stderr.read()  # `communicate` loses what is buffered
            code = io.StringIO()
            if "--host" in arguments:
                segno.make_qr(f"{started[1]}/").terminal(code, compact=True)
            assert (process.wait(timeout=60), errors, output) == (0, "", code.getvalue())
        finally:
            process.kill()


def box(place: Locator) -> FloatRect:
    found = place.bounding_box()
    assert found, "not visible"
    return found


def draw(page: Page, *points: tuple[float, float]) -> None:
    """Draw a line with the mouse, by shares of the canvas; the button stays down."""
    paper = box(page.locator("canvas"))
    for i, (x, y) in enumerate(points):
        page.mouse.move(paper["x"] + x * paper["width"], paper["y"] + y * paper["height"], steps=3)
        if i == 0:
            page.mouse.down()


def stroke(page: Page, *points: tuple[float, float]) -> None:
    draw(page, *points)
    page.mouse.up()
