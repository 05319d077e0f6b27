"""Measure how often pictures of digits, and of what is no digit, are flagged.

The pictures are read as `digits predict` reads them. Prints a table, of which the page
packages/digits-handwriting/docs/handwriting.md has some numbers. Needs the split of MNIST and
a model (`make repro`). It takes some minutes.
"""

from collections.abc import Iterable, Sequence
from contextlib import suppress
from dataclasses import replace
from io import BytesIO
from itertools import chain
from pathlib import Path
from string import ascii_lowercase, ascii_uppercase, digits

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw, ImageFont

from bench import measuring
from digits import predicting
from digits.core import paths
from digits.core.images import read_images
from digits.core.pixels import Pixels, Vector
from digits.imaging import pictures
from digits.messages.errors import UserError
from digits_handwriting import components
from digits_handwriting.components import Digit
from digits_handwriting.novelty import MIN_P_VALUE
from digits_handwriting.prediction import DigitPrediction
from digits_handwriting.recognizer import Recognizer

FONT_FOLDER = Path("/usr/share/fonts/truetype/liberation")
FONTS = sorted(FONT_FOLDER.glob("*.ttf"))

# Numbers of pictures, and of pictures with `--quick`.
N_PHOTOGRAPHS = 2_000
N_DRAWINGS = 1_000
N_MNIST_QUICK = 50
N_DRAWINGS_QUICK = 10

# Each rule flags one of these proportions of the training images.
SHARES = [0.005, MIN_P_VALUE, 0.02, 0.05]

SIGNS = {
    "digits": digits,
    "capital letters": ascii_uppercase,
    "small letters": ascii_lowercase,
    "Greek letters": "αβγδεζηθικλμνξπρστυφχψωΓΔΘΛΞΠΣΦΨΩ",
    "signs": "+=?!#%&@$*<>~{}[]/§€£",
}

# The lines of the shapes that consist of lines. A line connects some of 8 points on a circle,
# which are numbered clockwise from the top.
STAR = [[0, 3, 6, 1, 4, 7, 2, 5, 0]]
CROSS = [[0, 4], [2, 6]]
ARROW = [[0, 4], [7, 0, 1]]
HOUSE = [[7, 1, 3, 5, 7, 0, 1]]
LINES = {"star": STAR, "cross": CROSS, "arrow": ARROW, "house": HOUSE}
SHAPES = ["star", "cross", "arrow", "house", "face", "polygon"]

Grey = npt.NDArray[np.uint8]  # a picture, shape (height, width), 0 (black) to 255

# Each table has random numbers of its own, so that it is the same whichever others are printed.
SEED = 42


def photograph(image: Grey, rng: np.random.Generator) -> Grey:
    """Return a test image as a camera would see it.

    It is enlarged, in grey ink on paper that is lit from one corner, and noisy.
    """
    enlarged = Image.fromarray(image).resize((280, 280), Image.Resampling.BICUBIC)
    ink = np.asarray(enlarged) / 255
    y, x = np.mgrid[0:1:280j, 0:1:280j]
    light = 90 + 160 * (0.6 * x + 0.4 * y)
    noise = rng.normal(0, 5, ink.shape)
    brightness = light * (1 - 0.7 * ink) + noise
    return np.clip(brightness, 0, 255).astype(np.uint8)


def draw_sign(font_path: Path, sign: str) -> Grey:
    """Return a printed sign of about 60 pixels in black on white."""
    font = ImageFont.truetype(font_path, 80)
    left, top, right, bottom = font.getbbox(sign)
    width = round(right - left) + 40
    height = round(bottom - top) + 40
    image = Image.new("L", (width, height), 255)
    ImageDraw.Draw(image).text((20 - left, 20 - top), sign, fill=0, font=font)
    return np.asarray(image)


def draw_scribble(rng: np.random.Generator) -> Grey:
    """Return a random smooth line of a few strokes, as thick as the strokes of a digit."""
    n_strokes = rng.integers(4, 12)
    steps = 45 * rng.normal(size=(n_strokes, 2))
    corners = np.clip(100 + np.cumsum(steps, axis=0), 10, 190)
    positions = np.linspace(0, n_strokes - 1, 12 * n_strokes)
    smooth = []
    for coordinates in corners.T:
        dense = np.interp(positions, np.arange(n_strokes), coordinates)
        smooth.append(np.convolve(dense, np.ones(9) / 9, "valid"))
    points = [tuple(point) for point in np.transpose(smooth).tolist()]
    image = Image.new("L", (200, 200), 255)
    ImageDraw.Draw(image).line(points, fill=0, width=8, joint="curve")
    return np.asarray(image)


