"""Write the pictures of the README: `digits report && python -m docs.tools.pictures`.

They show the first cards of report.html, in a light and in a dark window of Chromium.
"""

import io
import shutil
from pathlib import Path

from PIL import Image
from playwright.sync_api import sync_playwright

FOLDER = Path(__file__).parents[1] / "pictures"
REPORT = Path("report.html")
PICTURES = {"light": FOLDER / "report.png", "dark": FOLDER / "report-dark.png"}
N_COLORS = 64
HEIGHT = 790  # in CSS pixels, those of two rows of cards


def main() -> None:
    """Write both pictures."""
    program = shutil.which("chromium") or shutil.which("google-chrome")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=program, args=["--no-sandbox"])
        for scheme, path in PICTURES.items():
            page = browser.new_page(
                viewport={"width": 1280, "height": 900},
                color_scheme="dark" if scheme == "dark" else "light",
                device_scale_factor=1.5,
            )
            page.goto(REPORT.resolve().as_uri())
            box = page.locator("#best").bounding_box()
            assert box is not None
            content = page.screenshot(clip={**box, "height": HEIGHT})
            picture = Image.open(io.BytesIO(content))
            FOLDER.mkdir(exist_ok=True)
            picture.quantize(N_COLORS).save(path, optimize=True)
        browser.close()


if __name__ == "__main__":
    main()
