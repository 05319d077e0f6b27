"""Take printed lines out of a picture: frames, combs, ruled and squared paper; strokes that cross them stay.

The thresholds were chosen on training images, drawn on pages by bench/paper.py.
"""

from digits.handwriting import deskew
from digits.handwriting.ink import Ink

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Mask = npt.NDArray[np.bool_]
Labels = npt.NDArray[np.int32]

FAINT = 0.1  # of full ink; fainter belongs to no line
SPECK = 6  # pixels, at most, are noise
SHORTEST = 13  # pixels of a line, in pictures of up to 600 pixels; the 40th part of the side in larger ones
FINE = 2  # pixels across the rest of a line, at most
VALLEY = 0.5  # of the ink of two lines side by side, at most, is between them
ALIKE = 0.3  # of it, at most, one has more than the other
THICKEST = 7  # pixels across a line, in pictures of up to 1 000 pixels
SHARE = 0.3  # of a line, at least, no stroke crosses
STRAIGHT = 0.8  # of its longest row has each row of a line
GAPS = 5, 3  # pixels, odd, of a hole that is closed in a line across the page, and in one down
WHOLE = 0.92  # of a line down the page, at least, is inked
NARROW = 6  # times as long as wide, at least, is a line
LONG = 25  # the same, where its ends are free
NEAR = 2  # pixels from a line's end to the next line
SIDE = 16  # pixels of a frame's side, for each of which its ends in a corner may be one apart
WIDE = 2  # times as wide as high, at least, is what has lines that make no frame; two digits that touch are less
ROOMY = (
    4  # times as wide and as high as what is inside; a frame that is less so has a digit in it
)
FRAME = 0.4  # of the picture's height or width, at least, is a frame's
FILLED = 0.35  # of a frame's height, at least, has the ink in it; the bar of an 8 has less
PAPER = 0.5  # of what is around a frame, at most, is ink
LARGEST = 100  # components that may be frames
SPANNED = (
    0.85  # of a connected component is between a line's first and last meeting with others
)
CROSSED = 1.3  # times the ink of a line's cross-section is a stroke that crosses it
SLANTED = 7  # pixels along a line in which a stroke crosses it
DARKER = 1.1  # times a line's ink is the end of a stroke in it

ROWS = np.array([[0, 0, 0], [1, 1, 1], [0, 0, 0]])  # the connectivity of a row's pixels


def remove(ink: Ink) -> tuple[Ink, Mask]:
    """Return the ink without its lines, and where they were."""
    slope = deskew.estimate_slope(ink > FAINT)
    sheared = deskew.shear(ink, slope)
    outside, dark = sheared < 0, sheared > FAINT
    labels, _ = ndimage.label(dark, np.ones((3, 3)))
    pieces = _pieces(labels)
    clean = dark & (np.bincount(labels.ravel())[labels] > SPECK)
    across, down = (
        _runs(clean, clean, GAPS[0]),
        _runs(clean.T, (clean & ~_valleys(sheared)).T, GAPS[1], WHOLE),
    )
    above, beside = _frames(across, down, dark)
    sides = _lines(down, dark.T, pieces.T, np.ones_like(down, bool), outside.T) | beside
    horizontal = _lines(across, dark, pieces, sides.T, outside) | above
    vertical = _lines(down, dark.T, pieces.T, horizontal.T, outside.T, horizontal.T) | beside
    printed = _printed(labels, above | beside.T, outside, horizontal, vertical.T)
    horizontal &= printed
    vertical &= printed.T
    count = sum(
        int(ndimage.label(lines, np.ones((3, 3)))[1]) for lines in (horizontal, vertical)
    )
    if count <= 2 and _touches_all_sides(ink > FAINT):
        horizontal[:], vertical[:] = False, False  # the bars of a digit that fills the picture
    clear = _without_crossings(sheared, horizontal, vertical.T)
    clear |= _without_crossings(sheared.T, vertical, horizontal.T).T
    clear |= _scraps(dark & ~clear, horizontal, vertical.T)
    cleared = np.where(deskew.unshear(clear, slope, ink.shape), 0, ink)
    return cleared, deskew.unshear(horizontal | vertical.T, slope, ink.shape)


