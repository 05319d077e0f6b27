"""Write the pictures of the pages: `digits report && python -m docs.tools.pictures`.

They show parts of report.html, in a light and in a dark window of Chromium. Each has the text
of its part as the text chunk `shown`, which `--check` compares with the report.
"""

import io
import shutil
from pathlib import Path
from typing import NamedTuple

import click
from PIL import Image
from PIL.PngImagePlugin import PngInfo
from playwright.sync_api import FloatRect, Page, sync_playwright

FOLDER = Path(__file__).parents[1] / "pictures"
REPORT = Path("report.html")
N_COLORS = 64
MARGIN = 8  # around an element, in CSS pixels


class Picture(NamedTuple):
    """A part of the report.

    Attributes:
        name: the beginning of the file names.
        element: the identifier of the element, which is opened if it is folded.
        height: the height of what is shown of it, in CSS pixels.
    """

    name: str
    element: str
    height: int


PICTURES = [
    Picture("report", "best", 446),
    Picture("leaderboard", "leaderboard", 1245),
    Picture("model", "model-digit-champion", 615),
]


@click.command()
@click.option("--check", is_flag=True, help="Write nothing, and fail if a picture is old.")
def main(check: bool) -> None:
    """Write the pictures of the pages."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for scheme, end in {"light": "", "dark": "-dark"}.items():
            page = browser.new_page(
                viewport={"width": 1200, "height": 900},
                color_scheme="dark" if scheme == "dark" else "light",
                device_scale_factor=1.5,
            )
            for picture in PICTURES:
                path = FOLDER / f"{picture.name}{end}.png"
                page.goto(f"{REPORT.resolve().as_uri()}#{picture.element}")
                if not check:
                    write(page, picture, path)
                elif not is_current(page, picture, path):
                    raise click.ClickException(
                        f"{path.name} does not show the report of this commit; run `digits "
                        "repro`, `digits report` and `python -m docs.tools.pictures`"
                    )
        browser.close()


def write(page: Page, picture: Picture, path: Path) -> None:
    """Write a picture of an element of the page."""
    element = page.locator(f"#{picture.element}")
    page.wait_for_function("!document.querySelector('details[open] .chart:empty')")  # drawn
    box = element.bounding_box()
    assert box is not None
    clip = FloatRect(
        x=box["x"] - MARGIN,
        y=box["y"] + page.evaluate("scrollY") - MARGIN,
        width=box["width"] + 2 * MARGIN,
        height=picture.height + 2 * MARGIN,
    )
    content = page.screenshot(clip=clip, full_page=True)
    shown = PngInfo()
    shown.add_itxt("shown", element.inner_text())
    image = Image.open(io.BytesIO(content))
    image.quantize(N_COLORS).save(path, optimize=True, pnginfo=shown)


def is_current(page: Page, picture: Picture, path: Path) -> bool:
    """Return whether a picture shows each line of the report, which may lack other models."""
    element = page.locator(f"#{picture.element}")
    if element.count() == 0:
        return True
    with Image.open(path) as image:
        shown = str(image.info["shown"])
    return set(element.inner_text().splitlines()) <= set(shown.splitlines())


if __name__ == "__main__":
    main()
