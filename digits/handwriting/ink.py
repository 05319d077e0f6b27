"""How much ink is where in a picture: the contrast to its paper, whose brightness is estimated everywhere."""

from typing import Any

from digits.pictures import PictureError

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Ink = npt.NDArray[np.floating[Any]]  # shape (height, width), 0 (paper) to 1 (full ink)

TINY = 40  # pixels; pictures up to this side may have no more paper than ink
SMALL = 64  # pixels; pictures up to this side have no lighting of their own
EVEN = 100  # pixels; pictures up to this side have no shadows, and a paper whose brightness is a plane
EDGE = 0.15  # of full ink; fainter is paper, or the noise that JPEG leaves beside a stroke
MIN_CONTRAST = 0.08  # of the whole range from black to white
MIN_RANGE = (
    40  # grey levels: the range between the paper and black or white is taken for at least this
)
WIDEST = 0.15  # of the picture's longer side: a stroke is narrower, a shadow wider
SHADE = 0.06  # of the light, at least, is missing in a shadow or on a table
BORDER = 0.05  # the same, where they meet the picture's border; what meets none is ink
SHADED = 0.05  # of the picture, and of its border, is theirs, at least; less is left to the polynomial
STEP = 0.6  # of the paper's brightness beside a sheet's edge, at most, is on its other side
CLEAR = 4  # times the squares on the paper's other side are those of the ink, at least; else it is in doubt
NOISY = 0.01  # of the whole range; paper above this is smoothed


def measure(grey: npt.NDArray[np.uint8]) -> Ink:
    """Return how much ink is where, in parts of the strongest; a PictureError if there is none.

    `grey` is the brightness, shape (height, width); the paper may be darker or brighter than the ink.
    """
    brightness = grey.astype(np.float32)
    paper = _paper(brightness)
    if _is_dark(brightness, paper):
        brightness, paper = 255 - brightness, 255 - paper
    contrast = _contrast(brightness, paper)
    noise = _noise(contrast)
    if noise > NOISY and min(grey.shape) > SMALL:
        brightness = ndimage.gaussian_filter(brightness, 1, truncate=2)
        contrast = _contrast(brightness, paper)
        noise = _noise(contrast)
    if isinstance(paper, np.ndarray) and max(grey.shape) > EVEN:
        contrast = _contrast_in_shadow(brightness, paper, contrast)
        noise = _noise(contrast)
    if float(contrast.max()) < max(MIN_CONTRAST, 4 * noise):
        raise PictureError("the picture is blank")
    ink = scale(contrast, max(MIN_CONTRAST / 2, 3 * noise))
    ink[contrast < 4 * noise] = 0
    return ink


