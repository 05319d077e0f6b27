"""Calibrate the probabilities of a model by temperature scaling.

The logits of all classes are divided by one number, the temperature, which changes no
prediction. Source: C. Guo et al., "On calibration of modern neural networks", ICML 2017.
scikit-learn's `CalibratedClassifierCV(method="temperature")` is not used because it would fit
the model or compute its scores again. Here the scores are already known.
"""

import math

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from digits.core.pixels import Scores, Vector

# A model's own probabilities are raised to at least this value. Three nearest neighbours, for
# example, give a class a probability of 0 as soon as none of the three has it.
MIN_PROBABILITY = 1e-3

# The probabilities are mixed with this share of the uniform distribution, so that the log loss
# of one mistake is at most log(n_classes / UNIFORM_SHARE). MIN_PROBABILITY cannot ensure that
# because a low temperature makes small probabilities smaller.
UNIFORM_SHARE = 1e-4

# The temperature is fitted on at most this many images, which are enough for one number.
MAX_IMAGES = 10_000


def to_logits(scores: Scores, response_method: str) -> Scores:
    """Return the logits of all classes, shape (n_images, n_classes).

    Args:
        scores: as digits/core/pixels.py describes them.
        response_method: `decision_function` or `predict_proba`.
    """
    scores = scores.astype(np.float64)
    if response_method == "predict_proba":
        if scores.ndim == 1:
            scores = np.stack([1 - scores, scores], axis=1)
        return np.log(np.maximum(scores, MIN_PROBABILITY))
    if scores.ndim == 1:  # only differences of logits matter, so the first class has 0
        scores = np.stack([np.zeros_like(scores), scores], axis=1)
    return scores


def fit_temperature(logits: Scores, y_index: Vector) -> float:
    """Return the temperature with the maximum likelihood.

    Args:
        logits: of images that the model was not fitted on, shape (n_images, n_classes).
        y_index: the index of the true class of each image, shape (n_images,).
    """
    step = math.ceil(len(y_index) / MAX_IMAGES)
    logits = logits[::step]
    y_index = y_index[::step]
    n_images = len(y_index)

    def cross_entropy(log_temperature: float) -> float:
        log_probabilities = log_softmax(logits / np.exp(log_temperature), axis=1)
        # Label smoothing, as by J. Platt (1999). The loss of an image is
        # -(n_images * log_p_true + mean_log_p) / (n_images + 1). Without the mean over all
        # classes, the temperature of a model without mistakes would go to 0.
        log_p_true = log_probabilities[np.arange(n_images), y_index]
        mean_log_p = log_probabilities.mean(axis=1)
        return -float((n_images * log_p_true + mean_log_p).mean()) / (n_images + 1)

    # Temperatures from e^-10 to e^20, far beyond those that occur.
    minimum = minimize_scalar(cross_entropy, bounds=(-10, 20), method="bounded")
    return float(np.exp(minimum.x))


def calibrate(logits: Scores, temperature: float | Vector | None) -> Scores:
    """Return the probability of each class, 0 to 1, shape (n_images, n_classes).

    Args:
        logits: shape (n_images, n_classes).
        temperature: that of all images, or of each image, shape (n_images, 1). If None, the
            model has not been calibrated, and its logits are used as they are.
    """
    if temperature is None:
        temperature = 1.0
    n_classes = logits.shape[1]
    probabilities = softmax(logits / temperature, axis=1)
    return (1 - UNIFORM_SHARE) * probabilities + UNIFORM_SHARE / n_classes
