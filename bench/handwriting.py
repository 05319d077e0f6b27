"""Measure how well pictures of digits are read, and write docs/handwriting.md.

Draws the MNIST test images as picture files in many ways, and the ten digits in twenty fonts, and reads them as
`tools/predict.py` does. Takes a minute or two. Run from the repository: python -m bench.handwriting
"""

import json
import sys
from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from digits.common import cli, files, tables
from digits.common.cli import PipelineError

sys.path.insert(1, "tools")

from tools.ink import digits, pictures
from tools.ink.recognizer import Recognizer

Grey = npt.NDArray[np.uint8]
TEST = Path("data", "split", "mnist", "test.parquet")
FONTS = Path("/usr/share/fonts/truetype")
FAMILIES = ("dejavu", "liberation", "freefont")
PAGE = Path("docs", "handwriting.md")
random = np.random.RandomState(42)


def enlarged(image: Grey, resampling: Image.Resampling) -> Grey:
    """Return an image ten times as high and wide."""
    return np.asarray(Image.fromarray(image).resize((280, 280), resampling))


def on_canvas(image: Grey, side: int) -> Grey:
    """Return the image somewhere on a black canvas."""
    canvas = np.zeros((side, side), np.uint8)
    top, left = random.randint(0, side - 27, 2)
    canvas[top : top + 28, left : left + 28] = image
    return canvas


def with_noisy_border(image: Grey) -> Grey:
    """Return the image with random grey in its outermost 3 pixels."""
    noisy = random.randint(0, 256, image.shape).astype(np.uint8)
    noisy[3:-3, 3:-3] = image[3:-3, 3:-3]
    return noisy


def photographed(image: Grey) -> Grey:
    """Return grey ink on paper that is lit from one corner, with a camera's noise."""
    ink = enlarged(image, Image.Resampling.BICUBIC) / 255
    y, x = np.mgrid[0:1:280j, 0:1:280j]
    light = 90 + 160 * (0.6 * x + 0.4 * y)
    return np.clip(light * (1 - 0.7 * ink) + random.normal(0, 5, ink.shape), 0, 255).astype(np.uint8)


# What the picture is, how to draw it, and its format.
DRAWN: list[tuple[str, Callable[[Grey], Grey], str]] = [
    ("as they are", lambda image: image, "PNG"),
    ("inverted: dark on white", lambda image: 255 - image, "PNG"),
    ("enlarged 10 times, bicubic", lambda image: enlarged(image, Image.Resampling.BICUBIC), "PNG"),
    ("enlarged 10 times, nearest", lambda image: enlarged(image, Image.Resampling.NEAREST), "PNG"),
    ("shifted in 48 × 48", lambda image: on_canvas(image, 48), "PNG"),
    ("somewhere on 400 × 400", lambda image: on_canvas(image, 400), "PNG"),
    ("JPEG of quality 60", lambda image: image, "JPEG"),
    ("enlarged, inverted, JPEG of quality 60", lambda i: 255 - enlarged(i, Image.Resampling.BICUBIC), "JPEG"),
    ("3 pixels of noise around", with_noisy_border, "PNG"),
    ("enlarged, unevenly lit, noisy, JPEG of quality 60", photographed, "JPEG"),
]


def encoded(image: Grey, kind: str) -> BytesIO:
    """Return an image as a file in memory."""
    file = BytesIO()
    Image.fromarray(image).save(file, kind, **({"quality": 60} if kind == "JPEG" else {}))
    file.seek(0)
    return file


def seen(file: BytesIO, size: int) -> Grey:
    """Return the one digit found in a picture; black where none or several are found, which counts as a mistake."""
    try:
        found = digits.find(pictures.read(file), size)
    except pictures.PictureError:
        found = []
    return found[0].image if len(found) == 1 else np.zeros((size, size), np.uint8)


def accuracy(recognizer: Recognizer, images: list[Grey], classes: npt.NDArray[np.uint8]) -> float:
    """Return the share of images read rightly; a black one is not."""
    stacked = np.array(images)
    guesses = np.array(recognizer.classes)[recognizer.probabilities(stacked).argmax(axis=1)]
    return float(((guesses == classes) & stacked.any(axis=(1, 2))).mean())


def mnist_rows(recognizer: Recognizer) -> list[str]:
    """Measure the test images in every drawing: all 10 000 as they are, the same random 2 000 in the others."""
    images = tables.read_pixels(TEST).reshape(-1, 28, 28)
    classes = tables.column(tables.read(TEST, ["class"]), "class")
    some = random.permutation(len(images))[:2000]
    as_is = accuracy(recognizer, list(images[some]), classes[some])
    rows = []
    for name, draw, kind in DRAWN:
        chosen = np.arange(len(images)) if name == "as they are" else some
        own = accuracy(recognizer, list(images), classes) if name == "as they are" else as_is
        read = [seen(encoded(draw(image), kind), recognizer.size) for image in images[chosen]]
        rate = accuracy(recognizer, read, classes[chosen])
        rows.append(f"| {name} | {len(chosen)} | {own:.4f} | {rate:.4f} | {100 * (rate - own):+.2f} |")
        print(rows[-1], flush=True)
    return rows


