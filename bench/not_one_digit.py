"""Measure what `predict` makes of pictures of no digit and of two that touch.

Writes two tables of docs/handwriting/handwriting.md. Needs MNIST's split and a model of it (`make repro`). Takes some
minutes. The rule for what is none was chosen on other fonts (DejaVu) and seeds than those here.
"""

from collections.abc import Iterable
from functools import partial
from itertools import product
from pathlib import Path
from string import ascii_lowercase, ascii_uppercase, digits

from bench import handwriting, measuring
from bench.handwriting import DRAWN, FONTS, Grey, find, mnist, printed
from digits.core.errors import PipelineError
from digits.handwriting.recognizer import Recognizer

import numpy as np
from PIL import Image, ImageDraw

COUNT, QUICK = 1_000, 10  # scribbles, and pairs
OVERLAPS = [1, 2, 3, 4]  # pixels of MNIST
GREEK = "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΦΨΩ"
SIGNS = "+=?!#%&@$*<>~{}[]/§€£"
SETS = {"digits": digits, "capital letters": ascii_uppercase, "small letters": ascii_lowercase}
SETS |= {"Greek letters": GREEK, "signs": SIGNS}
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


def shape() -> Grey:
    """Return a polygon, a star, a cross, an arrow, a house or a face, turned a little, drawn with a pen."""
    image = Image.new("L", (200, 200), 255)
    draw, width, corners = ImageDraw.Draw(image), int(random.randint(6, 14)), int(random.randint(3, 9))
    turn, radius = random.uniform(-0.3, 0.3), random.uniform(45, 70)
    points = [100 + radius * np.array([np.sin(a), -np.cos(a)]) for a in 2 * np.pi * np.arange(8) / 8 + turn]
    lines = {"star": [[0, 3, 6, 1, 4, 7, 2, 5, 0]], "cross": [[0, 4], [2, 6]], "arrow": [[0, 4], [7, 0, 1]]}
    lines |= {"house": [[7, 1, 3, 5, 7, 0, 1]], "face": [], "polygon": []}
    kind = random.choice(list(lines))
    if kind == "polygon":
        draw.regular_polygon((100, 100, radius), corners, 10 * turn, outline=0, width=width)
    if kind == "face":
        draw.ellipse((100 - radius, 100 - radius, 100 + radius, 100 + radius), outline=0, width=width)
        for x, y in ((80, 85), (120, 85), (100, 120)):
            draw.ellipse((x - 8, y - 8, x + 8, y + 8), fill=0)
    for line in lines[kind]:
        draw.line([tuple(points[i].tolist()) for i in line], fill=0, width=width, joint="curve")
    return np.asarray(image)


def paper(*, is_lit_unevenly: bool = False) -> Grey:
    """Return a sheet without ink, of any brightness, with a camera's noise of up to 12 grey levels."""
    left, right = random.randint(40, 250, 2)
    light = np.linspace(left, right if is_lit_unevenly else left, 300)
    return np.clip(light + random.normal(0, random.uniform(0, 12), (200, 300)), 0, 255).astype(np.uint8)


MADE = {"shapes": shape, "scribbles": scribble, "blank paper, noisy": paper}
MADE |= {"the same, unevenly lit": partial(paper, is_lit_unevenly=True)}


def outcomes(recognizer: Recognizer, pictures: Iterable[Grey], kind: str = "PNG") -> list[str]:
    """Return for each picture `error`, or `none` where nothing in it is a digit, else `digit`."""
    found = [[digit.image for digit in found] for found in find(pictures, recognizer, kind)]
    images = [image for of_picture in found for image in of_picture]
    rejected = iter(recognizer.rejects(np.array(images)).tolist() if images else [])
    each = [[next(rejected) for _ in images] for images in found]
    return ["error" if not marks else "none" if all(marks) else "digit" for marks in each]


def row(name: str, found: list[str]) -> list[str]:
    """Return a row of the table: how many pictures, and the shares of the outcomes."""
    errors = found.count("error") / len(found)
    return [name, str(len(found)), f"{errors:.1%}", measuring.share(found.count("none"), len(found))]


def load() -> Recognizer:
    """Return the recognizer of MNIST's digits; a PipelineError if it cannot tell what is none."""
    recognizer = Recognizer.load(dataset="mnist")
    if recognizer.novelty is None:
        raise PipelineError(f"{recognizer.experiment} has no folds, by which to tell what is none")
    return recognizer


def none(folder: Path, quick: bool) -> list[str]:
    """Measure how often a digit is said to be none, and how often what is none."""
    recognizer, (images, _) = load(), mnist(quick)
    rows = []
    for i in (0, 1, 5, 8, 9):  # of the drawings, those that differ most
        name, draw, kind = DRAWN[i]
        measuring.log(name)
        chosen = images if i == 0 else images[random.permutation(len(images))[: handwriting.SAMPLE]]
        rows.append(row(f"MNIST's test images, {name}", outcomes(recognizer, map(draw, chosen), kind)))
    fonts = [path for path in FONTS if "Liberation" in path.name][: 1 if quick else None]
    for name, signs in SETS.items() if fonts else []:
        measuring.log(name)
        drawn = (np.pad(printed(font, sign), 20, constant_values=255) for sign, font in product(signs, fonts))
        rows.append(row(f"{name} printed in {len(fonts)} fonts", outcomes(recognizer, drawn)))
    for name, made in MADE.items():
        measuring.log(name)
        rows.append(row(name, outcomes(recognizer, (made() for _ in range(QUICK if quick else COUNT)))))
    return measuring.table(["pictures of", "pictures", "an error: no digit found", "none (95 %)"], rows)


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
            seen = recognizer.predict(np.array([digit.image for digit in found])) if found else []
            right = [each.label for each in seen] == classes[pair].tolist()
            outcome.append((len(found) == 2, right, right and not any(each.is_none for each in seen)))
        two, named, right = np.array(outcome).sum(axis=0).tolist()
        shares = [f"{two / count:.1%}", f"{named / count:.1%}", measuring.share(right, count)]
        rows.append([str(overlap), str(count), *shares])
    measuring.log("single digits")
    sheets = [np.pad(image, 14) for image in images]
    split, broken = (
        sum(len(found) > 1 for found in find(sheets, each)) for each in (recognizer, recognizer._replace(novelty=None))
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
