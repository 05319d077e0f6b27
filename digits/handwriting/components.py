"""Find the digits in a picture.

The ink of a digit is one connected component, or several if its strokes are broken. A component
of two digits, one below the other, is cut. The thresholds were chosen on drawings and photos of
digits. docs/handwriting.md measures how well digits are found.
"""

import itertools
from contextlib import suppress
from operator import attrgetter
from typing import NamedTuple

from digits.core.tables import Pixels
from digits.data.pictures import Picture, PictureError
from digits.handwriting import edges, lines, sheets
from digits.handwriting import ink as inks
from digits.handwriting.ink import EDGE, SMALL, Ink
from digits.handwriting.normalize import normalize
from digits.handwriting.regions import EIGHT_NEIGHBOURS, Box, Labels

import numpy as np
from scipy import ndimage

# A picture whose sides have at most this many pixels shows one digit.
ONE_DIGIT = 32

# A component has a pixel with at least this much ink, where 1 is full ink. Otherwise it is
# noise.
CORE = 0.5

# A picture is blank if the longer side of its largest component has fewer pixels than this, or
# a smaller share of the picture's longer side.
MIN_SIDE_SMALL = 3
MIN_SIDE = 5
MIN_SHARE = 1 / 150

# A component is a grid or a frame if it encloses this many components, and has this share of
# the height of the picture. Enclosed components smaller than a share of the largest are not
# counted.
MIN_ENCLOSED = 8
MIN_GRID_HEIGHT = 0.3
MIN_ENCLOSED_SIDE = 1 / 40

# Components smaller than this share of the height of the tallest component are noise.
NOISE = 1 / 20

# Comparing more components with one another would take minutes.
MAX_COMPONENTS = 2_000

# A digit that is smaller than this share of the usual height is dust, a dot or a dash.
SPECK = 0.4

# A component with at least this share of the tallest height is tall. If there are this many
# tall components, each of them is a whole digit, or several digits.
TALL = 0.75
MANY = 4

# A component that is more than this many times as high as usual is in two rows of digits.
TWO_ROWS = 1.7

# Such a component is cut if other components end above its middle, and others begin below it.
# They may reach over its middle by this share of their own height.
ROW_OVERLAP = 0.15

# A stroke that is more than this many times as wide as high is an underline or a dash.
FLAT = 4

# Two components are above each other if they share at least this part of the narrower width,
# and beside each other if they share at least this part of the lower height.
ABOVE = 0.4
BESIDE = 0.3

# Parts of a digit that overlap in both directions are together at most this many times as high
# as the tallest component.
MAX_OVERLAPPING = 1.6

# Parts above each other are at most this share of their common height apart. Together they are
# at most this many times as high as the tallest component. The limit is higher if one of them
# is the flat part of a digit, such as the bar of a five.
MAX_GAP = 0.25
MAX_STACKED = 1.2
MAX_STACKED_FLAT = 2.5
FLAT_PART = 0.65  # a flat part is lower than this share of its own width
FLAT_PART_WIDTH = 0.5  # the other part is wider than this share of the flat part's width

# Any other part is at most as high as the first share of the usual height, and at most as far
# away as the second share.
SMALL_PART = 0.6
NEAR = 0.08

# A digit belongs to a line if it shares at least this part of the height of the line's last
# digit.
SAME_LINE = 0.4


class Digit(NamedTuple):
    """A digit in a picture.

    Attributes:
        box: x, y, width and height, in pixels of the original picture.
        image: what the model takes, shape (size, size), as `normalize` draws it.
        ink: the ink that the image is drawn from, without that of other digits.
        is_alone: whether the picture is so small that it shows one digit.
    """

    box: Box
    image: Pixels
    ink: Ink
    is_alone: bool


class Component(NamedTuple):
    """A connected component of the ink, or several that are one digit.

    Attributes:
        top: the first row.
        left: the first column.
        bottom: the row after the last one.
        right: the column after the last one.
        labels: the labels of the connected components.
    """

    top: int
    left: int
    bottom: int
    right: int
    labels: tuple[int, ...]

    @property
    def height(self) -> int:
        """The height in pixels."""
        return self.bottom - self.top

    @property
    def width(self) -> int:
        """The width in pixels."""
        return self.right - self.left

    @property
    def middle(self) -> float:
        """The row in the middle."""
        return (self.top + self.bottom) / 2

    @property
    def side(self) -> int:
        """The longer side in pixels."""
        return max(self.height, self.width)

    @property
    def flatness(self) -> float:
        """The width divided by the height."""
        return self.width / self.height


