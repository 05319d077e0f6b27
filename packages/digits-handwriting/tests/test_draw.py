"""The page to draw on: the real server, a real browser, and requests that it must refuse."""

import io
import math
import os
import re
import signal
import socket
import stat
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import requests
from PIL import Image
from playwright.sync_api import Page, expect

from digits.fetching.conversion import make_images
from digits.messages.errors import UserError
from digits.settings.params import DatasetParams
from digits_handwriting import source as handwriting
from digits_handwriting.commands.draw import ADDRESS, local_address
from digits_handwriting.drawings import Drawings
from drawing import box, draw, serving, stroke
from tests.helpers import browser, tiny
from tests.helpers.browser import LIMIT, overflow
from tests.helpers.processes import full_disk

DIGIT = re.compile(r"^\d$")
PNG = {"Content-Type": "image/png"}
PHONE = {"width": 390, "height": 664}  # what its browser leaves of 844


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keeper") / "own"


@pytest.fixture(scope="module")
def server(made: Path, folder: Path) -> Iterator[str]:
    with serving(made, "digit-logreg", f"--keep {folder}", end=signal.SIGINT) as address:
        yield address


@pytest.fixture
def _refused(server: str, folder: Path) -> Iterator[None]:
    """Nothing is kept or deleted by the test."""
    assert post(server, png(), path="kept/1").status_code == 200
    before = kept(folder.parent)
    yield
    assert kept(folder.parent) == before


ANGLES = [-2 * math.pi * i / 16 for i in range(17)]
ZERO = [(0.5 + 0.22 * math.sin(angle), 0.5 - 0.34 * math.cos(angle)) for angle in ANGLES]


def test_drawing_shows_a_prediction_and_what_the_model_saw(server: str) -> None:
    with browser.page(server, viewport=PHONE, color_scheme="dark") as opened:
        page = opened.page
        page.goto(f"{server}/")
        expect(page.get_by_role("status")).to_contain_text("Nothing drawn yet.")
        expect(page.get_by_role("banner")).to_contain_text("not calibrated")
        draw(page, (0.3, 0.2), (0.7, 0.2))
        expect(page.get_by_role("status")).to_contain_text("No digit yet.")
        draw(page, (0.3, 0.6))
        expect(page.locator("#prediction")).to_have_text(DIGIT)  # while one draws
        page.mouse.up()
        page.get_by_role("button", name="Clear").click()

        stroke(page, *ZERO)
        zero = page.evaluate("canvas.toDataURL()")
        stroke(page, (0.1, 0.1), (0.9, 0.9))
        page.keyboard.press("Control+z")
        assert page.evaluate("canvas.toDataURL()") == zero
        expect(page.locator("#prediction")).to_have_text(DIGIT)
        page.wait_for_selector("#result[aria-busy=false]")
        expect(page.get_by_role("status")).to_contain_text("predicted (")
        shares = page.locator("dd").all_text_contents()
        assert 2 <= len(shares) <= 5
        assert shares.count("< 1 %") <= 1
        saw = page.get_by_role("img", name="The drawing in 8 by 8 pixels")
        assert saw.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [8, 8]
        expect(page.locator("#result")).to_be_in_viewport(ratio=1)  # while drawing
        the_digit_has_a_box_and_its_label(page)
        assert overflow(page) == 0

        page.get_by_role("button", name="Clear").click()
        expect(page.get_by_role("status")).to_contain_text("Nothing drawn yet.")
        expect(page.locator("dt")).to_have_count(0)
        expect(page.locator("#marks *")).to_have_count(0)
        page.wait_for_selector(
            "#result[aria-busy=false]"
        )  # what was under way does not come back
        expect(page.locator("#prediction")).to_be_empty()

        page.reload()
        page.keyboard.press("Tab")
        expect(page.locator("canvas")).to_be_focused()
        page.keyboard.press("Space")
        for _ in range(12):
            page.keyboard.press("ArrowDown")
        expect(page.locator("#prediction")).to_have_text(DIGIT)
        page.keyboard.press("Control+z")
        expect(page.locator("#prediction")).to_be_empty()
        assert [
            error for error in opened.console_errors if "400 (BAD REQUEST)" not in error
        ] == []  # "No digit yet."
        assert opened.outside_requests == []
        a_finger_draws_on_a_phone_and_the_answer_is_in_sight(opened)


def the_digit_has_a_box_and_its_label(page: Page) -> None:
    paper = box(page.locator("canvas"))
    frame = box(page.locator("#marks div"))
    left = (frame["x"] - paper["x"]) / paper["width"]
    top = (frame["y"] - paper["y"]) / paper["height"]
    right = left + frame["width"] / paper["width"]
    bottom = top + frame["height"] / paper["height"]
    pen = 1 / 24  # half of its width; the box is 3 of 480 pixels around the ink
    around = [0.28 - pen, 0.16 - pen, 0.72 + pen, 0.84 + pen]
    assert [left, top, right, bottom] == pytest.approx(around, abs=0.02)
    prediction = page.locator("#prediction").text_content()
    assert page.locator("#marks span").all_text_contents() == [prediction]