def draw_shape(rng: np.random.Generator) -> Grey:
    """Return a polygon, star, cross, arrow, house or face, a little rotated, drawn in ink."""
    width = int(rng.integers(6, 14))
    n_corners = int(rng.integers(3, 9))
    turn = rng.uniform(-0.3, 0.3)
    radius = rng.uniform(45, 70)
    kind = rng.choice(SHAPES)

    image = Image.new("L", (200, 200), 255)
    draw = ImageDraw.Draw(image)
    if kind == "polygon":
        circle = (100, 100, radius)
        draw.regular_polygon(circle, n_corners, 10 * turn, outline=0, width=width)
    elif kind == "face":
        draw_circle(draw, 100, 100, radius, outline=0, width=width)
        for eye_or_mouth in [(80, 85), (120, 85), (100, 120)]:
            draw_circle(draw, *eye_or_mouth, 8, fill=0)
    else:
        angles = 2 * np.pi * np.arange(8) / 8 + turn
        x = 100 + radius * np.sin(angles)
        y = 100 - radius * np.cos(angles)
        for line in LINES[kind]:
            points = [(float(x[index]), float(y[index])) for index in line]
            draw.line(points, fill=0, width=width, joint="curve")
    return np.asarray(image)


def draw_circle(
    draw: ImageDraw.ImageDraw, x: float, y: float, radius: float, **style: int
) -> None:
    """Draw a circle."""
    draw.ellipse((x - radius, y - radius, x + radius, y + radius), **style)


def read_mnist(quick: bool) -> tuple[Pixels, Vector]:
    """Return the test images of MNIST, shape (n_images, 28, 28), and their classes.

    If `quick`, these are only the first ones.
    """
    images = read_images(paths.split("mnist", "test"))
    n_images = N_MNIST_QUICK if quick else len(images)
    pixels = images.X[:n_images].reshape(-1, 28, 28)
    return pixels, images.table["class"].to_numpy()[:n_images]


def load_recognizer() -> Recognizer:
    """Return the recognizer of the digits of MNIST.

    Raises:
        UserError: no model tells what does not resemble these digits.
    """
    recognizer = predicting.load()
    assert isinstance(recognizer, Recognizer)
    detector = recognizer.novelty_detector
    if detector is None or detector.density_model is None:
        raise UserError(
            f"{recognizer.model_name}: there is no model of Gaussians for the same task"
        )
    return recognizer


def find_digits(recognizer: Recognizer, files: Iterable[bytes]) -> list[list[Digit]]:
    """Return the digits in each picture; none if `digits predict` would print an error.

    Args:
        recognizer: the recognizer.
        files: the content of each picture's file.
    """
    digits_of_pictures: list[list[Digit]] = []
    for content in files:
        found: list[Digit] = []
        with suppress(pictures.PictureError):
            found = components.find(pictures.read(BytesIO(content)))
        digits_of_pictures.append(found)

    # The digits of all pictures are split together, which is faster.
    halves = iter(recognizer.split(list(chain.from_iterable(digits_of_pictures))))
    return [[half for _ in found for half in next(halves)] for found in digits_of_pictures]


def encode(image: Grey, file_format: str = "PNG", quality: int = 60) -> bytes:
    """Return the content of a picture's file. Only a JPEG has a quality."""
    file = BytesIO()
    Image.fromarray(image).save(file, file_format, quality=quality)
    return file.getvalue()


def predict_digits(recognizer: Recognizer, found: Sequence[Digit]) -> list[DigitPrediction]:
    """Return the predictions of the digits that were found in a picture, if any."""
    if not found:
        return []
    return recognizer.predict_digits(found)