class Heights(NamedTuple):
    """Heights in a picture with which those of its components are compared, in pixels.

    Attributes:
        tallest: the height of the tallest component.
        usual: the median height, as `edges.usual_height` computes it.
        whole: a component of this height or more is a whole digit. It is infinite if there are
            few tall components.
    """

    tallest: int
    usual: float
    whole: float


def find(picture: Picture, size: int = 28) -> list[Digit]:
    """Find the digits in a picture.

    A bright sheet on a dark table is straightened first.

    Args:
        picture: the picture.
        size: the side of the digits' images: 28 for images like MNIST's, 8 for images like
            those of scikit-learn.

    Returns:
        the digits line by line, from top to bottom, and in each line from left to right.

    Raises:
        PictureError: there is no ink, no ink that can be a digit, or far too much ink.
    """
    sheet = sheets.find_sheet(picture.grey)
    digits: list[Digit] = []
    if sheet is not None:
        with suppress(PictureError):  # no digits are on the bright region, so it is no sheet
            digits.extend(
                digit._replace(box=sheet.to_picture(digit.box))
                for digit in find_on_page(sheet.straighten(picture.grey), size)
            )
    if not digits:
        digits = find_on_page(picture.grey, size)
    return [digit._replace(box=scale_box(digit.box, picture.scale)) for digit in digits]


def find_on_page(grey: Pixels, size: int) -> list[Digit]:
    """Find the digits on a page that fills the picture.

    Args:
        grey: the brightness, shape (height, width).
        size: the side of the digits' images.

    Returns:
        the digits in reading order. Their boxes are in pixels of `grey`.

    Raises:
        PictureError: there is no ink, no ink that can be a digit, or far too much ink.
    """
    ink = inks.measure(grey)
    edges.clear_frame(ink)
    if max(ink.shape) <= ONE_DIGIT:
        labels, components = label_components(ink)
        return [draw_digit(ink, labels, join(components), size, is_alone=True)]

    clean = remove_printed(ink)
    labels, components = label_components(clean)
    if find_grids(clean, components):
        # The grid's lines were too bent to be found as lines. Some of them may be left.
        clean = remove_printed(remove_grids(ink))
        labels, components = label_components(clean)
    components = leave_out_giants(components)
    is_cut = cut_rows(clean, labels, components)
    if is_cut:
        labels, components = label_components(clean)
        components = leave_out_giants(components)

    lines_of_digits = sort_into_lines(group_components(components))
    return [
        draw_digit(clean, labels, component, size, is_alone=False)
        for component in itertools.chain.from_iterable(lines_of_digits)
    ]


def label_components(ink: Ink) -> tuple[Labels, list[Component]]:
    """Label the connected components of the ink.

    Returns:
        the label of each pixel, and the components that may belong to digits.

    Raises:
        PictureError: there are none, or all are tiny.
    """
    labels, n_labels = ndimage.label(ink > EDGE, EIGHT_NEIGHBOURS)
    is_core = ink >= CORE
    n_core_pixels = np.bincount(labels[is_core], minlength=n_labels + 1)
    components = []
    for label, (rows, columns) in enumerate(ndimage.find_objects(labels), 1):
        if n_core_pixels[label] > 0:
            corners = (rows.start, columns.start, rows.stop, columns.stop)
            components.append(Component(*corners, (label,)))

    largest = max((component.side for component in components), default=0)
    longer_side = max(ink.shape)
    min_side = MIN_SIDE_SMALL if longer_side <= SMALL else MIN_SIDE
    if largest < max(min_side, longer_side * MIN_SHARE):
        raise PictureError("the picture is blank")
    return labels, components


def remove_printed(ink: Ink) -> Ink:
    """Return the ink without straight lines and without what the picture's edges cut off."""
    without_lines, _ = lines.remove(ink)
    return inks.scale(edges.remove(without_lines), EDGE)


def remove_grids(ink: Ink) -> Ink:
    """Return the ink without grids and frames, and without the digits that touch them."""
    labels, components = label_components(ink)
    grid_labels: list[int] = []
    for grid in find_grids(ink, components):
        grid_labels += grid.labels
    return np.where(np.isin(labels, grid_labels), 0, ink)