def a_finger_draws_on_a_phone_and_the_answer_is_in_sight(opened: browser.Opened) -> None:
    page = browser.new_page(
        opened.page.context.browser, viewport=PHONE, has_touch=True, is_mobile=True
    )
    page.goto(f"{opened.origin}/")
    paper = box(page.locator("canvas"))
    finger = page.context.new_cdp_session(page)
    for kind, points in [
        ("touchStart", ZERO[:1]),
        *[("touchMove", [each]) for each in ZERO],
        ("touchEnd", []),
    ]:
        places = [
            {"x": paper["x"] + x * paper["width"], "y": paper["y"] + y * paper["height"]}
            for x, y in points
        ]
        finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})
    expect(page.locator("#prediction")).to_have_text(DIGIT)
    answer, tools, labels = (
        box(page.locator(each)) for each in ("#result", "#tools", "#labels")
    )
    assert paper["y"] + paper["height"] <= answer["y"] < tools["y"] < labels["y"]
    assert tools["y"] + tools["height"] <= PHONE["height"]
    assert page.evaluate("scrollY") == overflow(page) == 0
    expect(page.locator("#keys")).to_be_hidden()  # there is no keyboard
    page.get_by_role("button", name="Undo").tap()
    expect(page.locator("#sure")).to_have_text("Nothing drawn yet.")


def kept(folder: Path) -> list[str]:
    return [
        path.relative_to(folder).as_posix()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    ]


@pytest.mark.slow
def test_drawings_are_kept_by_key_and_button_and_become_a_dataset(
    made: Path, tmp_path: Path
) -> None:
    folder = tmp_path / "own"
    keeping = serving(made, "digit-logreg", f"--keep {folder}")
    with (
        keeping as address,
        browser.page(address, viewport={"width": 400, "height": 850}) as opened,
    ):
        page = opened.page
        page.goto(f"{address}/")
        said = page.locator("#kept")
        page.keyboard.press("3")
        expect(said).to_have_text("Nothing is drawn.")
        stroke(page, *ZERO)
        page.keyboard.press("7")  # a slip
        expect(said).to_have_text("Kept as 7/0001.png.")
        expect(page.locator("#prediction")).to_be_empty()
        assert kept(folder) == ["7/0001.png"]
        (folder / "7/0001.png").unlink()
        (folder / "7").rmdir()
        stroke(page, *ZERO)
        page.keyboard.press("0")
        stroke(page, (0.5, 0.2), (0.5, 0.7))  # at once, while the zero is being written
        page.get_by_role("button", name="Keep as 1").click()
        expect(page.locator("#total")).to_have_text("2")
        assert page.locator("#labels small").all_text_contents() == [*"1100000000"]

        stroke(page, (0.2, 0.2), (0.2, 0.7))
        stroke(page, (0.8, 0.2), (0.8, 0.7))
        page.keyboard.press("1")
        expect(said).to_have_text(
            "Not kept: 2 digits are in the picture; make a picture of each"
        )
        expect(page.locator("dl")).to_have_count(2)  # they are on the paper again
    assert kept(folder) == ["0/0001.png", "1/0002.png"]
    block = DatasetParams.model_validate(
        {**tiny.dataset({"handwriting": str(folder)}), "shape": [28, 28], "pixel_max": 255}
    )
    images = make_images(handwriting.source.open(str(folder), block), block)
    assert images.table["class"].tolist() == [0, 1]


def png(*, blank: bool = False) -> bytes:
    """Return a white picture, with an upright black bar on it unless it is to be blank."""
    image = Image.new("L", (100, 100), 255)
    if not blank:
        image.paste(0, (45, 20, 55, 80))
    content = io.BytesIO()
    image.save(content, "PNG")
    return content.getvalue()


def post(
    server: str, content: bytes, path: str = "predict", **headers: str
) -> requests.Response:
    return requests.post(f"{server}/{path}", content, headers=PNG | headers, timeout=LIMIT)


@pytest.mark.usefixtures("_refused")
@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (png(blank=True), "image/png", 400),
        (png()[:60], "image/png", 400),
        (png(), "text/plain", 415),
    ],
)
def test_what_is_no_small_png_is_refused(
    server: str, content: bytes, kind: str, status: int
) -> None:
    for path in ("predict", "kept/3"):
        response = post(server, content, path, **{"Content-Type": kind})
        assert (response.status_code, list(response.json())) == (status, ["error"])
        assert post(server, bytes(2**20 + 1), path).status_code == 413


