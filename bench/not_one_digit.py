"""Measure what `predict` makes of pictures of no digit and of two that touch.

Writes two tables of docs/handwriting/handwriting.md. Needs MNIST's split, a model of it and the density (`make
repro`). Takes a few minutes.
"""

from collections.abc import Iterable
from functools import partial
from itertools import product
from pathlib import Path
from string import ascii_lowercase, ascii_uppercase, digits

from bench import handwriting, measuring
from bench.handwriting import DRAWN, FONTS, Grey, find, mnist, printed
from digits.evaluation.intervals import wilson
from digits.handwriting.recognizer import Recognizer
from digits.support.errors import PipelineError

import numpy as np
from PIL import Image, ImageDraw

COUNT, QUICK = 1_000, 10  # scribbles, and pairs
OVERLAPS = [1, 2, 3, 4]  # pixels of MNIST
random = np.random.RandomState(42)


def scribble() -> Grey:
    """Return a smooth line of a few strokes, as thick as a digit's, drawn at random."""
    strokes = random.randint(4, 12)
    points = np.clip(100 + np.cumsum(45 * random.randn(strokes, 2), axis=0), 10, 190)
    dense = [np.interp(np.linspace(0, strokes - 1, 12 * strokes), np.arange(strokes), line) for line in points.T]
    smooth = [np.convolve(line, np.ones(9) / 9, "valid").tolist() for line in dense]
    image = Image.new("L", (200, 200), 255)
    ImageDraw.Draw(image).line(list(zip(*smooth, strict=True)), fill=0, width=8, joint="curve")
    return np.asarray(image)


def paper(*, is_lit_unevenly: bool = False) -> Grey:
    """Return a sheet without ink, of any brightness, with a camera's noise of up to 12 grey levels."""
    left, right = random.randint(40, 250, 2)
    light = np.linspace(left, right if is_lit_unevenly else left, 300)
    return np.clip(light + random.normal(0, random.uniform(0, 12), (200, 300)), 0, 255).astype(np.uint8)


def outcomes(recognizer: Recognizer, pictures: Iterable[Grey], kind: str = "PNG") -> list[str]:
    """Return for each picture `error`, or `none` where nothing in it is a digit, else `digit`."""
    found = [[digit.image for digit in found] for found in find(pictures, recognizer, kind)]
    images = [image for of_picture in found for image in of_picture]
    rejected = iter(recognizer.rejects(np.array(images)).tolist() if images else [])
    each = [[next(rejected) for _ in images] for images in found]
    return ["error" if not marks else "none" if all(marks) else "digit" for marks in each]


def row(name: str, found: list[str]) -> list[str]:
    """Return a row of the table: how many pictures, and the shares of the outcomes."""
    none = found.count("none")
    low, high = wilson(none / len(found), len(found))
    shares = f"{none / len(found):.1%} ({low:.1%} to {high:.1%})"
    return [name, str(len(found)), f"{found.count('error') / len(found):.1%}", shares]


def load() -> Recognizer:
    """Return the recognizer of MNIST's digits; a PipelineError if it cannot tell what is none."""
    recognizer = Recognizer.load(dataset="mnist")
    if recognizer.density is None:
        raise PipelineError("no density of MNIST's digits is here; `make repro` makes it")
    return recognizer


def none(folder: Path, quick: bool) -> list[str]:
    """Measure how often a digit is said to be none, and how often what is none."""
    recognizer, (images, _) = load(), mnist(quick)
    rows = []
    for i, (name, draw, kind) in enumerate(DRAWN):
        measuring.log(name)
        chosen = images if i == 0 else images[random.permutation(len(images))[: handwriting.SAMPLE]]
        rows.append(row(f"MNIST's test images, {name}", outcomes(recognizer, map(draw, chosen), kind)))
    fonts = [path for path in FONTS if "Symbol" not in path.name][: 1 if quick else None]
    spared = []
    for name, signs in (("digits", digits), ("capital letters", ascii_uppercase), ("small letters", ascii_lowercase)):
        measuring.log(name)
        drawn = (np.pad(printed(font, sign), 20, constant_values=255) for sign, font in product(signs, fonts))
        found = outcomes(recognizer, drawn) if fonts else []
        rows += [row(f"{name} printed in {len(fonts)} fonts", found)] if found else []
        by_sign = {sign: found[i * len(fonts) : (i + 1) * len(fonts)] for i, sign in enumerate(signs)}
        spared += [sign for sign, of in by_sign.items() if sign not in digits and 2 * of.count("digit") > len(fonts)]
    for name, made in (
        ("scribbles", scribble),
        ("blank paper, noisy", paper),
        ("the same, unevenly lit", partial(paper, is_lit_unevenly=True)),
    ):
        measuring.log(name)
        rows.append(row(name, outcomes(recognizer, (made() for _ in range(QUICK if quick else COUNT)))))
    table = measuring.table(["pictures of", "pictures", "an error: no digit found", "none (95 %)"], rows)
    return [*table, "", f"Taken for digits in most fonts: {' '.join(spared)}."]


def push_together(pair: Grey, overlap: int) -> Grey:
    """Return two images of MNIST side by side, so that the columns with ink overlap by some pixels."""
    ends = [np.flatnonzero(image.any(axis=0))[[0, -1]] for image in pair]
    left, right = (image[:, first : last + 1] for image, (first, last) in zip(pair, ends, strict=True))
    start = left.shape[1] - min(overlap, left.shape[1], right.shape[1])  # a one may be narrower
    both = np.zeros((28, start + right.shape[1]), np.uint8)
    both[:, : left.shape[1]] = left
    both[:, start:] = np.maximum(both[:, start:], right)
    return np.pad(both, 14)


def touching(folder: Path, quick: bool) -> list[str]:
    """Measure how often pairs of digits that overlap are read as two, and single ones as two."""
    recognizer, (images, classes) = load(), mnist(quick)
    count = QUICK if quick else COUNT
    rows = []
    for overlap in OVERLAPS:
        measuring.log(f"pairs that overlap by {overlap}")
        pairs = random.randint(0, len(images), (count, 2))
        outcome = []
        sheets = [push_together(images[pair], overlap) for pair in pairs]
        for found, pair in zip(find(sheets, recognizer), pairs, strict=True):
            seen = recognizer.predict(np.array([digit.image for digit in found]))
            right = [each.label for each in seen] == classes[pair].tolist()
            outcome.append((len(found) == 2, right, right and not any(each.is_none for each in seen)))
        two, named, right = np.array(outcome).sum(axis=0).tolist()
        low, high = wilson(right / count, count)
        shares = [f"{two / count:.1%}", f"{named / count:.1%}", f"{right / count:.1%} ({low:.1%} to {high:.1%})"]
        rows.append([str(overlap), str(count), *shares])
    measuring.log("single digits")
    sheets = [np.pad(image, 14) for image in images]
    split, broken = (
        sum(len(found) > 1 for found in find(sheets, each)) for each in (recognizer, recognizer._replace(density=None))
    )
    header = ["pixels of overlap", "pairs", "two found", "both named rightly", "and none rejected (95 %)"]
    return [
        *measuring.table(header, rows),
        "",
        f"Of the {len(images)} test images, each alone on a larger sheet, {split} are read as two or more. Without any "
        f"splitting it is {broken}, whose strokes are broken.",
    ]


if __name__ == "__main__":
    measuring.main(__doc__, handwriting.PAGE, {"none": none, "touching": touching})