def measure_p_values(
    recognizer: Recognizer,
    drawings: Iterable[Grey],
    file_format: str = "PNG",
    *,
    splits: bool = True,
) -> list[float]:
    """Return the highest p-value of the digits in each picture; NaN if none was found.

    Args:
        recognizer: the recognizer.
        drawings: the pictures.
        file_format: the format that they are written in.
        splits: whether to split digits that touch.
    """
    finder = recognizer if splits else replace(recognizer, novelty_detector=None)
    files = (encode(drawing, file_format) for drawing in drawings)
    digits_of_pictures = find_digits(finder, files)
    all_digits = list(chain.from_iterable(digits_of_pictures))
    p_values: list[float] = []
    if all_digits:
        images = np.array([digit.image for digit in all_digits])
        p_values = recognizer.measure_p_values(images).tolist()

    highest = []
    start = 0
    for found in digits_of_pictures:
        stop = start + len(found)
        highest.append(max(p_values[start:stop], default=np.nan))
        start = stop
    return highest


def measure_drawings(
    recognizer: Recognizer,
    name: str,
    drawings: Iterable[Grey],
    file_format: str = "PNG",
    *,
    splits: bool = True,
) -> list[str | None]:
    """Return a row of the table of flags.

    Its cells are the number of pictures, the proportion in which no digit was found, and the
    proportion of the other pictures that each rule flags.

    Args:
        recognizer: the recognizer.
        name: what the pictures show.
        drawings: the pictures.
        file_format: the format that they are written in.
        splits: whether to split digits that touch.
    """
    measuring.log(name)
    values = np.array(measure_p_values(recognizer, drawings, file_format, splits=splits))
    found = values[~np.isnan(values)]
    share_without_digit = 1 - len(found) / len(values)
    cells: list[str | None] = [name, str(len(values)), f"{100 * share_without_digit:.1f}"]
    for share in SHARES:
        if len(found) == 0:
            cells.append(None)
            continue
        is_flagged = found < share
        cells.append(f"{100 * is_flagged.mean():.1f}")
    return cells


def draw_sets(quick: bool, rng: np.random.Generator) -> dict[str, list[Grey]]:
    """Return pictures of printed signs, of shapes and of scribbles, by what they show.

    Without the fonts there are no printed signs, and a line on standard error says so.
    """
    if not FONTS:
        measuring.log(
            f"no printed signs, because {FONT_FOLDER} has no fonts (fonts-liberation)"
        )
    fonts = FONTS[:1] if quick else FONTS
    sets = {}
    for name, signs in SIGNS.items():
        drawings = []
        for sign in signs:
            drawings += [draw_sign(font, sign) for font in fonts]
        if drawings:
            sets[f"{name} printed in {len(fonts)} fonts"] = drawings
    n_drawings = N_DRAWINGS_QUICK if quick else N_DRAWINGS
    sets["shapes"] = [draw_shape(rng) for _ in range(n_drawings)]
    sets["scribbles"] = [draw_scribble(rng) for _ in range(n_drawings)]
    return sets


def measure_flags(folder: Path, quick: bool) -> list[str]:
    """Measure how often digits are flagged, and how often other things are."""
    recognizer = load_recognizer()
    images, _ = read_mnist(quick)
    rng = np.random.default_rng(SEED)
    sets = draw_sets(quick, rng)
    sample = images[rng.permutation(len(images))[:N_PHOTOGRAPHS]]
    name = "MNIST's test images, as they are"
    rows = [measure_drawings(recognizer, name, images)]
    name = "MNIST's test images, enlarged, unevenly lit, noisy, as JPEG"
    photographs = (photograph(image, rng) for image in sample)
    rows.append(measure_drawings(recognizer, name, photographs, "JPEG"))

    no_digits = []
    for name, drawings in sets.items():
        rows.append(measure_drawings(recognizer, name, drawings))
        if not name.startswith("digits"):
            no_digits += drawings
    name = "all letters, signs, shapes and scribbles"
    rows.append(measure_drawings(recognizer, name, no_digits))
    name = "the same, without separating touching digits"
    rows.append(measure_drawings(recognizer, name, no_digits, splits=False))

    flagged = [f"flagged at {share:.1%}, %" for share in SHARES]
    header = ["pictures of", "pictures", "no digit found, %", *flagged]
    return measuring.format_table(header, rows)


if __name__ == "__main__":
    measuring.main(__doc__, {"unlike": measure_flags})
