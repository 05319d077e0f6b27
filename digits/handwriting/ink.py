"""Measure how much ink is at each pixel of a picture.

Ink is the contrast to the paper. The brightness of the paper is estimated at each pixel,
because light is uneven and shadows fall on the paper.
"""

from typing import Any

from digits.core.tables import Pixels
from digits.data.pictures import PictureError
from digits.handwriting.regions import border

import numpy as np
import numpy.typing as npt
from scipy import ndimage

Ink = npt.NDArray[np.floating[Any]]  # shape (height, width), 0 (paper) to 1 (full ink)
Floats = npt.NDArray[np.floating[Any]]

# Pictures whose longer side has at most this many pixels may have more ink than paper.
TINY = 40

# Pictures up to this longer side have even light.
SMALL = 64

# Pictures up to this longer side have no shadows. The brightness of their paper is a plane.
EVEN = 100

# Less ink is paper, or the noise that JPEG leaves beside a stroke.
EDGE = 0.15

# A picture whose highest contrast is lower is blank.
MIN_CONTRAST = 0.08

# The paper's distance from black is at least this many grey levels. Otherwise the noise of dark
# paper would have a high contrast.
MIN_RANGE = 40

# Strokes are narrower than this share of the picture's longer side, and shadows are wider.
WIDEST = 0.15

# A shadow or a table takes more than this share of the light, or of the light at the border of
# the picture. All shadows reach the border.
SHADE = 0.06
SHADE_AT_BORDER = 0.05

# Shadows and tables are more than this share of the picture, and of its border. Smaller ones
# are left to the polynomial of the paper's brightness.
SHADED = 0.05

# At the edge of a sheet, the darker side has less than this share of the brighter side's
# brightness.
STEP = 0.6

# It is clear whether the ink is dark or bright if the squared deviations to one side sum up to
# this many times those to the other side. Otherwise the ink is what has narrower strokes.
CLEAR = 4

# Paper with a higher standard deviation of the contrast is smoothed.
NOISY = 0.01

# The contrast of ink is above this many standard deviations of the paper's contrast.
N_DEVIATIONS = 4
N_DEVIATIONS_SCALED = 3

# The noise is estimated from this percentile of the absolute contrast, which is this many
# standard deviations of a normal distribution.
NOISE_PERCENTILE = 30
DEVIATIONS_AT_PERCENTILE = 0.385

# Pixels at this distance have the same light, but independent noise.
NOISE_DISTANCE = 8

# Full ink is this percentile of the contrast above Otsu's threshold.
FULL_INK_PERCENTILE = 90

# Estimates are made on samples of pixels. Their longer sides have at most about this many
# pixels.
SAMPLE_SIDE = 500
PAPER_SAMPLE_SIDE = 64

# Grey levels that differ by at most this number are the same paper.
SAME_LEVEL = 4

# The paper is even if this share of the pixels has the same level. Smaller pictures have less
# paper. A lower share is enough if the border has the level.
EVEN_TINY = 0.2
EVEN_SMALL = 0.4
EVEN_LARGE = 0.6
EVEN_WITH_BORDER = 0.3
EVEN_BORDER = 0.8

# The degrees of the polynomial, and the number of iterations of its fit. In small pictures the
# weights fall with the square of the deviation. The scale of the deviation falls from the first
# to the last of these grey levels.
DEGREE = 3
DEGREE_SMALL = 1
N_ITERATIONS = 20
FIRST_SCALE = 64
LAST_SCALE = 8


