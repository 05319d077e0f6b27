"""Measure how pictures of digits, of no digit, and of two that touch are read, as `digits predict` does it.

Writes two tables of docs/handwriting/measured.md. Needs MNIST's split and a model of it (`make repro`). Takes some
minutes. How two p-values are combined was chosen on other fonts (DejaVu) and seeds than those here.
"""

from collections.abc import Iterable
from contextlib import suppress
from io import BytesIO
from itertools import product
from pathlib import Path
from string import ascii_lowercase, ascii_uppercase, digits

from bench import measuring
from digits import pictures
from digits.core import paths, tables
from digits.core.errors import PipelineError
from digits.core.tables import Pixels
from digits.handwriting.components import Digit
from digits.handwriting.likeness import RARE
from digits.handwriting.recognizer import Recognizer
from digits.learning import scoring

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

Grey = npt.NDArray[np.uint8]
FONTS = sorted(Path("/usr/share/fonts/truetype/liberation").glob("*.ttf"))
PAGE = Path("docs", "handwriting", "measured.md")
SAMPLE = 2_000  # test images of a drawing
COUNT, QUICK = 1_000, 10  # scribbles, and pairs
SHARES = [0.005, RARE, 0.02, 0.05]  # of the training images that are marked
OVERLAPS = [1, 2, 3, 4]  # pixels of MNIST
GREEK = "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΦΨΩ"
SIGNS = "+=?!#%&@$*<>~{}[]/§€£"
SETS = {"digits": digits, "capital letters": ascii_uppercase, "small letters": ascii_lowercase}
SETS |= {"Greek letters": GREEK, "signs": SIGNS}
random = np.random.RandomState(42)


def photograph(image: Grey) -> Grey:
    """Return a test image enlarged, in grey ink on paper that is lit from one corner, with a camera's noise."""
    ink = np.asarray(Image.fromarray(image).resize((280, 280), Image.Resampling.BICUBIC)) / 255
    y, x = np.mgrid[0:1:280j, 0:1:280j]
    light = 90 + 160 * (0.6 * x + 0.4 * y)
    return np.clip(light * (1 - 0.7 * ink) + random.normal(0, 5, ink.shape), 0, 255).astype(np.uint8)


def printed(font: Path, sign: str) -> Grey:
    """Return a sign of about 60 pixels in black on white."""
    shape = ImageFont.truetype(font, 80)
    left, top, right, bottom = shape.getbbox(sign)
    image = Image.new("L", (round(right - left) + 40, round(bottom - top) + 40), 255)
    ImageDraw.Draw(image).text((20 - left, 20 - top), sign, fill=0, font=shape)
    return np.asarray(image)


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


MADE = {"shapes": shape, "scribbles": scribble}


def mnist(quick: bool) -> tuple[Pixels, Pixels]:
    """Return MNIST's test images, shape (images, 28, 28), and their classes; the first fifty if `quick`."""
    test = tables.read(paths.split("mnist", "test"))[: 50 if quick else None]
    return tables.pixels(test).reshape(-1, 28, 28), test["class"].to_numpy()


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


def likenesses(recognizer: Recognizer, drawn: Iterable[Grey], kind: str = "PNG", *, splits: bool = True) -> list[float]:
    """Return for each picture the likeness of its digit that is most like one; nan where no digit is found."""
    finder = recognizer if splits else recognizer._replace(likeness=None)
    found = [[digit.image for digit in of_picture] for of_picture in find(drawn, finder, kind)]
    images = np.array([image for of_picture in found for image in of_picture])
    rule = recognizer.likeness
    assert rule
    scores = scoring.score(recognizer.model, images.reshape(len(images), -1)) if len(images) else None
    each = iter([] if scores is None else rule.measure(scores, rule.log_densities(images)).tolist())
    return [max([next(each) for _ in of_picture], default=np.nan) for of_picture in found]


def row(recognizer: Recognizer, name: str, found: list[float]) -> list[str]:
    """Return a row of the table: how many pictures, and of those with a digit, the share that each rule marks."""
    assert recognizer.likeness
    values = np.array(found)
    seen = values[~np.isnan(values)]
    thresholds = [recognizer.likeness.threshold(share) for share in SHARES]
    marked = [f"{(seen < least).mean():.1%}" if len(seen) else "–" for least in thresholds]
    return [name, str(len(values)), f"{1 - len(seen) / len(values):.1%}", *marked]


def load() -> Recognizer:
    """Return the recognizer of MNIST's digits; a PipelineError if nothing tells it what is unlike them."""
    recognizer = Recognizer.load(dataset="mnist")
    if not (recognizer.likeness and recognizer.likeness.density):
        raise PipelineError(f"{recognizer.experiment} has no Gaussians of its task to judge by")
    return recognizer


def unlike(folder: Path, quick: bool) -> list[str]:
    """Measure how often a digit is marked, and how often what is none, by rules that mark 0.5 to 5 % in training."""
    recognizer, (images, _) = load(), mnist(quick)
    sample = images[random.permutation(len(images))[:SAMPLE]]
    rows = []
    for name, chosen, draw, kind in (
        ("as they are", images, np.array, "PNG"),
        ("enlarged, unevenly lit, noisy, as JPEG", sample, photograph, "JPEG"),
    ):
        measuring.log(name)
        rows.append(row(recognizer, f"MNIST's test images, {name}", likenesses(recognizer, map(draw, chosen), kind)))
    fonts = FONTS[: 1 if quick else None]
    sets = {
        f"{name} printed in {len(fonts)} fonts": [printed(font, sign) for sign, font in product(signs, fonts)]
        for name, signs in SETS.items()
        if fonts
    }
    sets |= {name: [made() for _ in range(QUICK if quick else COUNT)] for name, made in MADE.items()}
    for name, drawn in sets.items():
        measuring.log(name)
        rows.append(row(recognizer, name, likenesses(recognizer, drawn)))
    others = [drawn for name, of_name in sets.items() if not name.startswith("digits") for drawn in of_name]
    for name, splits in (
        ("all letters, signs, shapes and scribbles", True),
        ("the same, where nothing is split", False),
    ):
        measuring.log(name)
        rows.append(row(recognizer, name, likenesses(recognizer, others, splits=splits)))
    header = ["pictures of", "pictures", "no digit found", *(f"marked at {share:.1%}" for share in SHARES)]
    return measuring.table(header, rows)


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
            outcome.append((len(found) == 2, right, right and any(each.is_unlike for each in seen)))
        two, right, marked = np.array(outcome).sum(axis=0).tolist()
        shares = [f"{two / count:.1%}", measuring.share(right, count), f"{marked / count:.1%}"]
        rows.append([str(overlap), str(count), *shares])
    measuring.log("single digits")
    sheets = [np.pad(image, 14) for image in images]
    split, broken = (
        sum(len(found) > 1 for found in find(sheets, each)) for each in (recognizer, recognizer._replace(likeness=None))
    )
    header = ["pixels of overlap", "pairs", "two found", "both read correctly (95 %)", "of these, one marked"]
    return [
        *measuring.table(header, rows),
        "",
        f"Of the {len(images)} test images, each alone on a larger sheet, {split} are read as two or more. Without any "
        f"splitting, {broken} are, because of broken strokes.",
    ]


if __name__ == "__main__":
    measuring.main(__doc__, PAGE, {"unlike": unlike, "touching": touching})
