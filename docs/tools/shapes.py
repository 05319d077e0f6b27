"""Draw the pictures of your-own.md: `python -m docs.tools.shapes data/own`."""

from pathlib import Path

import click
import numpy as np
from PIL import Image, ImageDraw

SHAPES = ["circle", "cross", "line"]


@click.command()
@click.argument("folder", type=click.Path(path_type=Path))
def main(folder: Path) -> None:
    """Draw circles, crosses and lines into FOLDER, in a subfolder for each class."""
    write_pictures(folder)


def write_pictures(folder: Path, count: int = 60) -> None:
    """Write pictures of shapes, in several sizes and two formats. They are always the same.

    If there are 61, the name of the last one makes it one of the first images.
    """
    random = np.random.default_rng(0)
    for number in range(count):
        width, height = random.integers(56, 64, 2).tolist()
        x, y = random.integers(24, 38, 2).tolist()
        radius = int(random.integers(14, 22))
        shape = SHAPES[number % 3]
        stem = "0-60" if number == 60 else str(number)
        suffix = "jpg" if number % 2 else "png"
        path = folder / shape / f"{stem}.{suffix}"
        path.parent.mkdir(parents=True, exist_ok=True)

        image = Image.new("RGB", (width, height), "white")
        pen = ImageDraw.Draw(image)
        box = (x - radius, y - radius, x + radius, y + radius)
        if shape == "circle":
            pen.ellipse(box, outline="black", width=4)
        else:
            pen.line(box, "navy", 4)
        if shape == "cross":
            pen.line((x - radius, y + radius, x + radius, y - radius), "navy", 4)
        image.save(path)


if __name__ == "__main__":
    main()