def _pieces(pieces: Labels) -> Labels:
    """Return the connected components but those inside of others not much larger: a digit in its box."""
    boxes = bounds(pieces)
    sizes = boxes[:, 2:] - boxes[:, :2]
    enclosed = np.append(False, (sizes < FRAME * np.array(pieces.shape)).all(axis=1))
    for i in np.argsort(-sizes.max(axis=1))[:LARGEST]:
        inside = (boxes[:, :2] > boxes[i, :2]).all(axis=1) & (boxes[:, 2:] < boxes[i, 2:]).all(
            axis=1
        )
        enclosed[1:] |= inside & (sizes[i] < ROOMY * sizes).any(axis=1)
    return np.where(enclosed[pieces], 0, pieces)


def _printed(labels: Labels, frames: Mask, outside: Mask, *lines: Mask) -> Mask:
    """Return the components that may have lines: with a frame, wide, at the edge, or with several across and down."""
    boxes = bounds(labels)
    is_printed = np.append(
        False, boxes[:, 3] - boxes[:, 1] >= WIDE * (boxes[:, 2] - boxes[:, 0])
    )
    is_printed[labels[frames | ndimage.maximum_filter(outside, 2 * NEAR + 1)]] = True
    counts = np.zeros((len(lines), len(is_printed)), int)
    for of_component, mask in zip(counts, lines, strict=True):
        numbers, count = ndimage.label(mask, np.ones((3, 3)))
        owners, inked = np.zeros(count + 1, int), mask & (labels > 0)
        owners[numbers[inked]] = labels[inked]
        np.add.at(of_component, owners, 1)
    is_printed |= (counts > 1).all(axis=0)
    is_printed[0] = False
    return np.asarray(ndimage.maximum_filter(is_printed[labels], GAPS[0]))


def bounds(labels: Labels) -> npt.NDArray[np.int_]:
    """Return the first row and column of each label, and those after its last, shape (labels, 4)."""
    found = [
        [each.start for each in at] + [each.stop for each in at]
        for at in ndimage.find_objects(labels)
        if at
    ]
    return np.array(found, int).reshape(-1, 4)