def find_grids(ink: Ink, components: list[Component]) -> list[Component]:
    """Return the components that enclose many others: grids and frames."""
    largest = max(component.side for component in components)
    counted = [each for each in components if each.side >= MIN_ENCLOSED_SIDE * largest]
    grids = []
    for component in counted:
        if component.height <= MIN_GRID_HEIGHT * len(ink):
            continue
        n_enclosed = sum(encloses(component, other) for other in counted)
        if n_enclosed >= MIN_ENCLOSED:
            grids.append(component)
    return grids


def encloses(outer: Component, inner: Component) -> bool:
    """Return whether a component lies within the rectangle of another one."""
    is_between_rows = outer.top < inner.top and inner.bottom < outer.bottom
    is_between_columns = outer.left < inner.left and inner.right < outer.right
    return is_between_rows and is_between_columns


def leave_out_giants(components: list[Component]) -> list[Component]:
    """Return the components without those that are far higher than most others."""
    heights = np.array([component.height for component in components])
    widths = np.array([component.width for component in components])
    is_giant = edges.find_giants(heights, widths)
    return [each for each, giant in zip(components, is_giant, strict=True) if not giant]


def cut_rows(ink: Ink, labels: Labels, components: list[Component]) -> bool:
    """Cut components that are in two rows of digits, where they are thinnest.

    Args:
        ink: the ink, which is changed.
        labels: the label of each pixel.
        components: the components of the ink.

    Returns:
        whether a component was cut.
    """
    heights = measure_heights(components)
    large = [
        each
        for each in components
        if each.height >= edges.MIN_SHARE_OF_TALLEST * heights.tallest
    ]
    is_cut = False
    for component in large:
        if component.height <= TWO_ROWS * heights.usual:
            continue
        bottoms_above = []
        tops_below = []
        for other in large:
            overlap = ROW_OVERLAP * other.height
            ends_above = other.bottom < component.middle + overlap
            starts_below = other.top > component.middle - overlap
            if ends_above and component.top < other.middle:
                bottoms_above.append(other.bottom)
            if starts_below and component.bottom > other.middle:
                tops_below.append(other.top)
        if bottoms_above and tops_below:
            row_limits = [int(np.median(bottoms_above)), int(np.median(tops_below))]
            cut_between(ink, labels, component, min(row_limits), max(row_limits))
            is_cut = True
    return is_cut


def cut_between(ink: Ink, labels: Labels, component: Component, first: int, last: int) -> None:
    """Remove the row of a component's ink that has the fewest pixels.

    Args:
        ink: the ink, which is changed.
        labels: the label of each pixel.
        component: the component.
        first: about the first row that may be removed.
        last: about the last row that may be removed.
    """
    margin = component.height // 16
    first = max(first - margin, component.top)
    last = min(last + margin, component.bottom - 1)
    columns = slice(component.left, component.right)
    [label] = component.labels
    is_own = labels[first : last + 1, columns] == label
    thinnest = is_own.sum(axis=1).argmin()
    row = ink[first + thinnest, columns]
    row[is_own[thinnest]] = 0


def join(components: list[Component]) -> Component:
    """Return several components as one."""
    labels: list[int] = []
    for component in components:
        labels += component.labels
    return Component(
        top=min(component.top for component in components),
        left=min(component.left for component in components),
        bottom=max(component.bottom for component in components),
        right=max(component.right for component in components),
        labels=tuple(labels),
    )


def group_components(components: list[Component]) -> list[Component]:
    """Join the components of broken digits, and leave out what is too small or too flat.

    Raises:
        PictureError: there are too many components, or there is no digit.
    """
    tallest = max(component.height for component in components)
    components = [each for each in components if each.side >= NOISE * tallest]
    if len(components) > MAX_COMPONENTS:
        raise PictureError(
            f"more than {MAX_COMPONENTS} pieces of ink are in the picture; take a part of it"
        )

    heights = measure_heights(components)
    groups: list[Component] = []
    for component in sorted(components, key=attrgetter("height"), reverse=True):
        for index, group in enumerate(groups):
            if belongs_together(component, group, heights):
                groups[index] = join([component, group])
                break
        else:
            groups.append(component)

    min_side = SPECK * measure_heights(groups).usual
    digits = [group for group in groups if group.side >= min_side and group.flatness <= FLAT]
    if not digits:
        raise PictureError(
            f"no digit is in the picture: its ink is more than {FLAT} times as wide as high"
        )
    return digits


