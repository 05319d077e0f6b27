"""Remove printed lines from a picture: frames, combs, ruled and squared paper.

Strokes that cross the lines stay. Most functions look for lines across the page, along the
rows. They are called with the transposed page to look for lines down the page. The thresholds
were chosen on MNIST's training images, drawn on pages by bench/paper.py.
"""

from typing import NamedTuple

from digits.handwriting import deskew
from digits.handwriting.ink import Ink
from digits.handwriting.regions import EIGHT_NEIGHBOURS, Integers, Labels, Mask, bounds

import numpy as np
from scipy import ndimage

NEIGHBOURS_IN_ROW = np.array([[0, 0, 0], [1, 1, 1], [0, 0, 0]])
NEIGHBOURS_IN_COLUMN = NEIGHBOURS_IN_ROW.T

# Less ink belongs to no line.
FAINT = 0.1

# Components of at most this many pixels are noise.
SPECK = 6

# A line has at least this many pixels. In large pages, it is longer than the longer side of the
# page divided by the second number.
SHORTEST = 13
SHORTEST_DIVISOR = 40

# A line is at most this many pixels thick, or in large pages the longer side of the page
# divided by the second number. A fine line is thinner.
THICKEST = 7
THICKEST_DIVISOR = 150
FINE = 2

# Between two lines side by side there is at most this share of the lines' ink. The lines' ink
# differs by less than this share.
VALLEY = 0.5
ALIKE = 0.3

# No stroke crosses at least this share of a line.
SHARE = 0.3

# Each row of a line is at least this share of its longest row.
STRAIGHT = 0.8

# Holes of fewer pixels are closed, in lines across the page and in lines down the page. The
# numbers are odd because of SciPy's filters.
GAP_ACROSS = 5
GAP_DOWN = 3

# At least this share of a line down the page is ink. The rest is closed holes.
WHOLE = 0.92

# A line between other lines is at least this many times as long as wide, and a line with free
# ends is longer.
NARROW = 6
LONG = 25

# The end of a line is at most this many pixels from the line that it meets.
NEAR = 2

# The sides of a frame may be one pixel apart at a corner for each this many pixels of their
# length.
SIDE = 16

# A component without a frame may have lines if it is this many times as wide as high. Two
# digits that touch are narrower.
WIDE = 2

# A frame is less than this many times as wide or as high as the digit in it.
ROOMY = 4

# A component with this share of the page's height or width may be a frame or a grid.
FRAME = 0.4

# The ink in a frame has at least this share of the frame's height. The bar of an 8 has less.
FILLED = 0.35

# Less than this share of the pixels beside a frame is ink.
PAPER = 0.5

# Only this many of the largest components may be frames. Comparing more would take long.
LARGEST = 100

# A line has at least this share of its component's length between the first and the last place
# where it meets other lines. Its longest row has the same share, or this share of the page.
SPANNED = 0.85
SPANNED_PAGE = 1 / 5

# A cross-section of a line with more than this many times the usual ink is a stroke that
# crosses.
CROSSED = 1.3

# A stroke crosses a line within this many pixels along the line.
SLANTED = 7

# The end of a stroke stays if it has more than this many times the ink of the line in which it
# ends.
DARKER = 1.1

# A line and its neighbouring rows, in pixels.
LINE_WITH_EDGES = 5


class Tooth(NamedTuple):
    """A run that meets a line across, as a tooth of a comb does.

    Attributes:
        number: the number of the run.
        start: the row of its first pixel.
        stop: the row after its last pixel.
        is_at_end: whether it meets the line at one of its own ends.
    """

    number: int
    start: int
    stop: int
    is_at_end: bool


def remove(ink: Ink) -> tuple[Ink, Mask]:
    """Remove lines.

    Returns:
        the ink without lines, and where the lines were.
    """
    is_dark = ink > FAINT
    slope = deskew.estimate_slope(is_dark)
    sheared = deskew.shear(ink, slope)
    horizontal, vertical = find_lines(sheared)
    n_lines = count_components(horizontal) + count_components(vertical)
    if n_lines <= 2 and touches_all_sides(is_dark):
        # They are the bars of a digit that fills the picture.
        horizontal[:] = False
        vertical[:] = False

    dark = sheared > FAINT
    clear = find_pixels_to_clear(sheared, horizontal, vertical)
    clear |= find_pixels_to_clear(sheared.T, vertical.T, horizontal.T).T
    clear |= find_scraps(dark & ~clear, horizontal, vertical)
    is_clear = deskew.unshear(clear, slope, ink.shape)
    is_line = deskew.unshear(horizontal | vertical, slope, ink.shape)
    return np.where(is_clear, 0, ink), is_line