def measure(grey: Pixels) -> Ink:
    """Return how much ink is at each pixel, from 0 (paper) to 1.

    Args:
        grey: the brightness, shape (height, width). The paper may be darker or brighter than
            the ink.

    Raises:
        PictureError: there is no ink.
    """
    brightness = grey.astype(np.float32)
    paper = estimate_paper(brightness)
    if is_paper_dark(brightness, paper):
        brightness = 255 - brightness
        paper = 255 - paper
    contrast = compute_contrast(brightness, paper)
    noise = estimate_noise(contrast)
    if noise > NOISY and min(grey.shape) > SMALL:
        brightness = ndimage.gaussian_filter(brightness, 1, truncate=2)
        contrast = compute_contrast(brightness, paper)
        noise = estimate_noise(contrast)
    if isinstance(paper, np.ndarray) and max(grey.shape) > EVEN:
        contrast = compute_contrast_in_shadow(brightness, paper, contrast)
        noise = estimate_noise(contrast)

    min_contrast = N_DEVIATIONS * noise
    if float(contrast.max()) < max(MIN_CONTRAST, min_contrast):
        raise PictureError("the picture is blank")
    ink = scale(contrast, max(MIN_CONTRAST / 2, N_DEVIATIONS_SCALED * noise))
    ink[contrast < min_contrast] = 0
    return ink


