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

from digits.core.errors import PipelineError
from digits.core.params import Dataset
from digits.handwriting import source as handwriting
from digits.handwriting.collection import Collection
from digits.handwriting.commands.draw import ADDRESS, local_address
from tests import browser, tiny
from tests.handwriting.calls import draw, serving, stroke

import pytest
import requests
from PIL import Image
from playwright.sync_api import ViewportSize, expect

DIGIT = re.compile(r"^\d$")
PNG = {"Content-Type": "image/png"}


@pytest.fixture(scope="module")
def server(made: Path) -> Iterator[str]:
    with serving(made, "digit-logreg", end=signal.SIGINT) as address:
        yield address


@pytest.fixture(scope="module")
def keeper(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, Path]]:
    """Return a server that keeps drawings, and where."""
    folder = tmp_path_factory.mktemp("keeper") / "own"
    with serving(made, "digit-logreg", "--keep", folder) as address:
        yield address, folder


ANGLES = [-2 * math.pi * i / 16 for i in range(17)]
ZERO = [(0.5 + 0.22 * math.sin(angle), 0.5 - 0.34 * math.cos(angle)) for angle in ANGLES]


def test_drawing_shows_a_prediction_and_what_the_model_saw(server: str) -> None:
    width, height = 390, 844
    with browser.page(width, height, dark=True, origin=server) as opened:
        page = opened.page
        page.goto(f"{server}/")
        expect(page.get_by_role("status")).to_contain_text("Nothing drawn yet.")
        expect(page.get_by_role("banner")).to_contain_text("not calibrated")
        assert page.get_by_role("button", name="Keep as").count() == 0  # where no folder is named
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
        answer, below = page.locator("#result").bounding_box(), page.locator("dl").bounding_box()
        assert answer
        assert below
        assert 0 <= answer["y"] < answer["y"] + answer["height"] <= height  # in sight while drawing
        assert below["x"] + below["width"] <= width
        assert opened.overflow() == 0

        page.get_by_role("button", name="Clear").click()
        expect(page.get_by_role("status")).to_contain_text("Nothing drawn yet.")
        expect(page.locator("dt")).to_have_count(0)
        page.wait_for_selector("#result[aria-busy=false]")  # what was under way does not come back
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
        assert [error for error in opened.console_errors if "400 (BAD REQUEST)" not in error] == []  # "No digit yet."
        assert opened.outside_requests == []


def test_a_finger_draws_on_a_phone_and_the_answer_is_in_sight(keeper: tuple[str, Path]) -> None:
    address, _ = keeper
    with browser.page(origin=address) as opened:
        assert opened.page.context.browser
        size: ViewportSize = {"width": 390, "height": 664}  # as a phone's browser leaves it
        page = opened.page.context.browser.new_page(viewport=size, has_touch=True, is_mobile=True)
        page.goto(f"{address}/")
        paper = page.locator("canvas").bounding_box()
        assert paper
        finger = page.context.new_cdp_session(page)
        for kind, points in [("touchStart", ZERO[:1]), *[("touchMove", [each]) for each in ZERO], ("touchEnd", [])]:
            places = [{"x": paper["x"] + x * paper["width"], "y": paper["y"] + y * paper["height"]} for x, y in points]
            finger.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": places})
        expect(page.locator("#prediction")).to_have_text(DIGIT)
        answer, tools, labels = (page.locator(each).bounding_box() for each in ("#result", "#tools", "#labels"))
        assert answer
        assert tools
        assert labels
        assert paper["y"] + paper["height"] <= answer["y"] < tools["y"] < labels["y"]
        assert tools["y"] + tools["height"] <= size["height"]
        assert page.evaluate("scrollY") == browser.Opened(page, address).overflow() == 0
        expect(page.locator("#keys")).to_be_hidden()  # there is no keyboard
        page.get_by_role("button", name="Undo").tap()
        expect(page.locator("#sure")).to_have_text("Nothing drawn yet.")