def find_lines(ink: Ink) -> tuple[Mask, Mask]:
    """Find the lines across the page and down the page.

    Args:
        ink: the ink of a straightened page. Pixels outside of the page are negative.

    Returns:
        where the lines across the page are, and those down the page.
    """
    outside = ink < 0
    dark = ink > FAINT
    components, _ = ndimage.label(dark, EIGHT_NEIGHBOURS)
    pieces = remove_small_or_enclosed(components)
    n_pixels = np.bincount(components.ravel())
    clean = dark & (n_pixels[components] > SPECK)
    without_valleys = clean & ~find_valleys(ink)
    runs_across = find_runs(clean, clean, GAP_ACROSS)
    runs_down = find_runs(clean.T, without_valleys.T, GAP_DOWN, WHOLE)

    # The arrays of runs down, sides and lines down are those of the transposed page.
    frame_tops, frame_sides = find_frames(runs_across, runs_down, dark)
    everywhere = np.ones_like(runs_down, bool)
    sides = choose_lines(runs_down, dark.T, pieces.T, everywhere, outside.T) | frame_sides
    horizontal = choose_lines(runs_across, dark, pieces, sides.T, outside) | frame_tops
    lines_down = choose_lines(runs_down, dark.T, pieces.T, horizontal.T, outside.T)
    lines_down = check_crossings(runs_down, lines_down, horizontal.T)
    vertical = (lines_down | frame_sides).T

    frames = frame_tops | frame_sides.T
    printed = find_printed(components, frames, outside, horizontal, vertical)
    return horizontal & printed, vertical & printed


def remove_small_or_enclosed(components: Labels) -> Labels:
    """Keep the components that may be frames or grids, and remove all others, such as digits.

    A component is removed if it is small, or if it is inside another one that is not much
    larger.
    """
    boxes = bounds(components)
    starts = boxes[:, :2]
    stops = boxes[:, 2:]
    sizes = stops - starts
    is_small = (sizes < FRAME * np.array(components.shape)).all(axis=1)
    is_removed = np.append(False, is_small)
    largest_first = np.argsort(-sizes.max(axis=1))
    for index in largest_first[:LARGEST]:
        begins_inside = (starts > starts[index]).all(axis=1)
        ends_inside = (stops < stops[index]).all(axis=1)
        is_tight = (sizes[index] < ROOMY * sizes).any(axis=1)
        is_removed[1:] |= begins_inside & ends_inside & is_tight
    return np.where(is_removed[components], 0, components)


def find_printed(
    components: Labels, frames: Mask, outside: Mask, horizontal: Mask, vertical: Mask
) -> Mask:
    """Find the components that may have lines.

    They have a frame, are wide, are at the edge of the page, or have several lines across and
    several lines down.

    Args:
        components: the component of each pixel.
        frames: where the frames are.
        outside: which pixels are outside of the page.
        horizontal: where the lines across the page are.
        vertical: where the lines down the page are.

    Returns:
        the pixels of these components, and pixels near them.
    """
    boxes = bounds(components)
    heights = boxes[:, 2] - boxes[:, 0]
    widths = boxes[:, 3] - boxes[:, 1]
    is_wide = widths >= WIDE * heights
    is_printed = np.append(False, is_wide)
    at_edge = ndimage.maximum_filter(outside, 2 * NEAR + 1)
    is_printed[components[frames | at_edge]] = True
    n_across = count_lines(components, horizontal, len(is_printed))
    n_down = count_lines(components, vertical, len(is_printed))
    is_printed |= (n_across > 1) & (n_down > 1)
    is_printed[0] = False
    return np.asarray(ndimage.maximum_filter(is_printed[components], GAP_ACROSS))


def count_lines(components: Labels, lines: Mask, n_components: int) -> Integers:
    """Count the lines of each component.

    Args:
        components: the component of each pixel.
        lines: where the lines are.
        n_components: the number of components, with the paper, which has the number 0.
    """
    line_numbers, n_lines = ndimage.label(lines, EIGHT_NEIGHBOURS)
    is_inked = lines & (components > 0)
    component_of_line = np.zeros(n_lines + 1, int)
    component_of_line[line_numbers[is_inked]] = components[is_inked]
    return np.bincount(component_of_line, minlength=n_components)