def is_paper_dark(brightness: Ink, paper: Ink | float) -> bool:
    """Return whether the paper is dark and the ink is bright.

    The ink is what deviates more from the paper. If that is unclear, for example because of a
    dark table, the ink is what has narrower strokes.
    """
    step = max(1, max(brightness.shape) // SAMPLE_SIDE)
    deviation = (brightness - paper)[::step, ::step]
    darker = sum_squares(np.minimum(deviation, 0))
    brighter = sum_squares(np.maximum(deviation, 0))
    is_clear = max(darker, brighter) >= CLEAR * min(darker, brighter)
    if is_clear or max(brightness.shape) <= EVEN:
        return darker <= brighter
    sample = brightness[::step, ::step]
    return measure_narrowness(sample) <= measure_narrowness(-sample)


def sum_squares(values: Floats) -> float:
    """Return the sum of squares."""
    return float(np.square(values).sum())


def measure_narrowness(brightness: Ink) -> float:
    """Return how narrow the dark strokes are, 0 to 1.

    It is the share of the squared darkness of all strokes that is in those of at most half the
    greatest width.
    """
    widest = round(WIDEST * max(brightness.shape))
    without_narrow = remove_strokes(brightness, widest // 2)
    without_any = remove_strokes(brightness, widest)
    narrow = sum_squares(without_narrow - brightness)
    all_strokes = sum_squares(without_any - brightness)
    return narrow / all_strokes if all_strokes else 0.0


def compute_contrast(brightness: Ink, paper: Ink | float) -> Ink:
    """Return how much darker each pixel is than the paper, as a share of its brightness."""
    return np.asarray((paper - brightness) / np.maximum(paper, MIN_RANGE))


def compute_contrast_in_shadow(brightness: Ink, paper: Ink, contrast: Ink) -> Ink:
    """Return the contrast to a paper with shadows and tables, which no polynomial follows.

    Args:
        brightness: the brightness, shape (height, width).
        paper: the polynomial of the paper's brightness.
        contrast: the contrast to the polynomial. It is returned if there are no shadows.
    """
    widest = round(WIDEST * max(brightness.shape))
    closed = remove_strokes(brightness, widest)
    shade = compute_contrast(closed, paper)
    shade -= np.median(shade)  # blank paper has a contrast, too, because of its noise
    shaded = (shade > SHADE).mean()
    shaded_border = (border(shade) > SHADE_AT_BORDER).mean()
    if min(shaded, shaded_border) <= SHADED:
        return contrast

    shades, _ = ndimage.label(shade > SHADE)
    labels_at_border = border(shades)
    is_wide_stroke = ~np.isin(shades, [0, *labels_at_border])
    without_wide_strokes = remove_strokes(brightness, 3 * widest)
    closed = np.where(is_wide_stroke, without_wide_strokes, closed)
    low = ndimage.minimum_filter(closed, widest // 5)
    high = ndimage.maximum_filter(closed, widest // 5)
    is_edge = low < STEP * high

    # Now the width of the strokes is measured. With a narrower closing, the paper follows the
    # edge of a shadow more closely, and light beside the shadow is not taken for paper in it.
    contrast = np.where(is_edge, 0, compute_contrast(brightness, closed))
    is_ink = scale(contrast, MIN_CONTRAST / 2) > 0.5
    deepest = float(ndimage.distance_transform_edt(is_ink).max())
    twice_stroke_width = round(4 * deepest) + 3
    if twice_stroke_width < widest:
        closed = np.minimum(closed, remove_strokes(brightness, twice_stroke_width))
    contrast = np.where(is_edge, 0, compute_contrast(brightness, closed))
    return np.asarray(contrast - np.median(contrast))


def remove_strokes(brightness: Ink, widest: int) -> Ink:
    """Return the brightness without what is dark and narrower than `widest`.

    This is a morphological closing. What is cut off by the border of the picture may be wider
    outside, and stays.
    """
    padded = np.pad(brightness, widest, "edge")
    closed = ndimage.grey_closing(padded, widest)
    return np.asarray(closed[widest:-widest, widest:-widest])


def scale(contrast: Ink, max_paper: float) -> Ink:
    """Scale the contrast so that 1 is full ink. Blank paper stays as it is.

    Args:
        contrast: the contrast.
        max_paper: the highest contrast of paper. Pixels with more are ink.
    """
    inked = contrast[contrast > max_paper]
    if not inked.size:
        return contrast
    dark = inked[inked >= otsu_threshold(inked)]
    full = float(np.percentile(dark, FULL_INK_PERCENTILE))
    return np.clip(contrast / full, 0, 1)


def estimate_noise(contrast: Ink) -> float:
    """Estimate the standard deviation of the paper's contrast.

    It is estimated in two ways, and the lower estimate is taken: from the contrast, which is
    too high if the light is uneven, and from differences between pixels near each other, which
    are too high if there is much ink.
    """
    step = max(1, max(contrast.shape) // SAMPLE_SIDE)
    sample = contrast[::step, ::step]
    differences = sample[:, NOISE_DISTANCE:] - sample[:, :-NOISE_DISTANCE]
    estimates = [
        float(np.percentile(np.abs(values), NOISE_PERCENTILE))
        for values in (sample, differences / 2**0.5)
        if values.size
    ]
    return min(estimates) / DEVIATIONS_AT_PERCENTILE


def estimate_paper(grey: Ink) -> Ink | float:
    """Estimate the brightness of the paper.

    Returns:
        one number if the paper is even, otherwise a polynomial, shape (height, width).
    """
    step = max(1, max(grey.shape) // PAPER_SAMPLE_SIDE)
    sample = grey[::step, ::step]
    shares = shares_of_levels(sample)
    border_shares = shares_of_levels(border(sample))
    level = int((shares + border_shares).argmax())
    is_level = np.abs(sample - level) <= SAME_LEVEL
    if is_paper_even(grey, sample, level, shares[level], border_shares[level]):
        return float(np.median(sample[is_level]))
    return fit_polynomial(sample, step, grey.shape)


def is_paper_even(
    grey: Ink, sample: Ink, level: int, share: float, border_share: float
) -> bool:
    """Return whether the paper has the same brightness everywhere.

    Args:
        grey: the brightness.
        sample: a sample of it.
        level: the most frequent brightness.
        share: how frequent it is, 0 to 1.
        border_share: how frequent it is at the border.
    """
    longer_side = max(grey.shape)
    if longer_side <= TINY:
        min_share = EVEN_TINY
    elif longer_side <= SMALL:
        min_share = EVEN_SMALL
    else:
        min_share = EVEN_LARGE
    is_border_even = share >= EVEN_WITH_BORDER and border_share >= EVEN_BORDER
    if share < min_share and not is_border_even:
        return False
    if longer_side <= EVEN:
        return True

    # If much of what differs is too wide for strokes, there is a table or a shadow.
    widest = round(3 * WIDEST * max(sample.shape))
    difference = np.abs(sample - level)
    wide_difference = -remove_strokes(-difference, widest)
    return bool((wide_difference > MIN_RANGE).mean() <= SHADED)


def fit_polynomial(sample: Ink, step: int, shape: tuple[int, ...]) -> Ink:
    """Fit a polynomial to the brightness of the paper.

    The fit is repeated with weights that are lower the more a pixel differs from the paper, so
    that ink counts little (iteratively reweighted least squares).

    Args:
        sample: every `step`-th pixel of every `step`-th row.
        step: the distance of the sample's pixels.
        shape: the shape of the picture.

    Returns:
        the brightness of the paper at each pixel of the picture.
    """
    is_small = max(shape) <= EVEN
    degree = DEGREE_SMALL if is_small else DEGREE
    powers_of_y = compute_powers(np.linspace(-1, 1, sample.shape[0]))
    powers_of_x = compute_powers(np.linspace(-1, 1, sample.shape[1]))
    exponents = []
    terms = []
    for y_exponent in range(degree + 1):
        for x_exponent in range(degree + 1 - y_exponent):
            term = np.outer(powers_of_y[:, y_exponent], powers_of_x[:, x_exponent])
            exponents.append((y_exponent, x_exponent))
            terms.append(term.ravel())
    X = np.stack(terms, axis=1)

    brightness = sample.ravel()
    deviation = np.zeros_like(brightness)
    for deviation_scale in np.geomspace(FIRST_SCALE, LAST_SCALE, N_ITERATIONS):
        if is_small:
            weights = 1 / (1 + (deviation / deviation_scale) ** 2)
        else:
            weights = 1 / np.maximum(np.abs(deviation), 1)
        weighted = X * weights[:, np.newaxis]
        solution = np.linalg.lstsq(weighted.T @ X, weighted.T @ brightness, rcond=None)
        coefficients = solution[0]
        deviation = brightness - X @ coefficients

    table = np.zeros((DEGREE + 1, DEGREE + 1))
    for (y_exponent, x_exponent), coefficient in zip(exponents, coefficients, strict=True):
        table[y_exponent, x_exponent] = coefficient
    powers = []
    for length, sample_length in zip(shape, sample.shape, strict=True):
        positions = np.arange(length) * 2 / max(sample_length - 1, 1) / step - 1
        powers.append(compute_powers(positions))
    surface = powers[0] @ table @ powers[1].T
    return np.clip(surface.astype(np.float32), 0, 255)


def compute_powers(positions: Floats) -> Floats:
    """Return the powers of each position from 0 to the degree of the polynomial."""
    return np.vander(positions, DEGREE + 1, increasing=True)


def shares_of_levels(values: Ink) -> Floats:
    """Return the share of values near each grey level from 0 to 255."""
    counts = np.bincount(values.astype(np.uint8).ravel(), minlength=256)
    window = np.ones(2 * SAME_LEVEL + 1)
    return np.convolve(counts, window, "same") / values.size


def otsu_threshold(values: Floats) -> float:
    """Return the threshold between two groups of values that differ most.

    Source: N. Otsu, A Threshold Selection Method from Gray-Level Histograms, 1979.

    Args:
        values: numbers from 0 to 1.
    """
    counts, edges = np.histogram(values, 128, (0, 1))
    n_below = counts.cumsum()
    n_above = n_below[-1] - n_below
    middles = (edges[:-1] + edges[1:]) / 2
    sums_below = (counts * middles).cumsum()
    sums_above = sums_below[-1] - sums_below
    with np.errstate(divide="ignore", invalid="ignore"):
        distance = sums_below / n_below - sums_above / n_above
        variance_between = n_below * n_above * distance**2
    best = np.nan_to_num(variance_between).argmax()
    return float(edges[1 + best])
