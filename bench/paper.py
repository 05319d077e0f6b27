"""Measure how digits are read on forms, ruled and squared paper, cut-off pages, in pencil.

It draws test images of MNIST into such pages, with lines that they touch and cross. The pages
are turned a little, unevenly lit, noisy and saved as JPEG. They are read as `digits predict`
reads pictures. Prints the table of the page packages/digits-handwriting/docs/handwriting.md,
with intervals. Needs the split of MNIST and a model of it (`make repro`). It takes some
minutes.
"""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageChops, ImageDraw

from bench import handwriting, measuring
from digits.core.pixels import Pixels, Vector
from digits_handwriting.components import Digit
from digits_handwriting.recognizer import Recognizer

# Numbers of digits on each kind of page.
N_DIGITS = 1_000
N_DIGITS_QUICK = 20

HEADER = ["MNIST's test images as", "digits", "read correctly, % (95 % interval)"]

Floats = npt.NDArray[np.float64]


class Written(NamedTuple):
    """A digit on a page."""

    x: float  # its centre, in pixels of the page
    y: float
    height: float
    image: Pixels
    label: int


class Page:
    """A page while it is drawn.

    Attributes:
        rng: the random numbers of the page.
        digits: the images and the labels of the digits to write next.
        height: the height of a digit, in pixels.
        thickness: the thickness of a line, in pixels.
        pen: how dark the digits are, 0 to 1.
        darkness: how dark the lines are, 0 to 1.
        written: the digits on the page.
        lines: the lines on the page, as an image.
        light: how bright the light is, 0 to 1, shape (height, width), or (1, 1) if it is the
            same everywhere.
    """

    def __init__(self, rng: np.random.Generator, digits: Iterable[tuple[Pixels, int]]) -> None:
        self.rng = rng
        self.digits = iter(digits)
        self.height = int(rng.integers(20, 81))
        self.thickness = int(rng.integers(1, 5))
        self.pen = rng.uniform(0.55, 0.9)
        self.darkness = rng.uniform(0.25, 0.9)
        self.written: list[Written] = []
        self.lines = Image.new("L", (1, 1))
        self.light: Floats = np.ones((1, 1))

    def set_size(self, width: float, height: float) -> ImageDraw.ImageDraw:
        """Set the size of the page, and return the object that draws its lines."""
        self.lines = Image.new("L", (round(width), round(height)))
        return ImageDraw.Draw(self.lines)

    def draw_lengths(self, lowest: list[float], highest: list[float]) -> list[float]:
        """Return random lengths in pixels, between multiples of the height of a digit."""
        return (self.height * self.rng.uniform(lowest, highest)).tolist()

    def write(self, x: float, y: float) -> None:
        """Write the next digit, with its centre at a point."""
        image, label = next(self.digits)
        height = self.height * self.rng.uniform(0.9, 1.1)
        self.written.append(Written(x, y, height, image, label))

    def jitter(self, share: float) -> float:
        """Return a random shift of up to a share of the height of a digit."""
        return float(self.rng.uniform(-share, share) * self.height)

    def ink(self) -> Floats:
        """Return the ink of the digits, from 0 (paper) to 1."""
        ink = Image.new("L", self.lines.size)
        for digit in self.written:
            image = Image.fromarray(digit.image)
            image = image.crop(image.getbbox())
            scale = digit.height / max(image.height, 0.6 * image.width)
            width = max(1, round(scale * image.width))
            height = max(1, round(scale * image.height))
            image = image.resize((width, height), Image.Resampling.BICUBIC)
            left = round(digit.x - width / 2)
            top = round(digit.y - height / 2)
            layer = Image.new("L", ink.size)
            layer.paste(image, (left, top))
            ink = ImageChops.lighter(ink, layer)
        return np.asarray(ink) / 255

    def photograph(self, grain: float = 0) -> bytes:
        """Return a JPEG of the page, which is turned by up to 1.5 degrees.

        Args:
            grain: the proportion of the paper that the pencil misses, 0 to 1.
        """
        rng = self.rng
        ink = self.ink()
        if grain > 0:
            ink = ink * (self.draw_grain() > grain)
        lines = np.asarray(self.lines) / 255
        brightness = (1 - self.darkness * lines) * (1 - self.pen * ink)
        is_turned = rng.random() < 0.7
        angle = float(rng.uniform(-1.5, 1.5)) if is_turned else 0.0
        paper = Image.fromarray(brightness.astype(np.float32))
        turned = paper.rotate(angle, Image.Resampling.BICUBIC, fillcolor=1)
        self.turn_digits(angle)

        height, width = ink.shape
        y = np.linspace(-1, 1, height)[:, np.newaxis]
        x = np.linspace(-1, 1, width)
        slope_x, slope_y = rng.uniform(-0.12, 0.12, 2)
        slope = 1 + slope_x * x + slope_y * y
        light = rng.uniform(170, 250) * slope * self.light
        noise_level = rng.uniform(0, 5)
        noise = rng.normal(0, noise_level, ink.shape)
        noisy = np.asarray(turned) * light + noise
        grey = np.clip(noisy, 0, 255).astype(np.uint8)

        quality = int(rng.integers(50, 96))
        return handwriting.encode(grey, "JPEG", quality)

    def draw_grain(self) -> Floats:
        """Return how rough the paper is at each pixel of the page, 0 to 1."""
        width, height = self.lines.size
        coarse = self.rng.random([1 + height // 2, 1 + width // 2])
        fine = Image.fromarray(coarse).resize((width, height), Image.Resampling.BICUBIC)
        return np.asarray(fine)

    def turn_digits(self, angle: float) -> None:
        """Turn the positions of the digits around the middle of the page, in degrees."""
        turn = np.exp(-1j * np.radians(angle))
        middle = complex(*self.lines.size) / 2
        turned = []
        for digit in self.written:
            position = (complex(digit.x, digit.y) - middle) * turn + middle
            turned.append(digit._replace(x=position.real, y=position.imag))
        self.written = turned


def draw_one_box(page: Page) -> bytes:
    """Draw one digit in a box, which it may touch or cross."""
    width, height, margin = page.draw_lengths([1, 1.15, 0.05], [1.8, 1.8, 0.6])
    draw = page.set_size(width + 2 * margin, height + 2 * margin)
    draw_box(page, draw, margin, margin, width, height, shifts=(0.15, 0.3))
    return page.photograph()


def draw_boxes(page: Page) -> bytes:
    """Draw a number in a row of boxes, which its digits may touch or cross."""
    n_digits = int(page.rng.integers(3, 10))
    lowest = [1, 1.15, 0.2, 0.1]
    highest = [1.8, 1.9, 0.8, 0.8]
    width, height, margin, gap = page.draw_lengths(lowest, highest)
    page_width = n_digits * (width + gap) - gap + 2 * margin
    draw = page.set_size(page_width, height + 2 * margin)
    for index in range(n_digits):
        left = margin + index * (width + gap)
        draw_box(page, draw, left, margin, width, height, shifts=(0.1, 0.2))
    return page.photograph()


def draw_box(
    page: Page,
    draw: ImageDraw.ImageDraw,
    left: float,
    top: float,
    width: float,
    height: float,
    shifts: tuple[float, float],
) -> None:
    """Draw a box, and write a digit in it.

    Args:
        page: the page.
        draw: the object that draws its lines.
        left: the left edge of the box.
        top: its top edge.
        width: its width.
        height: its height.
        shifts: how far the digit may be from the middle to the side, and up or down, as shares
            of the height of a digit.
    """
    box = [left, top, left + width, top + height]
    draw.rectangle(box, outline=255, width=page.thickness)
    x = left + width / 2 + page.jitter(shifts[0])
    y = top + height / 2 + page.jitter(shifts[1])
    page.write(x, y)


def draw_comb(page: Page) -> bytes:
    """Draw a number in a comb: boxes side by side, or a line with teeth."""
    n_digits = int(page.rng.integers(4, 10))
    width, height, margin = page.draw_lengths([0.9, 1.1, 0.15], [1.5, 1.6, 0.6])
    page_width = n_digits * width + 2 * margin
    draw = page.set_size(page_width, height + 2 * margin)
    is_open = page.rng.random() < 0.4
    tooth = height * page.rng.uniform(0.2, 1)
    top = margin
    bottom = margin + height
    left = margin
    right = margin + n_digits * width

    tooth_top = bottom - tooth if is_open else top
    for index in range(n_digits + 1):
        x = left + index * width
        draw.line([x, tooth_top, x, bottom], 255, page.thickness)
    draw.line([left, bottom, right, bottom], 255, page.thickness)
    if not is_open:
        draw.line([left, top, right, top], 255, page.thickness)
    for index in range(n_digits):
        x = left + (index + 0.5) * width + page.jitter(0.1)
        y = top + height / 2 + page.jitter(0.2)
        page.write(x, y)
    return page.photograph()


def write_rows(page: Page, baseline: float, pitch: float, left: float, right: float) -> None:
    """Write up to three rows of up to seven digits, with gaps.

    Args:
        page: the page.
        baseline: the bottom of the first row.
        pitch: the distance between rows.
        left: where the rows begin.
        right: where the rows end.
    """
    for index in range(int(page.rng.integers(1, 4))):
        x = left + page.height
        middle = baseline + index * pitch - page.height / 2
        for _ in range(int(page.rng.integers(2, 8))):
            y = middle + page.jitter(0.1)
            page.write(x, y)
            x += page.height * page.rng.uniform(1, 1.6)
            if x > right - page.height:
                break


def draw_ruled_paper(page: Page) -> bytes:
    """Draw rows of digits on ruled paper. They stand on the lines, cross them or float."""
    pitch, left = page.draw_lengths([1.2, 0.3], [1.8, 1.5])
    width = page.height * 11 + left
    height = 4.6 * pitch
    draw = page.set_size(width, height)
    first_line = pitch * page.rng.uniform(0.1, 0.5)
    inset = 0 if page.rng.random() < 0.7 else left / 2
    for index in range(5):
        y = first_line + index * pitch
        draw.line([inset, y, width - inset, y], 255, page.thickness)
    has_margin = page.rng.random() < 0.4
    if has_margin:
        draw.line([left, 0, left, height], 255, page.thickness)
    baseline = first_line + pitch + page.jitter(0.25)
    write_rows(page, baseline, pitch, left, width)
    return page.photograph()


def draw_squared_paper(page: Page) -> bytes:
    """Draw rows of digits on squared paper, with squares smaller or larger than the digits."""
    page.thickness = int(page.rng.integers(1, 3))
    page.darkness = page.rng.uniform(0.12, 0.6)
    pitch, width, height = page.draw_lengths([0.4, 5, 4], [1.4, 11, 6])
    draw = page.set_size(width, height)
    first_line = page.rng.uniform(0, pitch)
    for position in np.arange(first_line, max(width, height), pitch).tolist():
        draw.line([position, 0, position, height], 255, page.thickness)
        draw.line([0, position, width, position], 255, page.thickness)
    write_rows(page, 1.3 * page.height, 1.4 * page.height, 0, width)
    return page.photograph()


def draw_cut_off_sheet(page: Page) -> bytes:
    """Draw rows of digits on a sheet that ends in the picture.

    It lies on a dark table, may be in a shadow, and may have writing that is cut off.
    """
    rng = page.rng
    width, height = page.draw_lengths([6, 5], [12, 7])
    draw = page.set_size(width, height)
    distances = page.height * rng.uniform(0.1, 0.8, 4)
    left, right, top, bottom = distances * (rng.random(4) < 0.5)
    n_columns, n_rows = page.lines.size
    y, x = np.mgrid[:n_rows, :n_columns]
    tilt_y = (x / width - 0.5) * page.jitter(0.3)
    tilt_x = (y / height - 0.5) * page.jitter(0.3)
    is_table = (x < left + tilt_x) | (x > width - right + tilt_x)
    is_table |= (y < top + tilt_y) | (y > height - bottom + tilt_y)
    page.light = np.where(is_table, rng.uniform(0.05, 0.6), 1.0)

    has_shadow = rng.random() < 0.5
    if has_shadow:
        edge = rng.uniform(0.2, 0.8) * width
        strength = rng.uniform(0.1, 0.4)
        softness = rng.uniform(2, 30)
        position = (x - edge) / softness
        page.light *= 1 - strength / (1 + np.exp(position))
    has_writing_below = rng.random() < 0.4
    if has_writing_below and bottom == 0:
        page.darkness = page.pen
        for position in np.arange(page.height, width, page.height * 0.7):
            start = [position, height - page.height * 0.2]
            end = [position + page.jitter(0.3), height]
            draw.line([*start, *end], 255, 3)
    text_left = page.height * 0.5
    text_right = width - page.height * 0.7
    write_rows(page, 2 * page.height, 1.3 * page.height, text_left, text_right)
    return page.photograph()


def draw_pencil(page: Page) -> bytes:
    """Draw rows of digits in faint pencil, with strokes that the grain of the paper breaks."""
    page.pen = page.rng.uniform(0.15, 0.4)
    width = page.height * 9
    page.set_size(width, page.height * 5)
    write_rows(page, 1.5 * page.height, 1.4 * page.height, 0, width)
    return page.photograph(grain=page.rng.uniform(0.1, 0.35))


KINDS: dict[str, Callable[[Page], bytes]] = {
    "one digit in its printed box": draw_one_box,
    "a number in a row of boxes": draw_boxes,
    "a number in a comb": draw_comb,
    "rows on ruled paper": draw_ruled_paper,
    "rows on squared paper": draw_squared_paper,
    "a sheet's dark edges, shadows, cut-off writing": draw_cut_off_sheet,
    "faint, broken pencil": draw_pencil,
}


def draw_pages(
    draw: Callable[[Page], bytes], images: Pixels, classes: Vector, n_digits: int
) -> Iterator[tuple[Page, bytes]]:
    """Yield pages of one kind, each also as a JPEG, until they have `n_digits` digits."""
    rng = np.random.default_rng(42)
    n_missing = n_digits
    while n_missing > 0:
        chosen = rng.integers(0, len(images), 40)
        page = Page(rng, zip(images[chosen], classes[chosen].tolist(), strict=True))
        picture = draw(page)
        yield page, picture
        n_missing -= len(page.written)


def judge_page(recognizer: Recognizer, page: Page, found: list[Digit]) -> list[bool]:
    """Return whether each digit on a page was read correctly.

    A digit is read correctly if the only digit that was found at its place has its class. A
    digit that was found elsewhere is wrong, and counts for the nearest digit on the page.
    """
    predictions = handwriting.predict_digits(recognizer, found)
    labels: list[list[int | str | None]] = [[] for _ in page.written]
    for digit, prediction in zip(found, predictions, strict=True):
        nearest, is_at_its_place = find_nearest(page, digit)
        labels[nearest].append(prediction.label if is_at_its_place else None)
    pairs = zip(labels, page.written, strict=True)
    return [read == [written.label] for read, written in pairs]


def find_nearest(page: Page, digit: Digit) -> tuple[int, bool]:
    """Return the index of the written digit that is nearest to a digit that was found.

    The second value is whether it is nearer than half its height.
    """
    left, top, width, height = digit.box
    x = left + width / 2
    y = top + height / 2
    distances = []
    for written in page.written:
        distance = np.hypot(x - written.x, y - written.y)
        distances.append(distance / written.height)
    nearest = int(np.argmin(distances))
    return nearest, bool(distances[nearest] < 0.5)


def measure_pages(folder: Path, quick: bool) -> list[str]:
    """Measure how the digits on each kind of page are read."""
    recognizer = handwriting.load_recognizer()
    images, classes = handwriting.read_mnist(quick)
    n_digits = N_DIGITS_QUICK if quick else N_DIGITS
    rows = []
    for name, draw in KINDS.items():
        measuring.log(name)
        are_correct = []
        for page, picture in draw_pages(draw, images, classes, n_digits):
            [found] = handwriting.find_digits(recognizer, [picture])
            are_correct += judge_page(recognizer, page, found)
        proportion = measuring.format_proportion(sum(are_correct), len(are_correct))
        rows.append([name, len(are_correct), proportion])
    return measuring.format_table(HEADER, rows)


if __name__ == "__main__":
    measuring.main(__doc__, {"paper": measure_pages})
