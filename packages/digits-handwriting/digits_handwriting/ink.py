"""Measure how much ink is at each pixel of a picture.

Ink is the contrast to the paper. The brightness of the paper is that of the picture after a
morphological closing, which removes what is dark and narrow, and leaves shadows and tables.
"""

import math

import numpy as np
from scipy import ndimage, stats
from skimage import filters

from digits.core.pixels import Pixels
from digits.imaging.pictures import PictureError
from digits.imaging.transforms.border import median_of_border
from digits_handwriting.regions import Floats

Ink = Floats  # shape (height, width), 0 (paper) to 1 (full ink)

# A component of the ink has pixels with more ink than EDGE, and one with more than CORE. Less
# ink is paper, or the noise that JPEG leaves beside a stroke.
EDGE = 0.15
CORE = 0.5

# In a picture whose longer side has at most this many pixels, the paper is taken to be evenly
# lit.
MAX_EVEN_SIDE = 40

# A picture with a longer side than this, in pixels, is blurred if it is noisy. Noisy means that
# more than this share of the pixels of the paper are uneven. Only the paper counts, because the
# edges of strokes are uneven, too. BLUR is the standard deviation of the Gaussian, in pixels.
MAX_SHARP_SIDE = 100
MAX_UNEVEN_SHARE = 0.12
BLUR = 0.7

# Strokes are narrower than this share of the picture's longer side.
MAX_STROKE_SHARE = 0.25

# The closing is as wide as this many times the greatest depth in a stroke, which is half of the
# stroke's width, and this number of pixels more. It is not wider than MAX_STROKE_SHARE.
CLOSING_DEPTHS = 4
CLOSING_MARGIN = 3

# Paper is at least this many grey levels from black. Otherwise the noise of dark paper would
# have a high contrast.
MIN_BRIGHTNESS = 40

# What has less contrast than this many standard deviations of the paper's contrast is noise,
# and no ink. Full ink is measured where there is also at least this contrast. Of a normal
# distribution, 16 % are below minus one standard deviation.
MIN_CONTRAST = 0.05
N_DEVIATIONS = 4
DEVIATION_PERCENTILE = 16

# A picture with fewer inked pixels is blank.
MIN_PIXELS = 10

# Full ink is this percentile of the contrast above Otsu's threshold.
FULL_INK_PERCENTILE = 90

# Whether the ink is bright is decided on a sample. Its longer side has at most this many
# pixels. The window of the median filter has this share of it, and strokes are narrower than
# half of the window.
SAMPLE_SIDE = 64
SAMPLE_WINDOW_SHARE = 1 / 3


def measure(grey: Pixels) -> Ink:
    """Return how much ink is at each pixel, from 0 (paper) to 1.

    Args:
        grey: the brightness, shape (height, width), 0 to 255. The paper may be darker or
            brighter than the ink.

    Raises:
        PictureError: there is no ink.
    """
    brightness = grey.astype(np.float32)
    longer_side = max(grey.shape)
    if is_ink_bright(brightness):
        brightness = 255 - brightness
    if longer_side > MAX_SHARP_SIDE and is_noisy(brightness):
        brightness = ndimage.gaussian_filter(brightness, BLUR)
    is_even = longer_side <= MAX_EVEN_SIDE
    paper = measure_border(brightness) if is_even else estimate_paper(brightness)
    contrast = compute_contrast(brightness, paper)
    deviation = -float(np.percentile(contrast, DEVIATION_PERCENTILE))
    max_noise = N_DEVIATIONS * deviation
    ink = scale(contrast, max(MIN_CONTRAST, max_noise))
    return np.where(contrast > max_noise, ink, 0)


def measure_border(brightness: Floats) -> Floats:
    """Return the brightness of the paper at the border of a picture."""
    return median_of_border(brightness[np.newaxis])[0]


def is_ink_bright(brightness: Floats) -> bool:
    """Return whether the ink is brighter than the paper.

    Ink is rare. If it is bright, the distribution of what deviates from the paper has its tail
    on the bright side.
    """
    if max(brightness.shape) <= MAX_EVEN_SIDE:
        deviation = brightness - measure_border(brightness)
    else:
        step = math.ceil(max(brightness.shape) / SAMPLE_SIDE)
        sample = brightness[::step, ::step]
        window = round(SAMPLE_WINDOW_SHARE * max(sample.shape))
        deviation = sample - ndimage.median_filter(sample, window)
    if not deviation.any():
        return False
    return bool(stats.skew(deviation, axis=None) > 0)


def is_noisy(brightness: Floats) -> bool:
    """Return whether the paper, which is the brighter half of the picture, is noisy.

    A pixel is uneven if its second difference in the row is more than one grey level. Rounding
    alone can make it one.
    """
    unevenness = np.abs(np.diff(brightness, n=2, axis=1))
    is_paper = brightness[:, 1:-1] >= np.median(brightness)
    n_uneven = np.count_nonzero(unevenness[is_paper] > 1)
    return bool(n_uneven > MAX_UNEVEN_SHARE * np.count_nonzero(is_paper))


def estimate_paper(brightness: Floats) -> Floats:
    """Return the brightness of the paper at each pixel.

    A first closing removes all strokes. With it, the width of the strokes is measured. The
    second closing is only as wide as the strokes need, so that it follows the edges of shadows.
    """
    widest = round(MAX_STROKE_SHARE * max(brightness.shape))
    contrast = compute_contrast(brightness, close(brightness, widest))
    is_stroke = scale(contrast, MIN_CONTRAST) > CORE
    depth = ndimage.distance_transform_edt(is_stroke).max()
    width = round(CLOSING_DEPTHS * float(depth)) + CLOSING_MARGIN
    return close(brightness, min(width, widest))


def close(brightness: Floats, width: int) -> Floats:
    """Return the brightness without what is dark and narrower than a width, in pixels.

    What is dark at the border of the picture may be wider outside, and stays.
    """
    padded = np.pad(brightness, width, "edge")
    return np.asarray(ndimage.grey_closing(padded, width)[width:-width, width:-width])


def compute_contrast(brightness: Floats, paper: Floats) -> Floats:
    """Return how much darker each pixel is than the paper, as a share of its brightness.

    The median is subtracted, because a closing is brighter than noisy paper.
    """
    contrast = (paper - brightness) / np.maximum(paper, MIN_BRIGHTNESS)
    return np.asarray(contrast - np.median(contrast))


def scale(contrast: Floats, max_paper: float) -> Ink:
    """Scale the contrast so that 1 is full ink.

    Args:
        contrast: the contrast.
        max_paper: the highest contrast of paper. Pixels with more are ink.

    Raises:
        PictureError: there is no ink.
    """
    inked = contrast[contrast > max_paper]
    if inked.size < MIN_PIXELS:
        raise PictureError("the picture is blank")
    dark = inked[inked >= filters.threshold_otsu(inked)]
    return np.clip(contrast / np.percentile(dark, FULL_INK_PERCENTILE), 0, 1)
