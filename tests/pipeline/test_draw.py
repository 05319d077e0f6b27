"""The page to draw on: the real server, a real browser, and requests that it must refuse."""

import math
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path

import pytest
import requests
from PIL import Image
from playwright.sync_api import Page, expect

from tests import browser, tiny


@contextmanager
def serving(project: Path, model: str, end: signal.Signals = signal.SIGTERM) -> Iterator[str]:
    """Run `python -m tools.draw` until the block ends, and give its address. It must end quietly when told to."""
    command = [sys.executable, "-m", "tools.draw", "--model", model, "--port", "0"]
    process = subprocess.Popen(command, cwd=project, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    try:
        assert process.stdout
        assert process.stderr
        started = re.match(r"(http://127\.0\.0\.1:\d+)/ ", process.stdout.readline())
        assert started, process.stderr.read()
        yield started[1]
        process.send_signal(end)
        _, errors = process.communicate(timeout=10)
        assert (process.returncode, errors) == (0, ""), errors
    finally:
        process.kill()
        process.wait()
        for stream in (process.stdout, process.stderr):
            if stream:
                stream.close()


@pytest.fixture(scope="module")
def server(made: Path) -> Iterator[str]:
    with serving(made, "digit-logreg") as address:
        yield address


def draw_zero(page: Page) -> None:
    """Draw an upright oval with the mouse."""
    box = page.locator("canvas").bounding_box()
    assert box
    for i in range(17):
        angle = -2 * math.pi * i / 16
        x, y = 0.5 + 0.22 * math.sin(angle), 0.5 - 0.34 * math.cos(angle)
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"])
        if i == 0:
            page.mouse.down()
    page.mouse.up()


UPRIGHT, LYING = (45, 20, 55, 80), (20, 45, 80, 55)


def png(bar: tuple[int, int, int, int] | None = UPRIGHT) -> bytes:
    """Return a white picture with a black bar on it, or none."""
    image = Image.new("L", (100, 100), 255)
    if bar:
        image.paste(0, bar)
    content = BytesIO()
    image.save(content, "PNG")
    return content.getvalue()


def post(server: str, content: bytes, kind: str = "image/png", **headers: str) -> requests.Response:
    return requests.post(f"{server}/predict", content, headers={"Content-Type": kind, **headers}, timeout=20)


@pytest.mark.parametrize(("width", "height", "dark"), [(1280, 800, False), (390, 844, True)])
def test_drawing_shows_a_prediction_and_what_the_model_saw(server: str, width: int, height: int, dark: bool) -> None:
    with browser.page(width, height, dark=dark, origin=server) as opened:
        page = opened.page
        page.goto(server)
        expect(page.get_by_role("status")).to_contain_text("Nothing drawn yet.")
        expect(page.get_by_role("banner")).to_contain_text("not calibrated")
        draw_zero(page)
        page.wait_for_selector("#result[aria-busy=false]")
        expect(page.locator("#prediction")).to_have_text(re.compile(r"^\d$"))
        expect(page.get_by_role("status")).to_contain_text("% sure")
        expect(page.locator("dt")).to_have_count(4)
        saw = page.get_by_role("img", name="The drawing in 8 by 8 pixels")
        assert saw.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [8, 8]
        answer, below = page.locator("#result").bounding_box(), page.locator("dl").bounding_box()
        assert answer
        assert below
        assert 0 <= answer["y"] < answer["y"] + answer["height"] <= height  # in sight while drawing
        assert below["x"] + below["width"] <= width
        assert opened.overflow() == 0

        page.get_by_role("button", name="Clear").click()
        expect(page.get_by_role("status")).to_contain_text("Nothing drawn yet.")
        expect(page.locator("dt")).to_have_count(0)
        page.wait_for_timeout(300)  # an answer that was under way does not come back
        expect(page.locator("#prediction")).to_have_text("–")
        assert opened.console_errors == []
        assert opened.outside_requests == []


def test_the_prediction_comes_while_one_draws(server: str) -> None:
    with browser.page(origin=server) as opened:
        opened.page.goto(server)
        box = opened.page.locator("canvas").bounding_box()
        assert box
        opened.page.mouse.move(box["x"] + 200, box["y"] + 100)
        opened.page.mouse.down()
        opened.page.mouse.move(box["x"] + 450, box["y"] + 100, steps=5)
        expect(opened.page.get_by_role("status")).to_contain_text("No digit yet.")
        opened.page.mouse.move(box["x"] + 200, box["y"] + 300, steps=5)
        expect(opened.page.locator("#prediction")).to_have_text(re.compile(r"^\d$"))
        saw = opened.page.locator("figure img")
        before = saw.get_attribute("src")
        opened.page.mouse.move(box["x"] + 350, box["y"] + 300, steps=5)
        expect(saw).not_to_have_attribute("src", str(before))


def test_drawing_by_keys(server: str) -> None:
    with browser.page(origin=server) as opened:
        page = opened.page
        page.goto(server)
        page.keyboard.press("Tab")
        expect(page.locator("canvas")).to_be_focused()
        page.keyboard.press("Space")
        for _ in range(12):
            page.keyboard.press("ArrowDown")
        expect(page.locator("#prediction")).to_have_text(re.compile(r"^\d$"))
        page.keyboard.press("Escape")
        expect(page.locator("#prediction")).to_have_text("–")
        page.keyboard.press("Tab")
        expect(page.get_by_role("button", name="Clear")).to_be_focused()


def test_an_answer(server: str) -> None:
    response = post(server, png())
    assert response.status_code == 200
    [digit] = response.json()["digits"]
    assert digit["digit"] in range(10)
    assert len(digit["runners_up"]) == 3
    chances = [digit["probability"], *(guess["probability"] for guess in digit["runners_up"])]
    assert chances == sorted(chances, reverse=True)
    assert 0 <= chances[-1] <= sum(chances) <= 1.000001
    assert digit["image"].startswith("data:image/png;base64,")
    assert len(digit["box"]) == 4


def test_yes_or_no(made: Path) -> None:
    with serving(made, "five-sgd", end=signal.SIGINT) as address:
        [digit] = post(address, png()).json()["digits"]
    assert digit["label"] in {"5", "not 5"}
    assert {digit["label"], digit["runners_up"][0]["label"]} == {"5", "not 5"}
    assert digit["probability"] + digit["runners_up"][0]["probability"] == pytest.approx(1)


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (b"no image", "image/png", 400),
        (b"", "image/png", 400),
        (png(None), "image/png", 400),
        (png(LYING), "image/png", 400),
        (png()[:60], "image/png", 400),
        (png(), "image/jpeg", 415),
        (png(), "application/x-www-form-urlencoded", 415),
        (bytes(2**20 + 1), "image/png", 413),
        (bytes(5 * 2**20), "image/png", 413),
    ],
)
def test_what_is_no_small_png_is_refused(server: str, content: bytes, kind: str, status: int) -> None:
    response = post(server, content, kind)
    assert response.status_code == status
    if len(content) < 2**21:  # beyond it, waitress has refused before the body was read
        assert response.json()["error"]


