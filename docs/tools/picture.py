"""Write the picture of the report that the README shows: `python -m docs.tools.picture REPORT`.

It needs Chromium, and the report of a project about the photos of TrashNet,
https://github.com/garythung/trashnet. The picture has the leaderboard, and below it the most
frequent confusions of the best model.
"""

import io
import shutil
from pathlib import Path

import click
from PIL import Image, ImageOps
from playwright.sync_api import Locator, sync_playwright

from tests.helpers.browser import ARGUMENTS, PROGRAMS

PICTURE = Path("docs/report.png")
WIDTH = 900  # in CSS pixels, about as wide as GitHub shows a README
SCALE = 2  # pixels of the picture per CSS pixel
MARGIN = 32  # in pixels of the picture
N_COLORS = 256


@click.command()
@click.argument("report", type=click.Path(exists=True, dir_okay=False, path_type=Path))
def main(report: Path) -> None:
    """Take two screenshots of REPORT, and write them below each other."""
    programs = [shutil.which(name) for name in PROGRAMS]
    program = next(path for path in programs if path)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        page = browser.new_page(
            viewport={"width": WIDTH, "height": 1200}, device_scale_factor=SCALE
        )
        page.goto(report.resolve().as_uri())
        leaderboard = take_screenshot(page.locator("#leaderboard table"))
        confusions = take_screenshot(page.locator(".confusions").first)
        browser.close()

    width = max(leaderboard.width, confusions.width)
    picture = Image.new("RGB", (width, leaderboard.height + confusions.height), "white")
    picture.paste(leaderboard, (0, 0))
    picture.paste(confusions, (0, leaderboard.height))
    # With few colours, the file is small.
    picture.quantize(N_COLORS, kmeans=3).save(PICTURE, optimize=True)


def take_screenshot(element: Locator) -> Image.Image:
    """Return a screenshot of a part of a page, with a margin."""
    screenshot = Image.open(io.BytesIO(element.screenshot())).convert("RGB")
    return ImageOps.expand(screenshot, border=MARGIN, fill="white")


if __name__ == "__main__":
    main()