def count_components(mask: Mask) -> int:
    """Count the connected components of a mask."""
    _, n_components = ndimage.label(mask, EIGHT_NEIGHBOURS)
    return int(n_components)


def touches_all_sides(dark: Mask) -> bool:
    """Return whether there is ink near each side of the picture."""
    margin = max(3, max(dark.shape) // 40)
    sides = [dark[:margin], dark[-margin:], dark[:, :margin], dark[:, -margin:]]
    return all(side.any() for side in sides)


def find_valleys(ink: Ink) -> Mask:
    """Find the pixels between two boxes side by side.

    Such a pixel has much less ink than the pixels to its left and to its right, and these have
    about the same ink.
    """
    left = ndimage.maximum_filter1d(ink, 3, 1, origin=1)
    right = ndimage.maximum_filter1d(ink, 3, 1, origin=-1)
    is_lower = ink < VALLEY * np.minimum(left, right)
    is_alike = np.abs(left - right) < ALIKE * np.maximum(left, right)
    return np.asarray(is_lower & is_alike)


def find_runs(dark: Mask, without_valleys: Mask, gap: int, min_ink: float = 0) -> Labels:
    """Find runs of ink along the rows that are long and thin enough for lines.

    Strokes may cross a run.

    Args:
        dark: where the ink is.
        without_valleys: where the ink is, except between two lines side by side.
        gap: holes of fewer pixels are closed.
        min_ink: the lowest share of ink in a run.

    Returns:
        the number of the run of each pixel.
    """
    longer_side = max(dark.shape)
    sections, _ = ndimage.label(without_valleys, NEIGHBOURS_IN_COLUMN)
    thickness = np.bincount(sections.ravel())[sections]
    thin = dark & (thickness <= max(THICKEST, longer_side // THICKEST_DIVISOR))
    fine = dark & (thickness <= FINE)

    widened = ndimage.maximum_filter1d(dark.view(np.uint8), gap, 1)
    closed = ndimage.minimum_filter1d(widened, gap, 1)
    runs, _ = ndimage.label(closed, NEIGHBOURS_IN_ROW)
    lengths = np.bincount(runs.ravel())
    n_thin = np.bincount(runs.ravel(), thin.ravel())
    n_fine = np.bincount(runs.ravel(), fine.ravel())
    n_dark = np.bincount(runs.ravel(), dark.ravel())
    is_long = lengths >= max(SHORTEST, longer_side // SHORTEST_DIVISOR)
    is_line = is_long & (n_thin >= SHARE * lengths) & (n_dark >= min_ink * lengths)
    is_line[0] = False

    labels, _ = ndimage.label(is_line[runs], EIGHT_NEIGHBOURS)
    for number, place in enumerate(ndimage.find_objects(labels), 1):
        is_own = labels[place] == number
        row_lengths = is_own.sum(axis=1)
        is_bend = row_lengths < STRAIGHT * row_lengths.max()
        labels[place][is_own & is_bend[:, np.newaxis]] = 0
    return extend_runs(labels, runs, n_fine >= SHARE * lengths)


def extend_runs(labels: Labels, runs: Labels, is_fine: Mask) -> Labels:
    """Add fine runs that begin where a line ends, or end where a line begins.

    They are the rest of a line that is a pixel off its row.

    Args:
        labels: the number of the line of each pixel.
        runs: the number of the run of each pixel, for all runs.
        is_fine: whether each run is fine.
    """
    inked = runs > 0
    is_first = inked & np.diff(inked, axis=1, prepend=False)
    is_last = inked & np.diff(inked, axis=1, append=False)
    line_of_run = np.zeros(len(is_fine), labels.dtype)
    for begins, ends in ((is_first, is_last), (is_last, is_first)):
        line_before = ndimage.maximum_filter(np.where(ends, labels, 0), 3)
        is_free = begins & (labels == 0) & is_fine[runs]
        is_joined = is_free & (line_before > 0)
        line_of_run[runs[is_joined]] = line_before[is_joined]
    return np.asarray(np.maximum(labels, line_of_run[runs]))


def find_frames(runs_across: Labels, runs_down: Labels, dark: Mask) -> tuple[Mask, Mask]:
    """Find rectangles with a digit inside.

    Args:
        runs_across: the runs of the page. They may go on beyond the corners of the rectangle.
        runs_down: the runs of the transposed page.
        dark: where the ink is.

    Returns:
        the tops and bottoms of the rectangles, on the page, and the sides of the rectangles, on
        the transposed page.
    """
    tops = np.zeros_like(dark)
    is_side = np.zeros(runs_down.max() + 1, bool)
    across = bounds(runs_across)
    down = bounds(runs_down.T)
    if not (across.size and down.size):
        return tops, is_side[runs_down]

    # The shape of these masks is (runs across, runs down).
    tolerance = np.maximum((down[:, 2] - down[:, 0]) // SIDE, 1)
    is_at_top = np.abs(across[:, [0]] - down[:, 0]) <= tolerance
    is_at_bottom = np.abs(across[:, [2]] - down[:, 2]) <= tolerance
    begins_at = across[:, [1]] <= down[:, 1] + tolerance
    ends_at = across[:, [3]] >= down[:, 3] - tolerance
    from_top = is_at_top & begins_at
    from_bottom = is_at_bottom & begins_at
    to_top = is_at_top & ends_at
    to_bottom = is_at_bottom & ends_at
    for left in range(len(down)):
        reaches_top = to_top[from_top[:, left]].any(axis=0)
        reaches_bottom = to_bottom[from_bottom[:, left]].any(axis=0)
        is_right_of_it = down[:, 1] > down[left, 3]
        for right in np.flatnonzero(reaches_top & reaches_bottom & is_right_of_it):
            uppers = np.flatnonzero(from_top[:, left] & to_top[:, right])
            lowers = np.flatnonzero(from_bottom[:, left] & to_bottom[:, right])
            upper = across[uppers[0]]
            lower = across[lowers[0]]
            if not is_frame(dark, upper, lower, down[left], down[right]):
                continue
            first_row = max(0, upper[0] - tolerance[left])
            last_row = lower[2] + tolerance[left]
            place = slice(first_row, last_row), slice(down[left, 1], down[right, 3])
            numbers = [*(uppers + 1), *(lowers + 1)]
            tops[place] |= np.isin(runs_across[place], numbers)
            is_side[left + 1] = True
            is_side[right + 1] = True
    return tops, is_side[runs_down]


def is_frame(
    dark: Mask, upper: Integers, lower: Integers, left: Integers, right: Integers
) -> bool:
    """Return whether four runs are a frame: there is a digit inside, and paper around.

    Args:
        dark: where the ink is.
        upper: the first row and column of the upper run, and those after its last.
        lower: those of the lower run.
        left: those of the left run.
        right: those of the right run.
    """
    top = upper[0]
    bottom = lower[2]
    first_column = left[1]
    last_column = right[3]
    margin = upper[2] - top + NEAR
    left_margin = left[3] - first_column + NEAR
    right_margin = last_column - right[1] + NEAR
    rows = slice(top + margin, bottom - margin)
    columns = slice(left[3] + left_margin, right[1] - right_margin)
    inked_rows = np.flatnonzero(dark[rows, columns].any(axis=1))
    if not inked_rows.size or np.ptp(inked_rows) < FILLED * (bottom - top):
        return False

    # There must be paper two pixels outside of the frame. The padding is two pixels wide, too.
    padded = np.pad(dark, 2)
    beside_rows = padded[[top, bottom + 3], first_column + 2 : last_column + 2]
    beside_columns = padded[top + 2 : bottom + 2, [first_column, last_column + 3]]
    most_ink = max(beside_rows.mean(axis=1).max(), beside_columns.mean(axis=0).max())
    return bool(most_ink < PAPER)


def choose_lines(runs: Labels, dark: Mask, pieces: Labels, ends: Mask, outside: Mask) -> Mask:
    """Choose the runs that are lines.

    A line ends at other lines or at the edge of the page, or is half as long as the page.

    Args:
        runs: the number of the run of each pixel.
        dark: where the ink is.
        pieces: the component of each pixel that may be part of a frame or a grid, or 0.
        ends: where other lines are, at which the lines may end.
        outside: which pixels are outside of the page.

    Returns:
        where the lines are.
    """
    # Pixels in no piece count as one of infinite length, which no line spans.
    piece_lengths = [np.inf]
    piece_lengths.extend(
        place[1].stop - place[1].start if place else 0 for place in ndimage.find_objects(pieces)
    )
    at_line = ndimage.maximum_filter(ends, 2 * NEAR + 1)
    at_edge = ndimage.maximum_filter1d(outside, 2 * NEAR + 1, 1)
    meeting = at_line | at_edge

    is_line = np.zeros(runs.max() + 1, bool)
    page_length = runs.shape[1]
    for number, place in enumerate(ndimage.find_objects(runs), 1):
        is_own = runs[place] == number
        length = is_own.shape[1]
        slimness = length**2 / np.count_nonzero(is_own)  # the length divided by the width
        is_free_line = 2 * length >= page_length and slimness >= LONG
        piece = pieces[place][is_own].max()
        min_span = SPANNED * piece_lengths[piece]
        longest_row = is_own.sum(axis=1).max()
        is_straight = longest_row >= min(min_span, max(runs.shape) * SPANNED_PAGE)
        span = measure_span(is_own & meeting[place], is_own & dark[place])
        is_bound_line = is_straight and slimness >= NARROW and span >= min_span
        is_line[number] = is_free_line or is_bound_line
    return is_line[runs]


def measure_span(meeting: Mask, inked: Mask) -> int:
    """Return the length of a run between its first and its last meeting with other lines.

    Args:
        meeting: which pixels of the run meet other lines.
        inked: which pixels of the run are ink. The others are closed holes. A meeting with a
            hole does not count.
    """
    meetings, _ = ndimage.label(meeting.any(axis=0))
    with_hole = meetings[~inked.any(axis=0)]
    is_met = (meetings > 0) & ~np.isin(meetings, with_hole)
    positions = np.flatnonzero(is_met)
    if not positions.size:
        return 0
    return int(positions[-1] - positions[0] + 1)


def check_crossings(runs: Labels, lines: Mask, across: Mask) -> Mask:
    """Choose the lines down the page that cross two lines across the page.

    The teeth of a comb are added, which meet one line only: runs of the same length and
    position, one of which is at the end of the line across.

    Args:
        runs: the number of the run of each pixel of the transposed page.
        lines: which pixels are on lines.
        across: where the lines across the page are, transposed as well.

    Returns:
        where the lines are.
    """
    line_ends = np.zeros(across.shape, bool)
    line_numbers, _ = ndimage.label(across, EIGHT_NEIGHBOURS)
    for rows, columns in ndimage.find_objects(line_numbers):
        for end in (slice(rows.start, rows.start + 3), slice(rows.stop - 3, rows.stop)):
            line_ends[end, columns] |= across[end, columns]
    line_ends = ndimage.maximum_filter(line_ends, 2 * NEAR + 1)

    is_line = np.zeros(runs.max() + 1, bool)
    teeth = []
    for number, place in enumerate(ndimage.find_objects(runs), 1):
        is_own = runs[place] == number
        near_line = ndimage.maximum_filter(across[place], 2 * NEAR + 1)
        is_crossed = (is_own & near_line).any(axis=0)
        n_crossings = np.count_nonzero(np.diff(is_crossed.astype(int), prepend=0) == 1)
        is_line[number] = n_crossings >= 2 and lines[place][is_own].all()
        if n_crossings > 0:
            at_line_end = is_own & line_ends[place]
            is_at_end = at_line_end[:, :3].any() or at_line_end[:, -3:].any()
            columns = place[1]
            teeth.append(Tooth(number, columns.start, columns.stop, bool(is_at_end)))

    end_teeth = [tooth for tooth in teeth if tooth.is_at_end]
    for tooth in teeth:
        is_line[tooth.number] |= any(are_alike(tooth, other) for other in end_teeth)
    return is_line[runs]


def are_alike(tooth: Tooth, other: Tooth) -> bool:
    """Return whether two teeth have about the same length and position."""
    start_distance = abs(tooth.start - other.start)
    stop_distance = abs(tooth.stop - other.stop)
    return max(start_distance, stop_distance) <= NEAR


def find_pixels_to_clear(ink: Ink, lines: Mask, others: Mask) -> Mask:
    """Find the pixels of lines across the page, without the strokes that cross the lines.

    Where a stroke crosses, there is more ink than in a cross-section of the line.

    Args:
        ink: the ink of the page.
        lines: where the lines across the page are.
        others: where the lines down the page are.

    Returns:
        the pixels of the lines and of their edges.
    """
    others = ndimage.maximum_filter1d(others, 3, 1)
    # A section is a vertical run of ink.
    sections, n_sections = ndimage.label((ink > FAINT / 2) & ~others, NEIGHBOURS_IN_COLUMN)
    section_ink = ndimage.sum_labels(ink, sections, np.arange(n_sections + 1))
    line_numbers, n_lines = ndimage.label(lines, EIGHT_NEIGHBOURS)
    usual_ink = np.zeros(n_lines + 1)
    darkness = np.zeros(n_lines + 1)
    for number, place in enumerate(ndimage.find_objects(line_numbers), 1):
        is_own = line_numbers[place] == number
        darkness[number] = np.median(ink[place][is_own])
        own_sections = np.unique(sections[place][is_own])
        if own_sections.any():
            usual_ink[number] = np.median(section_ink[own_sections[own_sections > 0]])

    usual_of_section = np.zeros(n_sections + 1)
    usual_of_section[sections[lines]] = usual_ink[line_numbers[lines]]
    usual_of_section[0] = 0
    has_line = usual_of_section > 0
    is_thin = has_line & (section_ink <= CROSSED * usual_of_section)
    near_line = ndimage.maximum_filter1d(lines, LINE_WITH_EDGES, 0)

    # The end of a stroke that touches the line, but does not cross it, is part of the line.
    is_crossed = find_crossings(sections, n_sections, lines)
    is_dark = ink > DARKER * darkness[line_numbers]
    is_end = lines & has_line[sections] & ~is_crossed & ~is_dark
    return (is_thin[sections] & near_line) | (lines & others) | is_end


def find_crossings(sections: Labels, n_sections: int, lines: Mask) -> Mask:
    """Find the pixels of lines where strokes go on above and below the line.

    Args:
        sections: the vertical run of ink of each pixel.
        n_sections: the number of these runs.
        lines: where the lines are.
    """
    first_of_line, last_of_line = find_rows(lines, sections, n_sections)
    everywhere = np.ones_like(lines)
    first, last = find_rows(everywhere, sections, n_sections)
    goes_on_above = np.abs(first_of_line - first) > 1
    goes_on_below = np.abs(last_of_line - last) > 1
    is_above = ndimage.maximum_filter1d(lines & goes_on_above[sections], SLANTED, 1)
    is_below = ndimage.maximum_filter1d(lines & goes_on_below[sections], SLANTED, 1)
    return np.asarray(is_above & is_below)


def find_rows(mask: Mask, sections: Labels, n_sections: int) -> tuple[Integers, Integers]:
    """Return the first and the last row of each section that is in a mask, or 0."""
    first = np.zeros(n_sections + 1, int)
    last = np.zeros(n_sections + 1, int)
    rows, columns = np.nonzero(mask & (sections > 0))
    numbers = sections[rows, columns]
    # If a number occurs several times, NumPy keeps the value that is assigned last.
    last[numbers] = rows
    first[numbers[::-1]] = rows[::-1]
    return first, last


def find_scraps(dark: Mask, horizontal: Mask, vertical: Mask) -> Mask:
    """Find what is left of lines: components beside them that are as thin, and oblong.

    Args:
        dark: the ink without the pixels that will be cleared.
        horizontal: where the lines across the page were.
        vertical: where the lines down the page were.
    """
    labels, n_labels = ndimage.label(dark, EIGHT_NEIGHBOURS)
    near_line = ndimage.maximum_filter(horizontal | vertical, 2 * NEAR + 1)
    is_scrap = np.zeros(n_labels + 1, bool)
    is_scrap[labels[near_line]] = True
    is_scrap[0] = False

    lines_across, _ = ndimage.label(horizontal, EIGHT_NEIGHBOURS)
    lines_down, _ = ndimage.label(vertical, EIGHT_NEIGHBOURS)
    across = bounds(lines_across)
    down = bounds(lines_down)
    heights = across[:, 2] - across[:, 0]
    widths = down[:, 3] - down[:, 1]
    thickness = np.concatenate([heights, widths])
    usual_thickness = np.median(thickness) if thickness.size else 0

    boxes = bounds(labels)
    sizes = np.sort(boxes[:, 2:] - boxes[:, :2], axis=1)
    shorter = sizes[:, 0]
    longer = sizes[:, 1]
    is_scrap[1:] &= (shorter <= usual_thickness + 1) & (longer >= 2 * shorter)
    return is_scrap[labels]