def fonts() -> list[Path]:
    """Return twenty fonts, evenly from the families' sorted files."""
    found = sorted(path for family in FAMILIES for path in (FONTS / family).glob("*.ttf"))
    return [found[i * len(found) // 20] for i in range(20)] if len(found) >= 20 else []


def printed(font: Path, digit: int) -> Image.Image:
    """Return a digit of about 60 pixels in black on white, cut tightly."""
    shape = ImageFont.truetype(font, 80)
    left, top, right, bottom = shape.getbbox(str(digit))
    image = Image.new("L", (round(right - left), round(bottom - top)), 255)
    ImageDraw.Draw(image).text((-left, -top), str(digit), fill=0, font=shape)
    return image


def font_text(recognizer: Recognizer) -> str:
    """Measure printed digits, read as predict does and resized plainly."""
    chosen = fonts()
    if not chosen:
        return "Fewer than twenty fonts are installed, so printed digits were not measured."
    classes = np.tile(np.arange(10, dtype=np.uint8), len(chosen))
    drawings = [printed(font, digit) for font in chosen for digit in range(10)]
    plain = [255 - np.asarray(image.resize((28, 28))) for image in drawings]
    framed = [np.pad(np.asarray(image), 20, constant_values=255) for image in drawings]
    ours = [seen(encoded(image, "PNG"), recognizer.size) for image in framed]
    return (
        f"Printed digits, which MNIST has none of, in {len(chosen)} fonts of Debian's DejaVu, Liberation and FreeFont\n"
        f"packages ({len(drawings)} pictures): {accuracy(recognizer, ours, classes):.3f} of them are read rightly. "
        f"Resizing each tight\npicture to 28 × 28 instead, as many examples do, gives "
        f"{accuracy(recognizer, plain, classes):.3f}."
    )


TEXT = """# How a picture becomes what the model sees

A model knows only pictures drawn like those it was trained on. So `tools/predict.py` redraws each digit the way its
training images were drawn:

1. The picture becomes grey: turned as its EXIF data says, transparent parts laid over white (or over black, where
   white would hide the ink), only the first frame. Photos above 2 000 pixels are reduced; above 50 megapixels refused.
2. The paper's brightness is estimated: one level where the picture is flat, else a smooth surface (a cubic, fitted by
   least absolute differences). What differs from it is ink. The paper is what there is more of, so light on dark and
   dark on light are the same.
3. Ink that hangs together is a piece. A frame, ruled lines right across and dust are left out; pieces that belong
   together, such as the loose bar of a 5, are joined. A picture of at most 32 × 32 pixels holds one digit.
4. Digits are sorted into lines from top to bottom, in each from left to right.
5. Each is drawn anew. For MNIST's models: scaled into 20 × 20 with its aspect kept and grey edges, its centre of mass
   put on the centre of 28 × 28 (LeCun, Cortes, Burges). Strokes thinner or thicker than nearly all of MNIST's are
   first brought into its range. For the models of the small digits: set upright, stretched to the height of a bitmap
   of 32 × 32, counted in blocks of 4 × 4 (Alpaydin, Kaynak).

`--show` draws what the model saw, and `--save` keeps it.

## Measured

`python -m bench.handwriting` measures this anew, and writes the page.

The model is `{experiment}`, test accuracy {own:.4f}. Every picture is a file in memory, read as `predict` reads
one. Every threshold was chosen on training images, not on these. No digit found, or several, in a picture
counts as a mistake.

| MNIST's test images, | pictures | the images themselves | read as pictures | points |
| --- | ---: | ---: | ---: | ---: |
{rows}

{fonts}

## How sure

A model's scores become probabilities by a softmax with one temperature, fitted on the out-of-fold scores (Guo et al.,
2017). With `folds: 0` there are none to fit it on, so it is 1, and how sure the model seems is not to be relied on.
Where a model gives probabilities itself, the scores are their logarithms: three nearest neighbours know only about 0,
33, 67 and 99 %. All this holds for digits like the training images. A letter gets a digit as well: no model here can
say no.

## Limits, and what was not tried

- Digits that touch each other are read as one; joined-up handwriting is not split.
- Shadows with a hard edge, a sheet on a dark table, ruled paper whose lines cross the digits.
- Ink that differs from the paper in colour alone, at the same brightness.
- Lines that are turned by more than a few degrees; digits upside down.
- Real photos: the unevenly lit pictures above are made by formula.
- The models of the small digits on MNIST's images: on 800 training images they name about three in four, because the
  two collections were scanned and drawn differently.
"""


def main() -> None:
    """Measure, print, write."""
    cli.parser(__doc__, "-m bench.handwriting").parse_args()
    recognizer = Recognizer.load()
    if recognizer.size != 28:
        raise PipelineError("no MNIST model is here; `make repro` makes one")
    rows = "\n".join(mnist_rows(recognizer))
    printed_digits = font_text(recognizer)
    print(printed_digits)
    own = json.loads(Path("metrics", f"{recognizer.experiment}.json").read_text())["test"]["accuracy"]
    page = TEXT.format(experiment=recognizer.experiment, own=own, rows=rows, fonts=printed_digits)
    files.write_text(PAGE, page)


if __name__ == "__main__":
    cli.run(main)
