"""Find the digits in a picture and draw each the way the model's own training images were drawn.

A picture becomes ink in four steps: the paper's brightness is estimated everywhere (a constant, or a smooth surface
where the light is uneven), what differs from it is ink, ink that hangs together is a piece, and pieces that belong
together are a digit.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image
from scipy import ndimage

from tools.ink.pictures import Picture, PictureError

Ink = npt.NDArray[np.floating[Any]]  # shape (height, width), 0 (paper) to 1 (full ink)

TINY = 64  # pixels; pictures up to this side have no lighting of their own
ONE_DIGIT = 32  # pixels; pictures up to this side hold one digit
LEAST_CONTRAST = 0.08  # of the whole range from black to white
LEAST_RANGE = 40  # grey levels; what is left between the paper and black or white is not taken for less
NOISY = 0.01  # of the whole range; paper above this is smoothed
EDGE = 0.15  # of full ink; fainter is paper, or the noise that JPEG leaves beside a stroke
CORE = 0.5  # of full ink; a piece without any as dark is no ink
SPECK = 0.3  # of the tallest digit's size; smaller is dust, a dot or a dash
MANY = 2_000  # pieces of ink; comparing all with all would take minutes with the next few thousand
FLAT = 4  # times as wide as high; such a stroke is an underline or a dash, no digit
PEN = (1.7, 4.5)  # the range of a stroke's width in the 20 × 20 box; few strokes of MNIST lie outside


class Found(NamedTuple):
    """A digit in a picture.

    Attributes:
        box: x, y, width and height in pixels of the original picture.
        image: what the model is shown, shape (size, size), light ink on black as `normalize` gives it.
    """

    box: tuple[int, int, int, int]
    image: npt.NDArray[np.uint8]


class Piece(NamedTuple):
    """Ink that hangs together, or a digit made of several: its rectangle (ends excluded) and its labels."""

    top: int
    left: int
    bottom: int
    right: int
    labels: tuple[int, ...]

    @property
    def height(self) -> int:
        """In pixels."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """In pixels."""
        return self.right - self.left

    @property
    def side(self) -> int:
        """The longer side in pixels."""
        return max(self.height, self.width)


def find(picture: Picture, size: int = 28) -> list[Found]:
    """Find the digits in a picture, in reading order: lines from top to bottom, in each from left to right.

    Args:
        picture: what `pictures.read` gives.
        size: 28 for images like MNIST's, 8 for images like those of scikit-learn.

    Raises:
        PictureError: there is no ink in the picture, none that can be a digit, or far too much.
    """
    ink = _ink(picture.grey.astype(np.float32))
    labels, pieces = _pieces(ink)
    groups = [_joined(*pieces)] if max(picture.grey.shape) <= ONE_DIGIT else _grouped(pieces)
    return [_found(ink, labels, digit, picture, size) for line in _lines(groups) for digit in line]


def normalize(ink: Ink, size: int) -> npt.NDArray[np.uint8]:
    """Draw one digit the way the training images were drawn.

    For 28: scaled into a box of 20 × 20 with its aspect kept and grey edges, and its centre of mass put on the centre
    of 28 × 28, values 0 to 255 (Y. LeCun, C. Cortes, C. Burges, The MNIST database of handwritten digits). For 8:
    set upright and stretched to the height of a bitmap of 32 × 32, of which every block of 4 × 4 is counted, values 0
    to 16 (E. Alpaydin, C. Kaynak, Optical Recognition of Handwritten Digits, UCI repository).

    Args:
        ink: shape (height, width), 0 to 1; some of it must be above 0.
        size: 28 or 8.

    Returns:
        Shape (size, size).
    """
    draw = {28: _as_mnist, 8: _as_counts}[size]
    return draw(_cropped(ink))


def _as_mnist(ink: Ink) -> npt.NDArray[np.uint8]:
    ink = _with_usual_pen(ink)
    longest = max(ink.shape)
    height, width = (max(round(20 * length / longest), 1) for length in ink.shape)
    box = _resized(ink, (height, width))
    box = np.clip(box / box.max(), 0, 1)
    image = np.zeros((28, 28), np.float32)
    centre = ndimage.center_of_mass(box)
    top, left = (min(max(round(14 - middle), 0), 28 - length) for middle, length in zip(centre, box.shape, strict=True))
    image[top : top + box.shape[0], left : left + box.shape[1]] = box
    return (255 * image + 0.5).astype(np.uint8)


def _with_usual_pen(ink: Ink) -> Ink:
    """Make strokes wider or narrower that are outside of what MNIST has; return all others as they are."""
    fold = max(ink.shape) // 80
    if fold:
        whole = np.pad(ink, [(0, -length % fold) for length in ink.shape]) > 0.5
        bitmap = whole.reshape(whole.shape[0] // fold, fold, -1, fold).any(axis=(1, 3))
    else:
        bitmap = _resized(ink, (4 * ink.shape[0], 4 * ink.shape[1])) > 0.5
    bitmap = np.pad(bitmap, 12)
    depth = ndimage.distance_transform_edt(bitmap)
    pixel = 20 / (max(bitmap.shape) - 24)
    width = 4 * (float(depth[bitmap].mean()) - 0.5) * pixel  # across a stroke, the mean depth is a quarter of its width
    change = (min(max(width, PEN[0]), PEN[1]) - width) / 2 / pixel
    if change == 0:
        return ink
    bitmap = ndimage.distance_transform_edt(~bitmap) <= change if change > 0 else depth > min(-change, depth.max() - 1)
    return _cropped(bitmap.astype(np.float32))


def _cropped(ink: Ink) -> Ink:
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    return np.asarray(ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1], np.float32)


def _as_counts(ink: Ink) -> npt.NDArray[np.uint8]:
    upright = _upright(ink)
    width = min(max(round(32 * upright.shape[1] / upright.shape[0]), 10), 20)  # UCI's digits are narrow
    left = (32 - width) // 2
    bitmap = np.zeros((32, 32), np.float32)
    bitmap[:, left : left + width] = _resized(upright, (32, width))
    return (np.clip(bitmap, 0, 1).reshape(8, 4, 8, 4).sum(axis=(1, 3)) + 0.5).astype(np.uint8)


def _upright(ink: Ink) -> Ink:
    """Shear a digit until it does not lean, as NIST's programs, which drew UCI's digits, do."""
    y, x = np.mgrid[: ink.shape[0], : ink.shape[1]]
    middle, centre = ndimage.center_of_mass(ink)
    spread = float((ink * (y - middle) ** 2).sum())
    lean = float((ink * (y - middle) * (x - centre)).sum()) / spread if spread else 0.0
    lean = min(max(lean, -1), 1)
    margin = ink.shape[0] // 2 + 1
    sheared = ndimage.affine_transform(
        np.pad(ink, [(0, 0), (margin, margin)]), [[1, 0], [lean, 1]], offset=[0, -lean * middle], order=1
    )
    return _cropped(np.where(sheared > 0.1, sheared, 0) if sheared.max() > 0.1 else ink)


def _resized(ink: Ink, shape: tuple[int, int]) -> Ink:
    if ink.shape == shape:
        return ink
    image = Image.fromarray(ink).resize(shape[::-1], Image.Resampling.BICUBIC)
    return np.asarray(image, np.float32)


def _ink(grey: Ink) -> Ink:
    """Return how much ink is where: the contrast to the paper, in parts of the strongest."""
    paper = _paper(grey)
    darker = grey - paper
    step = max(1, max(grey.shape) // 500)
    some = darker[::step, ::step]
    if np.square(some.clip(max=0)).sum() > np.square(some.clip(min=0)).sum():
        contrast = -darker / np.maximum(paper, LEAST_RANGE)  # ink takes a share of the light that falls on it
    else:
        contrast = darker / np.maximum(255 - paper, LEAST_RANGE)
    noise = _noise(contrast)
    if noise > NOISY and min(grey.shape) > TINY:
        contrast = ndimage.gaussian_filter(contrast, 1, truncate=2)
        noise = _noise(contrast)
    strongest = float(contrast.max())
    if strongest < max(LEAST_CONTRAST, 4 * noise):
        raise PictureError("the picture is blank")
    strong = contrast[contrast > _otsu(contrast[contrast > max(LEAST_CONTRAST / 2, 3 * noise)])]
    ink = contrast / float(np.percentile(strong, 90))
    ink[contrast < 4 * noise] = 0
    return np.clip(ink, 0, 1, out=ink)


def _noise(contrast: Ink) -> float:
    """Estimate the standard deviation of the paper from the pixels that differ least from it."""
    step = max(1, max(contrast.shape) // 500)
    return float(np.percentile(np.abs(contrast[::step, ::step]), 30)) / 0.385


def _paper(grey: Ink) -> Ink | float:
    """Estimate the paper's brightness, as one number or at every pixel."""
    step = max(1, max(grey.shape) // 64)
    some = grey[::step, ::step]
    border = np.concatenate([some[0], some[-1], some[:, 0], some[:, -1]])
    shares, border_shares = _shares(some), _shares(border)
    level = int((shares + border_shares).argmax())
    if shares[level] >= (0.2 if max(grey.shape) <= TINY else 0.6) or (
        shares[level] >= 0.3 and border_shares[level] >= 0.8
    ):
        return float(np.median(some[np.abs(some - level) <= 4]))
    y, x = (np.vander(np.linspace(-1, 1, length), 4, increasing=True) for length in some.shape)
    powers = [(i, j) for i in range(4) for j in range(4 - i)]
    terms = np.stack([np.outer(y[:, i], x[:, j]).ravel() for i, j in powers], axis=1)
    values = some.ravel()
    weights = np.ones(values.shape)
    for _ in range(20):  # least absolute differences, which ink, being the smaller part, cannot pull away
        weighted = terms * weights[:, None]
        surface = np.linalg.lstsq(weighted.T @ terms, weighted.T @ values, rcond=None)[0]
        weights = 1 / np.maximum(np.abs(values - terms @ surface), 1)
    coefficients = np.zeros((4, 4))
    coefficients[tuple(np.transpose(powers))] = surface
    y, x = (
        np.vander(np.arange(length) * 2 / max(sampled - 1, 1) / step - 1, 4, increasing=True)
        for length, sampled in zip(grey.shape, some.shape, strict=True)
    )
    return np.clip((y @ coefficients @ x.T).astype(np.float32), 0, 255)


def _shares(values: Ink) -> npt.NDArray[np.float64]:
    """Return for each grey level from 0 to 255 the share of the values that are within 4 of it."""
    counts = np.bincount(values.astype(np.uint8).ravel(), minlength=256)
    return np.convolve(counts, np.ones(9), "same") / values.size


def _otsu(values: Ink) -> float:
    """Return the threshold that parts values best in two (N. Otsu, 1979), from 0 to 1."""
    counts, edges = np.histogram(values, 128, (0, 1))
    below = counts.cumsum()
    weight = below * (below[-1] - below)
    middles = (edges[:-1] + edges[1:]) / 2
    sums = (counts * middles).cumsum()
    with np.errstate(divide="ignore", invalid="ignore"):
        between = weight * (sums / below - (sums[-1] - sums) / (below[-1] - below)) ** 2
    return float(edges[1 + np.nan_to_num(between).argmax()])


def _pieces(ink: Ink) -> tuple[npt.NDArray[np.int32], list[Piece]]:
    """Label the ink that hangs together and return the pieces that may be of digits."""
    _clear_frame(ink)
    labels, count = ndimage.label(ink > EDGE, np.ones((3, 3)))
    darkest = ndimage.maximum(ink, labels, np.arange(1, count + 1))
    least = max(3 if max(ink.shape) <= TINY else 5, max(ink.shape) / 150)
    pieces = []
    for i, (rows, columns) in enumerate(ndimage.find_objects(labels)):
        piece = Piece(rows.start, columns.start, rows.stop, columns.stop, (i + 1,))
        if darkest[i] >= CORE:
            pieces.append(piece)
    pieces = [piece for piece in pieces if not _is_rule(piece, ink.shape)] or pieces
    if not pieces or max(piece.side for piece in pieces) < least:
        raise PictureError("the picture is blank")
    return labels, pieces


def _clear_frame(ink: Ink) -> None:
    """Wipe out a frame: rings of pixels around the picture that are inked nearly all along."""
    for i in range(max(4, min(ink.shape) // 25)):
        ring = [ink[i, i : len(ink[0]) - i], ink[-1 - i, i : len(ink[0]) - i], ink[i : len(ink) - i, i]]
        ring.append(ink[i : len(ink) - i, -1 - i])
        if min(ink.shape) <= 2 * i or min((side > EDGE).mean() for side in ring) < 0.6:
            return
        for side in ring:
            side[:] = 0


def _is_rule(piece: Piece, shape: tuple[int, int]) -> bool:
    """Whether a piece is a thin line right across the picture: a ruled line or a scanner's edge."""
    return (piece.width >= 0.9 * shape[1] and piece.height <= 0.08 * piece.width) or (
        piece.height >= 0.9 * shape[0] and piece.width <= 0.08 * piece.height
    )


def _joined(*pieces: Piece) -> Piece:
    tops, lefts, bottoms, rights, labels = zip(*pieces, strict=True)
    return Piece(min(tops), min(lefts), max(bottoms), max(rights), sum(labels, ()))


def _grouped(pieces: list[Piece]) -> list[Piece]:
    """Join the pieces of a broken digit, then leave out what is tiny against the largest."""
    height = max(piece.height for piece in pieces)
    pieces = [piece for piece in pieces if piece.side >= height / 20]
    if len(pieces) > MANY:
        raise PictureError(f"more than {MANY} pieces of ink are in the picture; take a part of it")
    groups: list[Piece] = []
    for piece in sorted(pieces, key=lambda p: -p.height):
        near = [i for i, group in enumerate(groups) if _belong(piece, group, height)]
        if near:
            groups[near[0]] = _joined(piece, groups[near[0]])
        else:
            groups.append(piece)
    height = max(group.height for group in groups)
    digits = [group for group in groups if group.side >= SPECK * height and group.width <= FLAT * group.height]
    if not digits:
        raise PictureError(f"no digit is in the picture: its ink is more than {FLAT} times as wide as high")
    return digits


def _belong(piece: Piece, group: Piece, height: int) -> bool:
    """Whether a smaller piece broke off a digit: near enough, and together not taller than a digit.

    Args:
        piece: the smaller one.
        group: the larger one.
        height: of the tallest piece in the picture.
    """
    beside = max(piece.left, group.left) - min(piece.right, group.right)
    above = max(piece.top, group.top) - min(piece.bottom, group.bottom)
    together = max(piece.bottom, group.bottom) - min(piece.top, group.top)
    narrower = min(piece.width, group.width)
    if piece.width > FLAT * piece.height and piece.top > group.top:
        return False  # an underline
    if -beside >= 0.4 * narrower and -above >= 0.3 * min(piece.height, group.height):
        return together <= 1.6 * height
    if -beside >= 0.4 * narrower and above <= 0.25 * together:
        is_part = min(piece.height / piece.width, group.height / group.width) < 0.8  # no digit is as wide
        return together <= (2.5 if is_part else 1.2) * height
    return piece.height <= 0.6 * height and beside <= 0.08 * height and above <= 0.08 * height


def _lines(digits: list[Piece]) -> Iterator[list[Piece]]:
    """Sort digits into lines; each digit follows the line whose last digit stands beside it, so lines may slant."""
    lines: list[list[Piece]] = []
    for digit in sorted(digits, key=lambda d: d.left):
        beside = [(_overlap(digit, line[-1]), line) for line in lines]
        share, line = max(beside, key=lambda pair: pair[0], default=(0.0, []))
        if share >= 0.4:
            line.append(digit)
        else:
            lines.append([digit])
    yield from sorted(lines, key=lambda line: sum(d.top + d.bottom for d in line) / len(line))


def _overlap(a: Piece, b: Piece) -> float:
    return (min(a.bottom, b.bottom) - max(a.top, b.top)) / min(a.height, b.height)


def _found(ink: Ink, labels: npt.NDArray[np.int32], digit: Piece, picture: Picture, size: int) -> Found:
    rows = slice(max(digit.top - 1, 0), digit.bottom + 1)
    columns = slice(max(digit.left - 1, 0), digit.right + 1)
    own = ndimage.binary_dilation(np.isin(labels[rows, columns], digit.labels), np.ones((3, 3)))
    cropped = np.where(own, ink[rows, columns], 0)
    x, y, width, height = (
        round(length * picture.scale) for length in (digit.left, digit.top, digit.width, digit.height)
    )
    return Found((x, y, width, height), normalize(cropped, size))
