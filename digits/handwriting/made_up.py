"""What a rule for what is none learns from: pictures of nothing, and training images as they look on paper."""

import string
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import Any

from digits.core.tables import Pixels
from digits.handwriting.components import Digit
from digits.pictures import Picture, PictureError

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from scipy import ndimage

COUNT = 2_000  # pictures of each kind at most
SIDE = 100  # pixels


def pictures(images: Pixels, find: Callable[[Picture], list[Digit]]) -> tuple[Pixels, Pixels]:
    """Return pictures of nothing, and training images that went the same way; shape (n, height, width)."""
    random, font = np.random.default_rng(0), ImageFont.load_default(SIDE)
    count = min(COUNT, len(images) // 2)

    def drawn(pictures: Iterator[Pixels]) -> Pixels:
        found = []
        for picture in pictures:
            with suppress(PictureError):
                found += [digit.image for digit in find(Picture(picture, 1.0))[:1]]
        return np.array(found)

    def some() -> Pixels:
        return images[random.integers(len(images))]

    def kinds() -> Iterator[Pixels]:
        for _ in range(count):
            yield _scribble(random)
            yield _bent(_letter(random, font), random)
            yield _pieces(some(), some(), random)

    others, clean = drawn(kinds()), drawn(_enlarged(some()) for _ in range(count))
    return others, np.concatenate([clean, drawn(_on_paper(some(), random) for _ in range(count))])


def _enlarged(image: Pixels) -> Pixels:
    return np.asarray(Image.fromarray(image).resize((SIDE, SIDE), Image.Resampling.BICUBIC))


def _on_paper(image: Pixels, random: np.random.Generator) -> Pixels:
    """Return an image as it looks on printed paper: with gaps in its strokes, and lines across."""
    ink = random.uniform(0.5, 1) / 255 * _enlarged(image)
    ink *= ndimage.gaussian_filter(random.random(ink.shape), 0.8) > random.uniform(0.2, 0.45)
    for each in (ink, ink.T, ink, ink.T):
        at, width = random.integers(SIDE), random.integers(1, 8)
        each[at : at + width] = 1 - random.uniform(0.1, 0.8) * (1 - each[at : at + width])
    return (255 * ink).astype(np.uint8)


def _scribble(random: np.random.Generator) -> Pixels:
    """Return a smooth line of a few strokes."""
    strokes = int(random.integers(3, 12))
    points = np.clip(SIDE / 2 + np.cumsum(SIDE / 4.5 * random.normal(size=(strokes, 2)), axis=0), 5, SIDE - 5)
    dense = [np.interp(np.linspace(0, strokes - 1, 12 * strokes), np.arange(strokes), line) for line in points.T]
    smooth = [np.convolve(line, np.ones(9) / 9, "valid").tolist() for line in dense]
    image = Image.new("L", (SIDE, SIDE), 255)
    ImageDraw.Draw(image).line(list(zip(*smooth, strict=True)), fill=0, width=int(random.integers(3, 7)), joint="curve")
    return np.asarray(image)


def _letter(random: np.random.Generator, font: Any) -> Pixels:
    """Return a letter or a sign."""
    image = Image.new("L", (2 * SIDE, 2 * SIDE), 255)
    sign = random.choice(list(string.ascii_letters + string.punctuation))
    ImageDraw.Draw(image).text((SIDE, SIDE), sign, fill=0, font=font, anchor="mm")
    return np.asarray(image.resize((SIDE, SIDE)))


def _bent(image: Pixels, random: np.random.Generator) -> Pixels:
    """Return an image turned, sheared, stretched and bent, as a hand would."""
    angle, shear = random.uniform(-0.2, 0.2), random.uniform(-0.3, 0.3)
    turn = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    matrix = turn @ np.array([[1, 0], [shear, 1]]) / random.uniform(0.8, 1.25, 2)
    waves = ndimage.gaussian_filter(random.uniform(-150, 150, (2, SIDE, SIDE)), (0, 6, 6))
    places = np.tensordot(matrix, np.mgrid[:SIDE, :SIDE] - SIDE / 2, 1) + SIDE / 2 + waves
    return ndimage.map_coordinates(image, places, order=1, cval=255)


def _pieces(a: Pixels, b: Pixels, random: np.random.Generator) -> Pixels:
    """Return two training images halved and joined or laid on each other, or the first mirrored or on its side."""
    height, width = a.shape
    ways = (
        lambda: np.hstack([a[:, : width // 2], b[:, width // 2 :]]),
        lambda: np.vstack([a[: height // 2], b[height // 2 :]]),
        lambda: np.maximum(a, np.roll(b, random.integers(-height // 4, height // 4 + 1, 2), (0, 1))),
        lambda: a[:, ::-1],
        lambda: np.rot90(a, random.choice([1, 3])),
    )
    return np.ascontiguousarray(ways[random.integers(len(ways))]())