def measure_heights(components: list[Component]) -> Heights:
    """Return what the heights of parts of digits are compared with."""
    heights = np.array([component.height for component in components])
    tallest = int(heights.max())
    usual = edges.usual_height(heights)
    n_tall = np.count_nonzero(heights >= TALL * tallest)
    whole = TALL * tallest if n_tall >= MANY else np.inf
    return Heights(tallest, usual, whole)


def belongs_together(part: Component, group: Component, heights: Heights) -> bool:
    """Return whether a component belongs to a digit.

    Args:
        part: a component that is not taller than the digit.
        group: the digit, or a part of it.
        heights: the heights in the picture.
    """
    is_underline = part.flatness > FLAT and part.top > group.top
    if is_underline:
        return False

    # A negative gap is an overlap.
    gap_beside = max(part.left, group.left) - min(part.right, group.right)
    gap_above = max(part.top, group.top) - min(part.bottom, group.bottom)
    common_height = max(part.bottom, group.bottom) - min(part.top, group.top)
    min_width = min(part.width, group.width)
    min_height = min(part.height, group.height)
    is_above_or_below = -gap_beside >= ABOVE * min_width
    if is_above_or_below and -gap_above >= BESIDE * min_height:
        return common_height <= MAX_OVERLAPPING * heights.tallest
    if is_above_or_below and gap_above <= MAX_GAP * common_height:
        if min_height >= heights.whole:
            return False
        flatter = part if part.flatness >= group.flatness else group
        is_flat = is_flat_part(flatter, min_width, heights)
        limit = MAX_STACKED_FLAT if is_flat else MAX_STACKED
        return common_height <= limit * heights.tallest
    is_small = part.height <= SMALL_PART * heights.usual
    return is_small and max(gap_beside, gap_above) <= NEAR * heights.usual


def is_flat_part(flatter: Component, min_width: int, heights: Heights) -> bool:
    """Return whether the flatter of two components is a part of a digit.

    Such a part is low, or not much wider than the other part. A flat component of two digits
    that touch is neither.

    Args:
        flatter: the component.
        min_width: the width of the narrower of the two components.
        heights: the heights in the picture.
    """
    if flatter.height >= FLAT_PART * flatter.width:
        return False
    is_low = flatter.height < TALL * heights.tallest
    return is_low or min_width > FLAT_PART_WIDTH * flatter.width


def sort_into_lines(digits: list[Component]) -> list[list[Component]]:
    """Sort digits into lines, from top to bottom.

    From left to right, each digit follows the line whose last digit is beside it. Therefore
    lines may slant.
    """
    found: list[list[Component]] = []
    for digit in sorted(digits, key=attrgetter("left")):
        best_line: list[Component] = []
        best_share = 0.0
        for line in found:
            share = vertical_overlap(digit, line[-1])
            if share > best_share:
                best_line = line
                best_share = share
        if best_share >= SAME_LINE:
            best_line.append(digit)
        else:
            found.append([digit])
    return sorted(found, key=mean_middle)


def mean_middle(line: list[Component]) -> float:
    """Return the mean of the middles of a line's digits."""
    return sum(digit.middle for digit in line) / len(line)


def vertical_overlap(one: Component, other: Component) -> float:
    """Return how much two components overlap, as a share of the smaller height."""
    n_common_rows = min(one.bottom, other.bottom) - max(one.top, other.top)
    return n_common_rows / min(one.height, other.height)


def draw_digit(
    ink: Ink, labels: Labels, digit: Component, size: int, *, is_alone: bool
) -> Digit:
    """Draw a digit as the model takes it.

    Args:
        ink: the ink of the picture.
        labels: the label of each pixel.
        digit: the digit.
        size: the side of its image.
        is_alone: whether the picture is so small that it shows one digit.
    """
    # The faint edges of the strokes, a pixel wide, belong to the digit, too.
    rows = slice(max(digit.top - 1, 0), digit.bottom + 1)
    columns = slice(max(digit.left - 1, 0), digit.right + 1)
    is_own = np.isin(labels[rows, columns], digit.labels)
    is_own = ndimage.binary_dilation(is_own, EIGHT_NEIGHBOURS)
    own_ink = np.where(is_own, ink[rows, columns], 0)
    box = (digit.left, digit.top, digit.width, digit.height)
    return Digit(box, normalize(own_ink, size), own_ink, is_alone)


def scale_box(box: Box, scale: float) -> Box:
    """Return a box in pixels of the original picture, which may have been reduced."""
    left, top, width, height = box
    return (
        round(left * scale),
        round(top * scale),
        round(width * scale),
        round(height * scale),
    )
