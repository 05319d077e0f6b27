"""Find the digits in a picture.

The ink of a digit is one connected component, or several, one above another, if its strokes
are broken. The thresholds were chosen on drawings and photos of digits.
packages/digits-handwriting/docs/handwriting.md measures how well digits are found.
"""

import itertools
from operator import attrgetter
from typing import NamedTuple, Self

import numpy as np
from scipy import ndimage
from skimage import measure
from skimage.transform import ProjectiveTransform

from digits.core.pixels import Pixels
from digits.imaging.pictures import Picture, PictureError
from digits_handwriting import ink as inks
from digits_handwriting import lines, sheets
from digits_handwriting.ink import CORE, EDGE, Ink
from digits_handwriting.normalize import normalize
from digits_handwriting.regions import EIGHT_NEIGHBOURS, Box, Labels

# A picture whose sides have at most this many pixels shows one digit.
MAX_ONE_DIGIT_SIDE = 32

# The longer side of a component has at least this many pixels. Otherwise it is noise.
MIN_COMPONENT_SIDE = 3

# Comparing more components with one another would take minutes.
MAX_COMPONENTS = 2_000

# A component is cut off if it touches an edge, or lies wholly within a margin with this share
# of the picture's shorter side.
MARGIN_SHARE = 0.06

# The longer side of a digit is at least this share of the usual height. Its height is at most
# this many times the usual height. It is at most this many times as wide as it is tall.
MIN_HEIGHT_SHARE = 0.4
MAX_HEIGHTS = 3.5
MAX_FLATNESS = 4

# Parts of a digit share at least this part of the narrower width. The gap between them is at
# most this share of the height of both together, which is at most this many times the usual
# height.
MIN_COMMON_WIDTH = 0.4
MAX_GAP_SHARE = 0.25
MAX_JOINED_HEIGHTS = 1.7

# A digit belongs to a line if it and the line's last digit share at least this part of the
# height of the shorter one.
MIN_COMMON_HEIGHT = 0.4


