"""Measure how well digits are read on forms, ruled and squared paper, cut-off pages and in pencil.

Draws MNIST's test images into such pages, with lines of 1 to 4 pixels that they touch and cross, turned a little,
unevenly lit, noisy and saved as JPEG, and reads them as `digits predict` does. Writes a table of
docs/handwriting/measured.md. Needs MNIST's split and a model of it (`make repro`); takes some minutes.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import partial
from io import BytesIO
from pathlib import Path
from typing import NamedTuple

from bench import handwriting, measuring
from digits import pictures
from digits.core.tables import Pixels, Vector
from digits.handwriting.components import Digit
from digits.handwriting.recognizer import Recognizer

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops, ImageDraw

COUNT, QUICK = 1_000, 20  # digits of each kind of page
SURE = 0.99


class Written(NamedTuple):
    """A digit on a page: its centre and its height in pixels of the page, its image and its class."""

    x: float
    y: float
    height: float
    image: Pixels
    label: int


class Page:
    """A page in the making: its lines, its digits, and its light from 0 (dark) to 1."""

    def __init__(self, random: np.random.Generator, digits: Iterable[tuple[Pixels, int]]) -> None:
        self.random, self.digits = random, iter(digits)
        self.height = int(random.integers(20, 81))  # of a digit
        self.thickness = int(random.integers(1, 5))  # of a line
        self.pen, self.darkness = random.uniform(0.55, 0.9), random.uniform(0.25, 0.9)  # of digits and of lines
        self.written: list[Written] = []
        self.dimness = np.ones((1, 1))  # of the light, of the page's shape once it is known

    def sized(self, width: float, height: float) -> ImageDraw.ImageDraw:
        """Set the page's size, and return what draws its lines."""
        self.lines = Image.new("L", (round(width), round(height)))
        return ImageDraw.Draw(self.lines)

    def put(self, x: float, y: float) -> None:
        """Write the next digit with its centre at a point."""
        image, label = next(self.digits)
        self.written.append(Written(x, y, self.height * self.random.uniform(0.9, 1.1), image, label))

    def jitter(self, share: float) -> float:
        """Return a shift of up to a share of a digit's height."""
        return float(self.random.uniform(-share, share) * self.height)

    def ink(self) -> npt.NDArray[np.float64]:
        """Return the digits' ink, from 0 (paper) to 1."""
        ink = Image.new("L", self.lines.size)
        for x, y, height, image, _ in self.written:
            digit = Image.fromarray(image)
            digit = digit.crop(digit.getbbox())
            scale = height / max(digit.size[1], 0.6 * digit.size[0])
            width, height = (max(1, round(scale * length)) for length in digit.size)
            drawn = Image.new("L", ink.size)
            digit = digit.resize((width, height), Image.Resampling.BICUBIC)
            drawn.paste(digit, (round(x - width / 2), round(y - height / 2)))
            ink = ImageChops.lighter(ink, drawn)
        return np.asarray(ink) / 255

    def photograph(self, texture: float = 0) -> bytes:
        """Return a JPEG of the page, turned by up to 1.5 degrees; a pencil misses the share `texture` of it."""
        random, ink = self.random, self.ink()
        if texture:
            grain = Image.fromarray(random.random([1 + length // 2 for length in ink.shape]))
            ink *= np.asarray(grain.resize(self.lines.size, Image.Resampling.BICUBIC)) > texture
        brightness = (1 - self.darkness * np.asarray(self.lines) / 255) * (1 - self.pen * ink)
        angle = float(random.uniform(-1.5, 1.5)) if random.random() < 0.7 else 0.0
        page = Image.fromarray(brightness.astype(np.float32)).rotate(angle, Image.Resampling.BICUBIC, fillcolor=1)
        y, x = (np.linspace(-1, 1, length) for length in ink.shape)
        slope = random.uniform(-0.12, 0.12, 2)
        light = random.uniform(170, 250) * (1 + slope[0] * x + slope[1] * y[:, None]) * self.dimness
        noisy = np.asarray(page) * light + random.normal(0, random.uniform(0, 5), ink.shape)
        turn, middle = np.exp(-1j * np.radians(angle)), complex(*self.lines.size) / 2
        for i, each in enumerate(self.written):
            at = (complex(each.x, each.y) - middle) * turn + middle
            self.written[i] = each._replace(x=at.real, y=at.imag)
        file, quality = BytesIO(), int(random.integers(50, 96))
        Image.fromarray(np.clip(noisy, 0, 255).astype(np.uint8)).save(file, "JPEG", quality=quality)
        return file.getvalue()


def boxes(page: Page, count: int, least: Sequence[float], most: Sequence[float], shifts: Sequence[float]) -> bytes:
    """Draw digits in boxes, which they may touch or cross; width, height, margin and, of several, the gap vary."""
    count = count or int(page.random.integers(3, 10))
    width, height, margin, gap = (*(page.height * page.random.uniform(least, most)), 0)[:4]
    draw = page.sized(count * (width + gap) - gap + 2 * margin, height + 2 * margin)
    for i in range(count):
        x = margin + i * (width + gap)
        draw.rectangle([x, margin, x + width, margin + height], outline=255, width=page.thickness)
        page.put(x + width / 2 + page.jitter(shifts[0]), margin + height / 2 + page.jitter(shifts[1]))
    return page.photograph()


def combs(page: Page) -> bytes:
    """Draw a number in a comb: boxes side by side, or a line with teeth."""
    count = int(page.random.integers(4, 10))
    width, height, margin = page.height * page.random.uniform([0.9, 1.1, 0.15], [1.5, 1.6, 0.6])
    draw = page.sized(count * width + 2 * margin, height + 2 * margin)
    is_open, tooth = page.random.random() < 0.4, height * page.random.uniform(0.2, 1)
    for i in range(count + 1):
        x = margin + i * width
        draw.line([x, margin + (height - tooth if is_open else 0), x, margin + height], 255, page.thickness)
    for y in [margin + height] if is_open else [margin, margin + height]:
        draw.line([margin, y, margin + count * width, y], 255, page.thickness)
    for i in range(count):
        page.put(margin + (i + 0.5) * width + page.jitter(0.1), margin + height / 2 + page.jitter(0.2))
    return page.photograph()


def write_rows(page: Page, baseline: float, pitch: float, left: float, right: float) -> None:
    """Write rows of digits with gaps, at most seven in each."""
    for i in range(int(page.random.integers(1, 4))):
        x = left + page.height
        for _ in range(int(page.random.integers(2, 8))):
            page.put(x, baseline + i * pitch - page.height / 2 + page.jitter(0.1))
            x += page.height * page.random.uniform(1, 1.6)
            if x > right - page.height:
                break


def ledger(page: Page) -> bytes:
    """Draw rows of digits on ruled paper; they stand on the lines, cross them, or float above."""
    pitch, left = page.height * page.random.uniform([1.2, 0.3], [1.8, 1.5])
    width, height = page.height * 11 + left, 4.6 * pitch
    draw = page.sized(width, height)
    start = pitch * page.random.uniform(0.1, 0.5)
    inset = 0 if page.random.random() < 0.7 else left / 2
    for i in range(5):
        draw.line([inset, start + i * pitch, width - inset, start + i * pitch], 255, page.thickness)
    if page.random.random() < 0.4:
        draw.line([left, 0, left, height], 255, page.thickness)
    write_rows(page, start + pitch + page.jitter(0.25), pitch, left, width)
    return page.photograph()


def squared(page: Page) -> bytes:
    """Draw rows of digits on squared paper, whose squares are smaller or larger than the digits."""
    page.thickness, page.darkness = int(page.random.integers(1, 3)), page.random.uniform(0.12, 0.6)
    pitch, width, height = page.height * page.random.uniform([0.4, 5, 4], [1.4, 11, 6])
    draw = page.sized(width, height)
    for at in np.arange(page.random.uniform(0, pitch), max(width, height), pitch).tolist():
        draw.line([at, 0, at, height], 255, page.thickness)
        draw.line([0, at, width, at], 255, page.thickness)
    write_rows(page, 1.3 * page.height, 1.4 * page.height, 0, width)
    return page.photograph()


def edges(page: Page) -> bytes:
    """Draw rows of digits on a sheet that ends in the picture, on a dark table, in a shadow, with writing cut off."""
    width, height = page.height * page.random.uniform([6, 5], [12, 7])
    draw = page.sized(width, height)
    border = page.height * page.random.uniform(0.1, 0.8, 4) * (page.random.random(4) < 0.5)
    y, x = np.mgrid[: page.lines.size[1], : page.lines.size[0]]
    tilt = (x / width - 0.5) * page.jitter(0.3), (y / height - 0.5) * page.jitter(0.3)
    table = (x < border[0] + tilt[1]) | (x > width - border[1] + tilt[1])
    table |= (y < border[2] + tilt[0]) | (y > height - border[3] + tilt[0])
    page.dimness = np.where(table, page.random.uniform(0.05, 0.6), 1.0)
    if page.random.random() < 0.5:
        reach = page.random.uniform(0.2, 0.8) * width
        page.dimness *= 1 - page.random.uniform(0.1, 0.4) / (1 + np.exp((x - reach) / page.random.uniform(2, 30)))
    for at in np.arange(page.height, width, page.height * 0.7) if page.random.random() < 0.4 and not border[3] else []:
        page.darkness = page.pen
        draw.line([at, height - page.height * 0.2, at + page.jitter(0.3), height], 255, 3)
    write_rows(page, 2 * page.height, 1.3 * page.height, page.height * 0.5, width - page.height * 0.7)
    return page.photograph()


def pencil(page: Page) -> bytes:
    """Draw rows of digits in faint pencil, whose strokes are broken by the paper's grain."""
    page.pen = page.random.uniform(0.15, 0.4)
    page.sized(page.height * 9, page.height * 5)
    write_rows(page, 1.5 * page.height, 1.4 * page.height, 0, page.height * 9)
    return page.photograph(page.random.uniform(0.1, 0.35))


KINDS: dict[str, Callable[[Page], bytes]] = {
    "one digit in its printed box": partial(
        boxes, count=1, least=[1, 1.15, 0.05], most=[1.8, 1.8, 0.6], shifts=[0.15, 0.3]
    ),
    "a number in a row of boxes": partial(
        boxes, count=0, least=[1, 1.15, 0.2, 0.1], most=[1.8, 1.9, 0.8, 0.8], shifts=[0.1, 0.2]
    ),
    "a number in a comb": combs,
    "rows on ruled paper": ledger,
    "rows on squared paper": squared,
    "a sheet's dark edges, shadows, cut-off writing": edges,
    "faint, broken pencil": pencil,
}


def pages(kind: Callable[[Page], bytes], images: Pixels, classes: Vector, count: int) -> Iterator[tuple[Page, bytes]]:
    """Yield pages of a kind, and each as a JPEG, until `count` digits are on them."""
    random = np.random.default_rng(42)
    while count > 0:
        chosen = random.integers(0, len(images), 40)
        page = Page(random, zip(images[chosen], classes[chosen].tolist(), strict=True))
        yield page, kind(page)
        count -= len(page.written)


def judge(recognizer: Recognizer, page: Page, digits: list[Digit]) -> list[tuple[bool, bool, int]]:
    """Return of each digit whether it is read correctly, whether it is marked, and how many wrong are sure.

    A digit is read correctly where the only one found at its place has its class. What is found elsewhere is wrong,
    too, and counts for the nearest.
    """
    seen = recognizer.predict(np.array([digit.image for digit in digits])) if digits else []
    labels: list[list[int]] = [[] for _ in page.written]
    marked, sure = [False] * len(labels), [0] * len(labels)
    for digit, prediction in zip(digits, seen, strict=True):
        left, top, width, height = digit.box
        at = [np.hypot(left + width / 2 - each.x, top + height / 2 - each.y) / each.height for each in page.written]
        nearest = int(np.argmin(at))
        labels[nearest].append(label := prediction.label if at[nearest] < 0.5 else -1)
        marked[nearest] |= prediction.is_unlike
        is_wrong = label != page.written[nearest].label
        sure[nearest] += is_wrong and not prediction.is_unlike and prediction.probability > SURE
    right = [found == [each.label] for found, each in zip(labels, page.written, strict=True)]
    return list(zip(right, marked, sure, strict=True))


def tables(folder: Path, quick: bool) -> list[str]:
    """Measure each kind of page with test images."""
    recognizer, (images, classes), rows = Recognizer.load(dataset="mnist"), handwriting.mnist(quick), []
    for name, kind in KINDS.items():
        measuring.log(name)
        judged = []
        for page, picture in pages(kind, images, classes, QUICK if quick else COUNT):
            found: list[Digit] = []
            with suppress(pictures.PictureError):
                [found] = recognizer.split([recognizer.find(pictures.read(BytesIO(picture)))])
            judged += judge(recognizer, page, found)
        right, marked, sure = np.array(judged).T
        of_each = [marked[right == is_right] for is_right in (1, 0)]
        rates = [f"{each.mean():.1%}" if len(each) else None for each in (*of_each, sure)]
        rows.append([name, len(right), measuring.share(int(right.sum()), len(right)), *rates])
    header = ["digits", "read correctly (95 %)", "marked if correct", "if wrong", "wrong, unmarked, over 99 % sure"]
    return measuring.table(["MNIST's test images as", *header], rows)


if __name__ == "__main__":
    measuring.main(__doc__, handwriting.PAGE, {"paper": tables})