def kept(folder: Path) -> list[str]:
    return [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*")) if path.is_file()]


@pytest.mark.slow
def test_drawings_are_kept_by_key_and_button_and_become_a_dataset(made: Path, tmp_path: Path) -> None:
    folder = tmp_path / "own"
    keeping = serving(made, "digit-logreg", "--keep", folder)
    with keeping as address, browser.page(400, 850, origin=address) as opened:
        page = opened.page
        page.goto(f"{address}/")
        said = page.locator("#kept")
        delete = page.get_by_role("button", name="Delete")
        expect(delete).to_be_hidden()
        page.keyboard.press("3")
        expect(said).to_have_text("Nothing is drawn.")
        stroke(page, *ZERO)
        page.keyboard.press("7")  # a slip
        expect(said).to_have_text("Kept as 7.")
        expect(page.locator("#prediction")).to_be_empty()
        assert kept(folder) == ["7/0001.png"]
        page.get_by_role("button", name="Undo").click()
        assert kept(folder) == ["7/0001.png"]  # only strokes are taken back
        assert (
            requests.delete(f"{address}/kept?name=7/0000.png", timeout=20).status_code == 500
        )  # as another page has it
        expect(delete).to_have_text("Delete 7/0001.png")
        delete.click()
        expect(page.locator("#prediction")).to_have_text(DIGIT)  # it is on the paper again
        expect(delete).to_be_hidden()
        assert list(folder.iterdir()) == []
        page.keyboard.press("0")
        stroke(page, (0.5, 0.2), (0.5, 0.7))  # at once, while the zero is being written
        page.get_by_role("button", name="Keep as 1").click()
        expect(page.locator("#total")).to_have_text("2")
        assert page.locator("#labels small").all_text_contents() == [*"1100000000"]

        stroke(page, (0.2, 0.2), (0.2, 0.7))
        stroke(page, (0.8, 0.2), (0.8, 0.7))
        page.keyboard.press("1")
        expect(said).to_have_text("Not kept: 2 digits are in the picture; make a picture of each")
        expect(page.locator("dl")).to_have_count(2)  # they are on the paper again
    assert kept(folder) == ["0/0001.png", "1/0002.png"]
    block = Dataset.model_validate({**tiny.dataset({"handwriting": str(folder)}), "shape": [28, 28], "maximum": 255})
    assert handwriting.read(str(folder), block)["class"].tolist() == [0, 1]


def png(*, blank: bool = False) -> bytes:
    """Return a white picture, with an upright black bar on it unless it is to be blank."""
    image = Image.new("L", (100, 100), 255)
    if not blank:
        image.paste(0, (45, 20, 55, 80))
    content = io.BytesIO()
    image.save(content, "PNG")
    return content.getvalue()


def post(
    server: str, content: bytes, kind: str = "image/png", path: str = "predict", **headers: str
) -> requests.Response:
    return requests.post(f"{server}/{path}", content, headers={"Content-Type": kind, **headers}, timeout=20)


def test_a_prediction_as_the_page_gets_it(server: str) -> None:
    [digit] = post(server, png()).json()["digits"]
    assert DIGIT.match(str(digit["label"]))
    chances = [digit["probability"], *(each["probability"] for each in digit["runners_up"])]
    assert len(chances) == 4
    assert chances == sorted(chances, reverse=True)
    assert 0 <= chances[-1] <= sum(chances) <= 1.000001
    assert digit["image"].startswith("data:image/png;base64,")
    assert len(digit["box"]) == 4
    assert post(server, png(), path="kept/1").status_code == 404  # no folder was named


@pytest.mark.parametrize(
    ("content", "kind", "status"),
    [
        (png(blank=True), "image/png", 400),
        (png()[:60], "image/png", 400),
        (png(), "application/x-www-form-urlencoded", 415),
        (bytes(2**20 + 1), "image/png", 413),
    ],
)
def test_what_is_no_small_png_is_refused(keeper: tuple[str, Path], content: bytes, kind: str, status: int) -> None:
    address, folder = keeper
    before = kept(folder)
    for path in ("predict", "kept/3"):
        response = post(address, content, kind, path)
        assert response.status_code == status
        if status != 413:  # which waitress answers, before the body is read
            assert response.json()["error"]
    assert kept(folder) == before


@pytest.mark.parametrize(
    ("name", "value"),
    [("Host", "example.org"), ("Origin", "http://example.org"), ("Origin", "null"), ("Origin", "http://127.0.0.1:1")],
)
def test_other_pages_are_refused(keeper: tuple[str, Path], name: str, value: str) -> None:
    address, folder = keeper
    assert post(address, png(), path="kept/1").status_code == 200
    before, headers = kept(folder), {name: value}
    for method, path in [("POST", "predict"), ("GET", ""), ("POST", "kept/1"), ("DELETE", "kept")]:
        asked = {"Content-Type": "image/png", **headers}
        response = requests.request(method, f"{address}/{path}", data=png(), headers=asked, timeout=20)
        assert response.status_code == (400 if name == "Host" else 403)
        assert list(response.json()) == ["error"]
    assert kept(folder) == before


def test_nothing_is_answered_without_the_token(keeper: tuple[str, Path]) -> None:
    address, folder = keeper
    port, _, token = address.rpartition("/")
    before = kept(folder)
    for wrong in (port, f"{port}/{token[:-1]}", f"{port}/{token}x", f"{port}/\u0663", f"{port}/static"):
        for method, path in [("GET", ""), ("GET", "static/draw.js"), ("POST", "predict"), ("POST", "kept/1")]:
            response = requests.request(method, f"{wrong}/{path}", data=png(), headers=PNG, timeout=20)
            assert (response.status_code, list(response.json())) == (403, ["error"])
        assert requests.delete(f"{wrong}/kept", timeout=20).status_code == 403
    assert kept(folder) == before


@pytest.mark.skipif(os.name == "nt", reason="Windows has other permissions")
def test_drawings_are_their_owners_alone(keeper: tuple[str, Path]) -> None:
    address, folder = keeper
    assert post(address, png(), path="kept/1").status_code == 200
    modes = {path.is_dir(): stat.S_IMODE(path.stat().st_mode) for path in [folder, *folder.rglob("*")]}
    assert modes == {True: 0o700, False: 0o600}


def test_a_client_names_a_digit_and_no_path(keeper: tuple[str, Path]) -> None:
    address, folder = keeper
    before = kept(folder.parent)
    for path in ("10", "", "1/2", "%2e%2e", "..%2f1", "\u0663"):
        assert post(address, png(), path=f"kept/{path}").status_code in (404, 405)
    assert kept(folder.parent) == before


def test_a_collection_goes_on_and_neither_overwrites_nor_deletes_what_was_there(tmp_path: Path) -> None:
    for name in ("3/0041.png", "5/photo.jpg", "7"):  # the last is no folder
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(b"mine")
    collection = Collection(tmp_path)
    with pytest.raises(PipelineError, match="is not the last file that was kept"):
        collection.delete_last("3/0041.png")
    collection.add("5", png())
    assert kept(tmp_path) == ["3/0041.png", "5/0042.png", "5/photo.jpg", "7"]
    png_kept = (tmp_path / "5/0042.png").read_bytes()
    with pytest.raises(PipelineError, match=r"/7: File exists$"):
        collection.add("7", png())
    assert collection.delete_last("5/0042.png") == png_kept
    assert {name: (tmp_path / name).read_bytes() for name in kept(tmp_path)} == dict.fromkeys(
        ["3/0041.png", "5/photo.jpg", "7"], b"mine"
    )


def test_its_own_page_is_answered_and_kept_to_itself(server: str) -> None:
    own = server.rpartition("/")[0].replace("127.0.0.1", "localhost")
    assert post(server, png(), Host=own.removeprefix("http://"), Origin=own).status_code == 200
    for path, status in [("", 200), ("static/draw.js", 200), ("predict", 405), ("index.html", 404)]:
        response = requests.get(f"{server}/{path}", timeout=20)
        assert response.status_code == status
        assert response.headers["Content-Security-Policy"].startswith("default-src 'self';")
        assert response.headers["X-Content-Type-Options"] == "nosniff"
        assert not [name for name in response.headers if name.lower().startswith("access-control-")]


def test_a_taken_port_is_one_line(made: Path, server: str) -> None:
    port = urlsplit(server).port
    taken = tiny.failure(f"digits draw --model digit-logreg --port {port}", made)
    assert taken.startswith(f"Error: port {port} of {ADDRESS}: ")


@pytest.mark.slow
def test_a_network_is_served_when_asked_and_at_that_address_alone(made: Path, server: str) -> None:
    try:
        own = local_address("")
    except PipelineError:
        pytest.skip("needs a local network")
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((own, urlsplit(server).port))
    with serving(made, "digit-logreg", "--host") as address, requests.Session() as session:
        session.trust_env = False  # no proxy
        assert urlsplit(address).hostname == own
        assert session.get(f"{address}/", timeout=20).status_code == 200
        assert session.get(f"{address}x/", timeout=20).status_code == 403
        assert session.get(f"{address}/", headers={"Host": "localhost"}, timeout=20).status_code == 400
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection((ADDRESS, urlsplit(address).port))


@pytest.mark.parametrize("address", ["8.8.8.8", "0.0.0.0", "localhost"])
def test_an_address_that_is_no_local_one_is_refused(address: str) -> None:
    with pytest.raises(PipelineError, match=f"--host: '{address}' is no address on a local network"):
        local_address(address)
