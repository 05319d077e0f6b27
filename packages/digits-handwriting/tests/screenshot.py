"""Write the picture of the drawing page on packages/digits-handwriting/docs/handwriting.md.

`python -m docs.handwriting.screenshot` needs Chromium, and the model of `make repro`.
"""

import math
from pathlib import Path

from PIL import Image

from drawing import serving, stroke
from tests.helpers import browser

PICTURE = Path("packages/digits-handwriting/docs/draw.png")
WINDOW = {"width": 960, "height": 600}
N_COLORS = 64

# The strokes of a 4 and a 2, whose points are shares of the width and the height of the canvas.
FOUR = [[(0.28, 0.25), (0.16, 0.58), (0.42, 0.58)], [(0.36, 0.4), (0.34, 0.8)]]
ANGLES = [math.pi * (number / 10 - 1) for number in range(14)]
CURVE = [(0.7 + 0.11 * math.cos(angle), 0.37 + 0.12 * math.sin(angle)) for angle in ANGLES]
TWO = [[*CURVE, (0.58, 0.76), (0.86, 0.75)]]


def main() -> None:
    """Draw a number on the page with the mouse, and take a screenshot."""
    with (
        serving(Path(), "digit-champion") as address,
        browser.page(address, viewport=WINDOW, device_scale_factor=2) as opened,
    ):
        opened.page.goto(f"{address}/")
        for points in [*FOUR, *TWO]:
            stroke(opened.page, *points)
        opened.page.wait_for_selector("#result[aria-busy=false]")
        opened.page.screenshot(path=PICTURE, full_page=True)
    # With few colours, the file is small.
    Image.open(PICTURE).convert("RGB").quantize(N_COLORS, kmeans=3).save(PICTURE, optimize=True)


if __name__ == "__main__":
    main()
