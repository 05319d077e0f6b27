"""Find the digits in a picture: the connected components of its ink, joined where a digit is broken, in reading order.

The thresholds were chosen on drawings and photos of digits; docs/handwriting/measured.md measures what they give.
"""

from collections.abc import Iterator
from typing import NamedTuple

from digits.handwriting import edges, lines
from digits.handwriting import ink as inks
from digits.handwriting.ink import EDGE, SMALL, Ink
from digits.handwriting.normalize import normalize
from digits.pictures import Picture, PictureError

import numpy as np
import numpy.typing as npt
from scipy import ndimage

ONE_DIGIT = 32  # pixels; pictures up to this side hold one digit
CORE = 0.5  # of full ink; a component without any as dark is no ink
SPECK = 0.3  # of the tallest digit's size; smaller is dust, a dot or a dash
MAX_COMPONENTS = 2_000  # comparing all with all would take minutes with the next few thousand
TALL = 0.75  # of the tallest component, at least, is a whole digit's height, where there are that `MANY`
MANY = 4
TWO_ROWS = 1.7  # times as high as the usual component, at least, is what reaches over two rows
FLAT = 4  # times as wide as high; such a stroke is an underline or a dash, no digit

Box = tuple[int, int, int, int]


class Digit(NamedTuple):
    """A digit in a picture."""

    box: Box  # x, y, width and height in pixels of the original picture
    image: npt.NDArray[
        np.uint8
    ]  # what the model is shown, shape (size, size), as `normalize` draws it
    ink: Ink  # what it is drawn from, without its neighbours' ink
    alone: bool  # the picture is so small that it holds one digit


class Component(NamedTuple):
    """A connected component, or a digit of several: its rectangle (ends excluded) and its labels."""

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
    def middle(self) -> float:
        """In pixels from the top."""
        return (self.top + self.bottom) / 2

    @property
    def side(self) -> int:
        """The longer side in pixels."""
        return max(self.height, self.width)


def find(picture: Picture, size: int = 28) -> list[Digit]:
    """Find the digits in a picture, in reading order: lines from top to bottom, in each from left to right.

    Draw them in `size` pixels: 28 for images like MNIST's, 8 for images like those of scikit-learn. A PictureError says
    that there is no ink in the picture, none that can be a digit, or far too much.
    """
    ink = inks.measure(picture.grey)
    alone = max(ink.shape) <= ONE_DIGIT
    edges.clear_frame(ink)
    if not alone:
        ink = inks.scale(edges.remove(lines.remove(ink)[0]), EDGE)
    labels, components = _label(ink)
    if not alone and _cut_rows(ink, labels, components):
        labels, components = _label(ink)
    groups = [_join(*components)] if alone else _group(components)
    return [
        _draw(ink, labels, digit, picture.scale, size, alone)
        for line in _lines(groups)
        for digit in line
    ]


def _label(ink: Ink) -> tuple[npt.NDArray[np.int32], list[Component]]:
    """Label the connected components, and return those that may belong to digits."""
    labels, count = ndimage.label(ink > EDGE, np.ones((3, 3)))
    is_dark = np.bincount(labels[ink >= CORE], minlength=count + 1) > 0
    components = [
        Component(rows.start, columns.start, rows.stop, columns.stop, (i,))
        for i, (rows, columns) in enumerate(ndimage.find_objects(labels), 1)
        if is_dark[i]
    ]
    smallest = max(3 if max(ink.shape) <= SMALL else 5, max(ink.shape) / 150)
    if max((each.side for each in components), default=0) < smallest:
        raise PictureError("the picture is blank")
    return labels, components


def _cut_rows(ink: Ink, labels: npt.NDArray[np.int32], components: list[Component]) -> bool:
    """Cut what reaches over two rows of digits, where it is thinnest between them; tell whether something did."""
    least = SPECK * max(each.height for each in components)
    large = [each for each in components if each.height >= least]
    usual = np.median([each.height for each in large])
    is_cut = False
    for each in large:
        above = [
            o.bottom
            for o in large
            if each.top < o.middle and o.bottom < each.middle + 0.15 * o.height
        ]
        below = [
            o.top
            for o in large
            if each.bottom > o.middle and o.top > each.middle - 0.15 * o.height
        ]
        if above and below and each.height > TWO_ROWS * usual:
            margin = each.height // 16
            first, last = sorted([int(np.median(above)), int(np.median(below))])
            first, last = max(first - margin, each.top), min(last + margin, each.bottom - 1)
            own = labels[first : last + 1, each.left : each.right] == each.labels[0]
            thinnest = own.sum(axis=1).argmin()
            ink[first + thinnest, each.left : each.right][own[thinnest]] = 0
            is_cut = True
    return is_cut