class Digit(NamedTuple):
    """A digit in a picture.

    Attributes:
        box: x, y, width and height, in pixels of the page. `find` returns it in pixels of the
            original picture.
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
    def side(self) -> int:
        """The longer side in pixels."""
        return max(self.height, self.width)

    def join(self, other: Self) -> Self:
        """Return this component and another one as one."""
        return type(self)(
            top=min(self.top, other.top),
            left=min(self.left, other.left),
            bottom=max(self.bottom, other.bottom),
            right=max(self.right, other.right),
            labels=self.labels + other.labels,
        )


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
    page, to_picture = sheets.straighten(picture.grey)
    try:
        digits = find_on_page(page, size)
    except PictureError:
        if page is picture.grey:
            raise
        # No digits are on the bright region, so it is no sheet.
        digits = find_on_page(picture.grey, size)
        to_picture = ProjectiveTransform()
    return [
        digit._replace(box=move_box(digit.box, to_picture, picture.scale)) for digit in digits
    ]


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
    if max(ink.shape) <= MAX_ONE_DIGIT_SIDE:
        labels, components = label_components(ink)
        whole = components[0]
        for component in components[1:]:
            whole = whole.join(component)
        return [draw_digit(ink, labels, whole, size, is_alone=True)]

    straight, to_page = lines.turn(ink)
    clean = lines.remove(straight)
    labels, components = label_components(clean)
    components = leave_out_cut_off(components, clean.shape)
    lines_of_digits = sort_into_lines(group_components(components))
    digits = []
    for component in itertools.chain.from_iterable(lines_of_digits):
        digit = draw_digit(clean, labels, component, size, is_alone=False)
        digits.append(digit._replace(box=move_box(digit.box, to_page)))
    return digits


def label_components(ink: Ink) -> tuple[Labels, list[Component]]:
    """Label the connected components of the ink.

    Returns:
        the label of each pixel, and the components that may belong to digits.

    Raises:
        PictureError: there are none.
    """
    labels = measure.label(ink > EDGE)
    components = []
    for region in measure.regionprops(labels, ink):
        top, left, bottom, right = region.bbox
        component = Component(top, left, bottom, right, (region.label,))
        if region.intensity_max >= CORE and component.side >= MIN_COMPONENT_SIDE:
            components.append(component)
    if not components:
        raise PictureError("the picture is blank")
    return labels, components


def leave_out_cut_off(components: list[Component], shape: tuple[int, ...]) -> list[Component]:
    """Return the components without those that are cut off by the edges of the picture.

    They touch an edge, or are in the margin beside it. If there are no others, they stay.
    """
    height, width = shape
    margin = MARGIN_SHARE * min(shape)
    inner = []
    for component in components:
        touches_first = min(component.top, component.left) == 0
        touches_last = component.bottom == height or component.right == width
        is_in_first = min(component.bottom, component.right) <= margin
        is_in_last = component.top >= height - margin or component.left >= width - margin
        if not (touches_first or touches_last or is_in_first or is_in_last):
            inner.append(component)
    return inner or components


def group_components(components: list[Component]) -> list[Component]:
    """Join the components of broken digits, and leave out what is too small, tall or flat.

    Raises:
        PictureError: there are too many components, or there is no digit.
    """
    if len(components) > MAX_COMPONENTS:
        raise PictureError(
            f"more than {MAX_COMPONENTS} pieces of ink are in the picture; take a part of it"
        )
    usual = usual_height(components)
    groups: list[Component] = []
    for component in sorted(components, key=attrgetter("height"), reverse=True):
        if component.height > MAX_HEIGHTS * usual:
            continue
        for index, group in enumerate(groups):
            if belongs_together(component, group, usual):
                groups[index] = group.join(component)
                break
        else:
            groups.append(component)

    min_side = MIN_HEIGHT_SHARE * usual_height(groups)
    large = [group for group in groups if group.side >= min_side]
    digits = [group for group in large if group.width <= MAX_FLATNESS * group.height]
    if not digits:
        raise PictureError(
            f"no digit is in the picture: its ink is more than {MAX_FLATNESS} times as wide as "
            "high"
        )
    return digits


def usual_height(components: list[Component]) -> float:
    """Return the median height, weighted by the heights so that dust counts little."""
    heights = [component.height for component in components]
    return float(np.quantile(heights, 0.5, weights=heights, method="inverted_cdf"))


def belongs_together(part: Component, group: Component, usual: float) -> bool:
    """Return whether two components are above each other, and near enough for one digit.

    Args:
        part: a component that is not higher than the digit.
        group: the digit, or a part of it.
        usual: the usual height.
    """
    is_underline = part.width > MAX_FLATNESS * part.height and part.top > group.top
    if is_underline:
        return False
    common_width = min(part.right, group.right) - max(part.left, group.left)
    if common_width < MIN_COMMON_WIDTH * min(part.width, group.width):
        return False
    joined_height = part.join(group).height
    if joined_height > MAX_JOINED_HEIGHTS * usual:
        return False
    gap = max(part.top, group.top) - min(part.bottom, group.bottom)
    return gap <= MAX_GAP_SHARE * joined_height


def sort_into_lines(digits: list[Component]) -> list[list[Component]]:
    """Sort digits into lines, from top to bottom.

    From left to right, each digit follows the line whose last digit is beside it. Therefore
    lines may slant.
    """
    found: list[list[Component]] = []
    for digit in sorted(digits, key=attrgetter("left")):
        shares = [common_height(digit, line[-1]) for line in found]
        if max(shares, default=0) >= MIN_COMMON_HEIGHT:
            found[int(np.argmax(shares))].append(digit)
        else:
            found.append([digit])
    return sorted(found, key=mean_middle)


def common_height(one: Component, other: Component) -> float:
    """Return the common height of two components, as a share of the smaller height."""
    n_common_rows = min(one.bottom, other.bottom) - max(one.top, other.top)
    return n_common_rows / min(one.height, other.height)


def mean_middle(line: list[Component]) -> float:
    """Return the mean of the middles of a line's digits."""
    return sum(digit.top + digit.bottom for digit in line) / len(line) / 2


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
    own_ink = np.where(is_own, ink[rows, columns], 0).astype(np.float32)
    box = (digit.left, digit.top, digit.width, digit.height)
    return Digit(box, normalize(own_ink, size), own_ink, is_alone)


def move_box(box: Box, transform: ProjectiveTransform, scale: float = 1) -> Box:
    """Return the rectangle around a box that is transformed and then scaled."""
    left, top, width, height = box
    corners = itertools.product((left, left + width), (top, top + height))
    points = scale * transform(np.array(list(corners)))
    left, top = points.min(axis=0).round().astype(int).tolist()
    right, bottom = points.max(axis=0).round().astype(int).tolist()
    return left, top, right - left, bottom - top