@pytest.mark.usefixtures("_refused")
def test_other_pages_and_those_without_the_token_are_refused(server: str) -> None:
    port, _, token = server.rpartition("/")
    origins = ("http://example.org", "null", "http://127.0.0.1:1")
    others = [{"Host": "example.org"}, *({"Origin": each} for each in origins)]
    cases = [(server, headers, 400 if "Host" in headers else 403) for headers in others]
    wrong = (
        port,
        f"{port}/{token[:-1]}",
        f"{port}/{token}x",
        f"{port}/\u0663",
        f"{port}/static",
    )
    cases += [(address, {}, 403) for address in wrong]
    paths = [
        ("GET", ""),
        ("GET", "static/draw.js"),
        ("POST", "predict"),
        ("POST", "kept/1"),
    ]
    for address, headers, status in cases:
        for method, path in paths:
            response = requests.request(
                method, f"{address}/{path}", data=png(), headers=PNG | headers, timeout=LIMIT
            )
            assert (response.status_code, list(response.json())) == (status, ["error"])


@pytest.mark.usefixtures("_refused")
def test_a_client_names_a_digit_and_no_path_and_the_drawings_are_their_owners_alone(
    server: str, folder: Path
) -> None:
    for path in ("10", "", "1/2", "%2e%2e", "..%2f1", "\u0663"):
        assert post(server, png(), f"kept/{path}").status_code in (404, 405)
    if os.name != "nt":  # Windows has other permissions
        modes = {
            path.is_dir(): stat.S_IMODE(path.stat().st_mode)
            for path in [folder, *folder.rglob("*")]
        }
        assert modes == {True: 0o700, False: 0o600}


def test_a_folder_of_drawings_goes_on_and_does_not_overwrite_what_was_there(
    tmp_path: Path,
) -> None:
    names = ["3/0041.png", "5/.hidden.png", "5/photo.jpg", "7"]  # the last is no folder
    for name in names:
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"mine")
    drawings = Drawings(tmp_path)
    assert drawings.count() == [0, 0, 0, 1, 0, 1, 0, 0, 0, 0]
    assert drawings.add("5", png()) == "5/0042.png"
    with pytest.raises(UserError, match="File exists"):
        drawings.add("7", png())
    assert kept(tmp_path) == sorted([*names, "5/0042.png"])
    assert {(tmp_path / name).read_bytes() for name in names} == {b"mine"}


def test_on_a_full_disk_no_part_of_a_drawing_is_kept(tmp_path: Path) -> None:
    drawings = Drawings(tmp_path)
    drawings.add("5", png())
    for digit in "57":
        with full_disk(), pytest.raises(UserError, match="File too large"):
            drawings.add(digit, png())
    assert kept(tmp_path) == ["5/0001.png"]
    assert not (tmp_path / "7").exists()  # the source refuses an empty folder


@pytest.mark.variant
def test_its_own_page_is_answered_and_kept_to_itself(server: str) -> None:
    own = server.rpartition("/")[0].replace("127.0.0.1", "localhost")
    assert post(server, png(), Host=own.removeprefix("http://"), Origin=own).status_code == 200
    for path, status in [
        ("", 200),
        ("static/draw.js", 200),
        ("predict", 405),
        ("index.html", 404),
    ]:
        response = requests.get(f"{server}/{path}", timeout=LIMIT)
        assert response.status_code == status
        assert response.headers["Content-Security-Policy"].startswith("default-src 'self';")
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert not [
            name for name in response.headers if name.lower().startswith("access-control-")
        ]


@pytest.mark.slow
def test_a_network_is_served_when_asked_and_at_that_address_alone(
    made: Path, server: str
) -> None:
    try:
        own = local_address("")
    except UserError:
        pytest.skip("needs a local network")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((own, urlsplit(server).port))
    with serving(made, "digit-logreg", "--host") as address, requests.Session() as session:
        session.trust_env = False  # no proxy
        assert urlsplit(address).hostname == own
        assert session.get(f"{address}/", timeout=LIMIT).status_code == 200
        assert session.get(f"{address}x/", timeout=LIMIT).status_code == 403
        assert (
            session.get(f"{address}/", headers={"Host": "localhost"}, timeout=LIMIT).status_code
            == 400
        )
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((ADDRESS, urlsplit(address).port))


@pytest.mark.slow
def test_a_taken_port_is_one_line(made: Path, server: str) -> None:
    port = urlsplit(server).port
    done = tiny.run(f"digits draw --model digit-logreg --port {port}", made, status=1)
    [line] = done.stderr.splitlines()
    assert line.startswith(f"Error: port {port} of {ADDRESS}: ")


def test_only_an_address_of_a_local_network_is_taken() -> None:
    for address in ["192.168.1.7", "10.0.0.1", "127.0.0.1"]:
        assert local_address(address) == address
    for address in ["8.8.8.8", "0.0.0.0", "localhost"]:
        message = f"--host: '{address}' is no address on a local network"
        with pytest.raises(UserError, match=message):
            local_address(address)