def _touches_all_sides(dark: Mask) -> bool:
    margin = max(3, max(dark.shape) // 40)
    return all(
        side.any()
        for side in (dark[:margin], dark[-margin:], dark[:, :margin], dark[:, -margin:])
    )


def _valleys(ink: Ink) -> Mask:
    """Return where much less ink is than at the left and the right, of which there is as much: between two boxes."""
    left, right = (ndimage.maximum_filter1d(ink, 3, 1, origin=origin) for origin in (-1, 1))
    return np.asarray(ink < VALLEY * np.minimum(left, right)) & (
        abs(left - right) < ALIKE * np.maximum(left, right)
    )


def _runs(dark: Mask, apart: Mask, gap: int, least: float = 0) -> Labels:
    """Label the runs of ink along the rows that are long enough for a line, and thin, unless strokes cross them.

    Holes of less than `gap` pixels are closed; the share `least` of a run is ink. `apart` is `dark` without valleys.
    """
    side = max(dark.shape)
    heights, _ = ndimage.label(apart, ROWS.T)
    thickness = np.bincount(heights.ravel())[heights]
    thin, fine = (dark & (thickness <= most) for most in (max(THICKEST, side // 150), FINE))
    closed = ndimage.minimum_filter1d(
        ndimage.maximum_filter1d(dark.view(np.uint8), gap, 1), gap, 1
    )
    runs, _ = ndimage.label(closed, ROWS)
    lengths = np.bincount(runs.ravel())
    is_line = (np.bincount(runs.ravel(), thin.ravel()) >= SHARE * lengths) & (
        lengths >= max(SHORTEST, side // 40)
    )
    is_line &= np.bincount(runs.ravel(), dark.ravel()) >= least * lengths
    is_line[0] = False
    labels, _ = ndimage.label(is_line[runs], np.ones((3, 3)))
    for i, at in enumerate(ndimage.find_objects(labels), 1):
        own = labels[at] == i
        inked = own.sum(axis=1)
        labels[at][own & (inked < STRAIGHT * inked.max())[:, None]] = 0  # the inside of a bend
    return _extend(labels, runs, np.bincount(runs.ravel(), fine.ravel()) >= SHARE * lengths)


def _extend(labels: Labels, runs: Labels, is_fine: Mask) -> Labels:
    """Label fine runs, too, that go on where a labelled one ends: the rest of a line that is a pixel off its row."""
    inked, rest = runs > 0, np.zeros(len(is_fine), labels.dtype)
    first = inked & np.diff(inked, axis=1, prepend=False)
    last = inked & np.diff(inked, axis=1, append=False)
    for begin, end in ((first, last), (last, first)):
        before = ndimage.maximum_filter(np.where(end, labels, 0), 3)
        joined = begin & (labels == 0) & is_fine[runs] & (before > 0)
        rest[runs[joined]] = before[joined]
    return np.asarray(np.maximum(labels, rest[runs]))


def _frames(across: Labels, down: Labels, dark: Mask) -> tuple[Mask, Mask]:
    """Return the sides of rectangles with a digit inside, across and down; runs across may go on beyond the corners."""
    above, is_side = np.zeros_like(dark), np.zeros(down.max() + 1, bool)
    of_across, of_down = bounds(across), bounds(down.T)
    if not (of_across.size and of_down.size):
        return above, is_side[down]
    reach = np.maximum((of_down[:, 2] - of_down[:, 0]) // SIDE, 1)
    top, bottom = (np.abs(of_across[:, i, None] - of_down[:, i]) <= reach for i in (0, 2))
    begins = (
        of_across[:, 1, None] <= of_down[:, 1] + reach
    )  # at a run down, or to the left of it
    ends = of_across[:, 3, None] >= of_down[:, 3] - reach
    joined = np.prod(
        [(at & begins).T.astype(np.float32) @ (at & ends) for at in (top, bottom)], axis=0
    )
    padded = np.pad(dark, 2)
    for i, j in np.argwhere(joined * (of_down[:, 3, None] < of_down[:, 1])):
        left, right = of_down[i, 1], of_down[j, 3]
        uppers, lowers = (
            np.flatnonzero(at[:, i] & begins[:, i] & at[:, j] & ends[:, j])
            for at in (top, bottom)
        )
        start, inner, stop = (
            of_across[uppers[0], 0],
            of_across[uppers[0], 2],
            of_across[lowers[0], 2],
        )
        width = inner - start + NEAR
        inside = dark[
            start + width : stop - width,
            2 * of_down[i, 3] - left + NEAR : 2 * of_down[j, 1] - right - NEAR,
        ]
        rows = np.flatnonzero(inside.any(axis=1))
        around = (
            padded[[start, stop + 3], left + 2 : right + 2],
            padded[start + 2 : stop + 2, [left, right + 3]].T,
        )
        is_free = max(side.mean(axis=1).max() for side in around) < PAPER
        if is_free and rows.size and np.ptp(rows) >= FILLED * (stop - start):
            frame = slice(max(0, start - reach[i]), stop + reach[i]), slice(left, right)
            above[frame] |= np.isin(across[frame], [*uppers + 1, *lowers + 1])
            is_side[[i + 1, j + 1]] = True
    return above, is_side[down]


def _lines(
    labels: Labels,
    dark: Mask,
    pieces: Labels,
    ends: Mask,
    outside: Mask,
    across: Mask | None = None,
) -> Mask:
    """Return those of the labelled runs that are lines: they end at a line or the page's edge, or go on for half of it.

    Those down the page cross two lines across, or are teeth of a comb: alike, and on a line.
    """
    extents = np.array(
        [
            np.inf,
            *(at[1].stop - at[1].start if at else 0 for at in ndimage.find_objects(pieces)),
        ]
    )
    near = ndimage.maximum_filter(ends, 2 * NEAR + 1) | ndimage.maximum_filter1d(
        outside, 2 * NEAR + 1, 1
    )
    kept = np.zeros(labels.max() + 1, bool)
    if across is not None:
        corners = np.zeros(across.shape, bool)
        for at in ndimage.find_objects(ndimage.label(across, np.ones((3, 3)))[0]):
            for end in (slice(at[0].start, at[0].start + 3), slice(at[0].stop - 3, at[0].stop)):
                corners[end, at[1]] |= across[end, at[1]]
        corners = ndimage.maximum_filter(corners, 2 * NEAR + 1)
    teeth = []
    for i, at in enumerate(ndimage.find_objects(labels), 1):
        own = labels[at] == i
        length = own.shape[1]
        meetings, _ = ndimage.label((own & near[at]).any(axis=0))
        is_open = np.isin(
            meetings, meetings[~(own & dark[at]).any(axis=0)]
        )  # a closed hole is in between
        met = np.flatnonzero(meetings.astype(bool) & ~is_open)
        between = np.ptp(met) + 1 if met.size else 0
        least = SPANNED * extents[pieces[at][own].max()]
        straight = own.sum(axis=1).max() >= min(least, max(labels.shape) / 5)
        kept[i] = (straight and length**2 >= NARROW * own.sum() and between >= least) or (
            2 * length >= labels.shape[1] and length**2 >= LONG * own.sum()
        )
        if across is not None:
            crossed = (own & ndimage.maximum_filter(across[at], 2 * NEAR + 1)).any(axis=0)
            times = np.count_nonzero(np.diff(crossed.astype(int), prepend=0) == 1)
            kept[i] &= times >= 2
            if times:
                ends = np.array([at[1].start, at[1].stop])
                teeth.append((i, ends, (own & corners[at])[:, [0, 1, 2, -3, -2, -1]].any()))
    for i, ends, _ in teeth:
        kept[i] |= any(
            outer and np.abs(ends - others).max() <= NEAR for _, others, outer in teeth
        )
    return kept[labels]


def _without_crossings(ink: Ink, lines: Mask, others: Mask) -> Mask:
    """Return the lines' pixels and what is above and below, where no more ink is than a line's cross-section has."""
    others = ndimage.maximum_filter1d(others, 3, 1)
    runs, count = ndimage.label((ink > FAINT / 2) & ~others, ROWS.T)
    sums = ndimage.sum_labels(ink, runs, np.arange(count + 1))
    of_line, total = ndimage.label(lines, np.ones((3, 3)))
    usual, darkness = np.zeros(total + 1), np.zeros(total + 1)
    for i, at in enumerate(ndimage.find_objects(of_line), 1):
        inside = of_line[at] == i
        darkness[i] = np.median(ink[at][inside])
        own = np.unique(runs[at][inside])
        usual[i] = np.median(sums[own[own > 0]]) if own.any() else 0
    limit = np.zeros(count + 1)
    limit[runs[lines]] = usual[of_line[lines]]
    limit[0] = 0
    thin = (sums <= CROSSED * limit) & (limit > 0)
    ends = np.zeros(
        (2, 2, count + 1), int
    )  # first and last row of a line in a run, and of the run
    for (first, last), inside in zip(ends, (lines & (runs > 0), runs > 0), strict=True):
        rows, columns = np.nonzero(inside)
        first[runs[rows, columns][::-1]], last[runs[rows, columns]] = rows[::-1], rows
    above, below = np.abs(ends[0] - ends[1])
    is_crossed = np.all(
        [
            ndimage.maximum_filter1d(lines & (beyond[runs] > 1), SLANTED, 1)
            for beyond in (above, below)
        ],
        axis=0,
    )
    is_end = (
        lines & (limit[runs] > 0) & ~is_crossed & (ink <= DARKER * darkness[of_line])
    )  # of strokes that touch it
    return (thin[runs] & ndimage.maximum_filter1d(lines, 5, 0)) | (lines & others) | is_end


def _scraps(dark: Mask, horizontal: Mask, vertical: Mask) -> Mask:
    """Return what is left of lines: pieces beside them that are as thin, and longer than wide."""
    labels, count = ndimage.label(dark, np.ones((3, 3)))
    is_scrap = np.zeros(count + 1, bool)
    is_scrap[labels[ndimage.maximum_filter(horizontal | vertical, 2 * NEAR + 1)]] = True
    across, down = (
        bounds(ndimage.label(lines, np.ones((3, 3)))[0]) for lines in (horizontal, vertical)
    )
    widths = np.concatenate([across[:, 2] - across[:, 0], down[:, 3] - down[:, 1]])
    boxes = bounds(labels)
    short, long = np.sort(boxes[:, 2:] - boxes[:, :2], axis=1).T
    is_scrap[0] = False
    is_scrap[1:] &= (short <= (np.median(widths) if widths.size else 0) + 1) & (
        long >= 2 * short
    )
    return is_scrap[labels]