def _is_dark(brightness: Ink, paper: Ink | float) -> bool:
    """Tell whether the paper is dark and the ink bright: the ink deviates more; in doubt it is what is narrower."""
    step = max(1, max(brightness.shape) // 500)
    sample, rest = brightness[::step, ::step], (brightness - paper)[::step, ::step]
    darker, brighter = (float(np.square(each.clip(0)).sum()) for each in (-rest, rest))
    if max(brightness.shape) > EVEN and max(darker, brighter) < CLEAR * min(
        darker, brighter
    ):  # a table, a shadow
        darker, brighter = _narrowness(sample), _narrowness(-sample)
    return darker <= brighter


def _narrowness(brightness: Ink) -> float:
    """Return what part of the strokes' darkness, in squares, strokes of half the greatest width have, from 0 to 1."""
    widest = round(WIDEST * max(brightness.shape))
    half, whole = (
        float(np.square(_without_strokes(brightness, w) - brightness).sum())
        for w in (widest // 2, widest)
    )
    return half / whole if whole else 0.0


def _contrast(brightness: Ink, paper: Ink | float) -> Ink:
    """Return what share is missing of the light that the paper reflects: ink takes a share of what falls on it."""
    return np.asarray((paper - brightness) / np.maximum(paper, MIN_RANGE))


def _contrast_in_shadow(brightness: Ink, paper: Ink, contrast: Ink) -> Ink:
    """Return the contrast to a paper that follows shadows and tables, which a polynomial cannot; unchanged without."""
    widest = round(WIDEST * max(brightness.shape))
    closed = _without_strokes(brightness, widest)
    shade = _contrast(closed, paper)
    shade -= np.median(shade)  # of noise alone
    if min((shade > SHADE).mean(), (border(shade) > BORDER).mean()) <= SHADED:
        return contrast
    shades, _ = ndimage.label(shade > SHADE)
    strokes = ~np.isin(
        shades, [0, *border(shades)]
    )  # wide ones: a shadow reaches the picture's border
    closed = np.where(strokes, _without_strokes(brightness, 3 * widest), closed)
    low, high = (
        each(closed, widest // 5) for each in (ndimage.minimum_filter, ndimage.maximum_filter)
    )
    is_edge = low < STEP * high
    inked = scale(np.where(is_edge, 0, _contrast(brightness, closed)), MIN_CONTRAST / 2) > 0.5
    width = (
        round(4 * float(ndimage.distance_transform_edt(inked).max())) + 3
    )  # twice that of the widest stroke
    if (
        width < widest
    ):  # between digits, where a shadow ends, more would take the light beside it for the paper
        closed = np.minimum(closed, _without_strokes(brightness, width))
    contrast = np.where(is_edge, 0, _contrast(brightness, closed))
    return np.asarray(contrast - np.median(contrast))


def _without_strokes(brightness: Ink, widest: int) -> Ink:
    """Return the brightness without what is dark and narrower; what leaves the picture may go on there."""
    closed = ndimage.grey_closing(np.pad(brightness, widest, "edge"), widest)
    return np.asarray(closed[widest:-widest, widest:-widest])


def border(values: npt.NDArray[Any]) -> npt.NDArray[Any]:
    """Return the values of the first and last rows and columns; the corners stand there twice."""
    return np.concatenate([values[[0, -1]].ravel(), values[:, [0, -1]].ravel()])


def scale(contrast: Ink, least: float) -> Ink:
    """Return contrast in parts of the strongest; what is not above `least` is paper. All of it may be."""
    marked = contrast[contrast > least]
    if not marked.size:
        return contrast
    return np.clip(contrast / float(np.percentile(marked[marked >= _otsu(marked)], 90)), 0, 1)


def _noise(contrast: Ink) -> float:
    """Estimate the standard deviation of the paper from what differs least from it, or from what is 8 pixels away."""
    step = max(1, max(contrast.shape) // 500)
    sample = contrast[::step, ::step]
    apart = (
        sample[:, 8:] - sample[:, :-8]
    ) / 2**0.5  # whatever the light; but little of it is paper beside much ink
    return (
        min(float(np.percentile(np.abs(each), 30)) for each in (sample, apart) if each.size)
        / 0.385
    )


def _paper(grey: Ink) -> Ink | float:
    """Estimate the paper's brightness: one number where it is even, else a polynomial, of the first or third degree."""
    step = max(1, max(grey.shape) // 64)
    sample = grey[::step, ::step]
    shares, border_shares = _shares(sample), _shares(border(sample))
    level = int((shares + border_shares).argmax())
    is_even = shares[level] >= (
        0.2 if max(grey.shape) <= TINY else 0.4 if max(grey.shape) <= SMALL else 0.6
    )
    is_even |= shares[level] >= 0.3 and border_shares[level] >= 0.8
    if (
        is_even and max(grey.shape) > EVEN
    ):  # or is what differs too wide for strokes: a sheet on a table, a shadow?
        wide = -_without_strokes(-np.abs(sample - level), round(3 * WIDEST * max(sample.shape)))
        is_even = bool((wide > MIN_RANGE).mean() <= SHADED)
    if is_even:
        return float(np.median(sample[np.abs(sample - level) <= 4]))
    y, x = (
        np.vander(np.linspace(-1, 1, length), 4, increasing=True) for length in sample.shape
    )
    is_plane = max(grey.shape) <= EVEN
    powers = [(i, j) for i in range(4) for j in range(4 - i) if i + j <= (1 if is_plane else 3)]
    terms = np.stack([np.outer(y[:, i], x[:, j]).ravel() for i, j in powers], axis=1)
    values = sample.ravel()
    rest = np.zeros_like(values)
    for scale in np.geomspace(
        64, 8, 20
    ):  # iteratively reweighted, so that the ink pulls little
        weights = 1 / (1 + (rest / scale) ** 2) if is_plane else 1 / np.maximum(np.abs(rest), 1)
        weighted = terms * weights[:, None]
        surface = np.linalg.lstsq(weighted.T @ terms, weighted.T @ values, rcond=None)[0]
        rest = values - terms @ surface
    coefficients = np.zeros((4, 4))
    coefficients[tuple(np.transpose(powers))] = surface
    y, x = (
        np.vander(np.arange(length) * 2 / max(sampled - 1, 1) / step - 1, 4, increasing=True)
        for length, sampled in zip(grey.shape, sample.shape, strict=True)
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