@pytest.mark.parametrize(
    "headers",
    [
        {"Host": "example.org"},
        {"Host": "127.0.0.1:1"},
        {"Origin": "http://example.org"},
        {"Origin": "null"},
        {"Origin": "http://127.0.0.1:1"},
    ],
)
def test_other_pages_are_refused(server: str, headers: dict[str, str]) -> None:
    for response in (post(server, png(), **headers), requests.get(server, headers=headers, timeout=20)):
        assert response.status_code == 403
        assert "digits" not in response.json()


def test_its_own_names_and_page_are_answered(server: str) -> None:
    own = server.replace("127.0.0.1", "localhost")
    assert post(server, png(), Host=own.removeprefix("http://"), Origin=own).status_code == 200
    assert post(server, png(), Origin=server).status_code == 200


def test_headers_keep_the_page_to_itself(server: str) -> None:
    for path, status in [("", 200), ("static/draw.js", 200), ("predict", 405), ("index.html", 404)]:
        response = requests.get(f"{server}/{path}", timeout=20)
        assert response.status_code == status
        assert response.headers["Content-Security-Policy"].startswith("default-src 'self';")
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert not [name for name in response.headers if name.lower().startswith("access-control-")]


def test_a_taken_port_and_an_unknown_model_are_one_line(made: Path, server: str) -> None:
    port = server.rsplit(":", 1)[1]
    taken = tiny.run([sys.executable, "-m", "tools.draw", "--model", "digit-logreg", "--port", port], made, status=1)
    assert taken.stderr.startswith(f"draw: error: port {port}: ")
    assert len(taken.stderr.splitlines()) == 1
    unknown = tiny.run([sys.executable, "-m", "tools.draw", "--model", "digit-logrec"], made, status=2)
    assert "'digit-logreg'" in unknown.stderr
    assert len(unknown.stderr.splitlines()) == 1
