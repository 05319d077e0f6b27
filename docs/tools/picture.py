"""Write the picture of the report that the README shows: `python -m docs.tools.picture`.

It needs Chromium, and report.html, which `make report` writes after `make repro`. The picture
has the leaderboard of one task, and below it the most frequent mistakes of the best model.
"""

import io
import shutil
from pathlib import Path

from PIL import Image, ImageOps
from playwright.sync_api import Locator, sync_playwright

from tests.helpers.browser import ARGUMENTS, PROGRAMS

REPORT = Path("report.html")
PICTURE = Path("docs/report.png")
TASK = "digit"
MODEL = "digit-champion"
WIDTH = 900  # in CSS pixels, about as wide as GitHub shows a README
SCALE = 2  # pixels of the picture per CSS pixel
MARGIN = 32  # in pixels of the picture
N_COLORS = 64
MILLISECONDS_TO_DRAW = 5_000


def main() -> None:
    """Take two screenshots of the report, and write them below each other."""
    programs = [shutil.which(name) for name in PROGRAMS]
    program = next(path for path in programs if path)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=ARGUMENTS)
        page = browser.new_page(
            viewport={"width": WIDTH, "height": 1200}, device_scale_factor=SCALE
        )
        page.goto(REPORT.resolve().as_uri())
        page.locator("#task").select_option(TASK)
        leaderboard = take_screenshot(page.locator("#leaderboard table"))
        page.evaluate(f"document.getElementById('{MODEL}').open = true")
        confusions = page.locator(f"#{MODEL} .confusions")
        # The charts above the pictures are drawn when they are scrolled into view.
        confusions.scroll_into_view_if_needed()
        page.wait_for_timeout(MILLISECONDS_TO_DRAW)
        mistakes = take_screenshot(confusions)
        browser.close()

    width = max(leaderboard.width, mistakes.width)
    picture = Image.new("RGB", (width, leaderboard.height + mistakes.height), "white")
    picture.paste(leaderboard, (0, 0))
    picture.paste(mistakes, (0, leaderboard.height))
    # With few colours, the file is small.
    picture.quantize(N_COLORS, kmeans=3).save(PICTURE, optimize=True)


def take_screenshot(element: Locator) -> Image.Image:
    """Return a screenshot of a part of a page, with a margin."""
    screenshot = Image.open(io.BytesIO(element.screenshot())).convert("RGB")
    return ImageOps.expand(screenshot, border=MARGIN, fill="white")


if __name__ == "__main__":
    main()
