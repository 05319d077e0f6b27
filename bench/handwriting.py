"""Measure how well pictures of digits are read, and write the figures of docs/handwriting/handwriting.md.

Draws the MNIST test images as picture files in many ways, and the ten digits in twenty fonts, and reads them as
`digits predict` does. Takes a minute or two, and needs MNIST's split and a model of it (`make repro`).
"""

from collections.abc import Callable, Iterable
from contextlib import suppress
from io import BytesIO
from pathlib import Path

from bench import measuring
from digits import pictures
from digits.core import paths
from digits.core.tables import Pixels, Vector, pixels
from digits.core.tables import read as read_table
from digits.handwriting.components import Digit
from digits.handwriting.recognizer import Recognizer

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

Grey = npt.NDArray[np.uint8]
FAMILIES = ("dejavu", "freefont", "liberation")
FONTS = sorted(path for name in FAMILIES for path in Path("/usr/share/fonts/truetype", name).glob("*.ttf"))
PAGE = Path("docs", "handwriting", "handwriting.md")
SAMPLE = 2_000  # test images of all drawings but the first
random = np.random.RandomState(42)


def resize(image: Grey, side: int = 280, resampling: Image.Resampling = Image.Resampling.BICUBIC) -> Grey:
    """Return an image of another size."""
    return np.asarray(Image.fromarray(image).resize((side, side), resampling))


def place(image: Grey, side: int) -> Grey:
    """Return the image somewhere on a black canvas."""
    canvas = np.zeros((side, side), np.uint8)
    top, left = random.randint(0, side - 27, 2)
    canvas[top : top + 28, left : left + 28] = image
    return canvas


def add_noisy_border(image: Grey) -> Grey:
    """Return the image with random grey in its outermost 3 pixels."""
    noisy = random.randint(0, 256, image.shape).astype(np.uint8)
    noisy[3:-3, 3:-3] = image[3:-3, 3:-3]
    return noisy


def photograph(image: Grey) -> Grey:
    """Return grey ink on paper that is lit from one corner, with a camera's noise."""
    ink = resize(image) / 255
    y, x = np.mgrid[0:1:280j, 0:1:280j]
    light = 90 + 160 * (0.6 * x + 0.4 * y)
    return np.clip(light * (1 - 0.7 * ink) + random.normal(0, 5, ink.shape), 0, 255).astype(np.uint8)


DRAWN: list[tuple[str, Callable[[Grey], Grey], str]] = [  # what the picture is, how to draw it, and its format
    ("as they are", lambda image: image, "PNG"),
    ("inverted: dark on white", lambda image: 255 - image, "PNG"),
    ("enlarged 10 times, bicubic", resize, "PNG"),
    ("enlarged 10 times, nearest", lambda image: resize(image, 280, Image.Resampling.NEAREST), "PNG"),
    ("shifted in 48 × 48", lambda image: place(image, 48), "PNG"),
    ("somewhere on 400 × 400", lambda image: place(image, 400), "PNG"),
    ("JPEG of quality 60", lambda image: image, "JPEG"),
    ("enlarged, inverted, JPEG of quality 60", lambda image: 255 - resize(image), "JPEG"),
    ("3 pixels of noise around", add_noisy_border, "PNG"),
    ("enlarged, unevenly lit, noisy, JPEG of quality 60", photograph, "JPEG"),
]


def mnist(quick: bool) -> tuple[Pixels, Pixels]:
    """Return MNIST's test images, shape (images, 28, 28), and their classes; the first fifty if `quick`."""
    test = read_table(paths.split("mnist", "test"))[: 50 if quick else None]
    return pixels(test).reshape(-1, 28, 28), test["class"].to_numpy()


def find(images: Iterable[Grey], recognizer: Recognizer, kind: str = "PNG") -> list[list[Digit]]:
    """Write each image to a file in memory, and return the digits found in it: none where `predict` has an error."""
    found: list[list[Digit]] = []
    for image in images:
        file = BytesIO()
        Image.fromarray(image).save(file, kind, quality=60)
        file.seek(0)
        found.append([])
        with suppress(pictures.PictureError):
            found[-1] = recognizer.find(pictures.read(file))
    return recognizer.split(found)


def read(images: Iterable[Grey], recognizer: Recognizer, kind: str = "PNG") -> list[Grey]:
    """Return the one digit found in each image; black for none or several."""
    black = np.zeros(recognizer.shape, np.uint8)
    return [digits[0].image if len(digits) == 1 else black for digits in find(images, recognizer, kind)]


def is_right(recognizer: Recognizer, images: list[Grey], classes: Pixels) -> Vector:
    """Return for each image whether it is read rightly; a black one is not."""
    stacked = np.array(images)
    y_pred = np.array([each.label for each in recognizer.predict(stacked)])
    return (y_pred == classes) & stacked.any(axis=(1, 2))


def printed(font: Path, sign: object) -> Grey:
    """Return a digit or a letter of about 60 pixels in black on white, cut tightly."""
    shape = ImageFont.truetype(font, 80)
    left, top, right, bottom = shape.getbbox(str(sign))
    image = Image.new("L", (round(right - left), round(bottom - top)), 255)
    ImageDraw.Draw(image).text((-left, -top), str(sign), fill=0, font=shape)
    return np.asarray(image)


def font_lines(recognizer: Recognizer) -> list[str]:
    """Measure digits printed in twenty fonts, read as predict does and resized plainly."""
    if len(FONTS) < 20:
        return ["Fewer than twenty fonts are installed, so printed digits were not measured."]
    drawn = [printed(FONTS[i * len(FONTS) // 20], digit) for i in range(20) for digit in range(10)]
    classes = np.tile(np.arange(10, dtype=np.uint8), 20)
    plain = [255 - resize(image, 28) for image in drawn]
    ours = read((np.pad(image, 20, constant_values=255) for image in drawn), recognizer)
    ways = (("read as pictures", ours), ("resized to 28 × 28, as many examples do", plain))
    rows = [[way, str(len(drawn)), f"{is_right(recognizer, images, classes).mean():.3f}"] for way, images in ways]
    return measuring.table(["digits printed in 20 fonts", "pictures", "accuracy"], rows)


def tables(folder: Path, quick: bool) -> list[str]:
    """Measure all test images as they are, the same random 2 000 in every other drawing, and printed digits."""
    recognizer, (images, classes) = Recognizer.load(dataset="mnist"), mnist(quick)
    sample = random.permutation(len(images))[:SAMPLE]
    rows = []
    for i, (name, draw, kind) in enumerate(DRAWN):
        measuring.log(name)
        chosen = sample if i else np.arange(len(images))
        own = is_right(recognizer, list(images[chosen]), classes[chosen])
        drawn = is_right(recognizer, read(map(draw, images[chosen]), recognizer, kind), classes[chosen])
        accuracies = [f"{each.mean():.4f}" for each in (own, drawn)]
        rows.append([name, str(len(chosen)), *accuracies, measuring.gain(own, drawn)])
    header = ["MNIST's test images,", "pictures", "the images themselves", "read as pictures", "points (95 %)"]
    experiment = f"The model is `{recognizer.experiment}`."
    return [experiment, "", *measuring.table(header, rows), "", *font_lines(recognizer)]


if __name__ == "__main__":
    measuring.main(__doc__, PAGE, {"handwriting": tables})