def _join(*components: Component) -> Component:
    tops, lefts, bottoms, rights, labels = zip(*components, strict=True)
    return Component(min(tops), min(lefts), max(bottoms), max(rights), sum(labels, ()))


def _group(components: list[Component]) -> list[Component]:
    """Join the components of a broken digit, then leave out what is tiny against the largest."""
    height = max(each.height for each in components)
    components = [each for each in components if each.side >= height / 20]
    if len(components) > MAX_COMPONENTS:
        raise PictureError(
            f"more than {MAX_COMPONENTS} pieces of ink are in the picture; take a part of it"
        )
    tall = [each for each in components if each.height >= TALL * height]
    whole = (
        TALL * height if len(tall) >= MANY else np.inf
    )  # from this height on each is a digit, or several
    groups: list[Component] = []
    for component in sorted(components, key=lambda each: -each.height):
        near = [
            i for i, group in enumerate(groups) if _belongs(component, group, height, whole)
        ]
        if near:
            groups[near[0]] = _join(component, groups[near[0]])
        else:
            groups.append(component)
    height = max(group.height for group in groups)
    digits = [
        group
        for group in groups
        if group.side >= SPECK * height and group.width <= FLAT * group.height
    ]
    if not digits:
        raise PictureError(
            f"no digit is in the picture: its ink is more than {FLAT} times as wide as high"
        )
    return digits


def _belongs(part: Component, group: Component, height: int, whole: float) -> bool:
    """Tell whether a smaller component broke off a digit: near enough, and together not taller than a digit.

    `height` is that of the tallest component in the picture; two that are as high as `whole` are two digits.
    """
    beside = max(part.left, group.left) - min(part.right, group.right)
    above = max(part.top, group.top) - min(part.bottom, group.bottom)
    together = max(part.bottom, group.bottom) - min(part.top, group.top)
    narrower = min(part.width, group.width)
    if part.width > FLAT * part.height and part.top > group.top:
        return False  # an underline
    if -beside >= 0.4 * narrower and -above >= 0.3 * min(part.height, group.height):
        return together <= 1.6 * height
    if -beside >= 0.4 * narrower and above <= 0.25 * together:
        if min(part.height, group.height) >= whole:
            return False
        # A flat part of a digit is low, or about as wide as the rest of it; digits that touch are neither.
        flat = max(part, group, key=lambda each: each.width / each.height)
        is_part = flat.height < 0.65 * flat.width and (
            flat.height < TALL * height or narrower > 0.5 * flat.width
        )
        return together <= (2.5 if is_part else 1.2) * height
    return part.height <= 0.6 * height and beside <= 0.08 * height and above <= 0.08 * height


def _lines(digits: list[Component]) -> Iterator[list[Component]]:
    """Sort digits into lines; each digit follows the line whose last digit stands beside it, so lines may slant."""
    lines: list[list[Component]] = []
    for digit in sorted(digits, key=lambda each: each.left):
        beside = [(_overlap(digit, line[-1]), line) for line in lines]
        share, line = max(beside, key=lambda pair: pair[0], default=(0.0, []))
        if share >= 0.4:
            line.append(digit)
        else:
            lines.append([digit])
    yield from sorted(lines, key=lambda line: sum(each.middle for each in line) / len(line))


def _overlap(a: Component, b: Component) -> float:
    return (min(a.bottom, b.bottom) - max(a.top, b.top)) / min(a.height, b.height)


def _draw(
    ink: Ink,
    labels: npt.NDArray[np.int32],
    digit: Component,
    scale: float,
    size: int,
    alone: bool,
) -> Digit:
    rows = slice(max(digit.top - 1, 0), digit.bottom + 1)
    columns = slice(max(digit.left - 1, 0), digit.right + 1)
    own = ndimage.binary_dilation(np.isin(labels[rows, columns], digit.labels), np.ones((3, 3)))
    drawn = np.where(own, ink[rows, columns], 0)
    x, y, width, height = (
        round(each * scale) for each in (digit.left, digit.top, digit.width, digit.height)
    )
    return Digit((x, y, width, height), normalize(drawn, size), drawn, alone)
