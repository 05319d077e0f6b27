"""Calibration: probabilities from scores, divided by one number, the temperature, before the softmax.

It changes no prediction. Source: C. Guo et al., On calibration of modern neural networks, ICML 2017.
"""

import math

from digits.core.tables import Scores, Vector

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

LEAST = 1e-3  # below it a model's own probability means "never seen": three neighbours know no fourth
FITTED_ON = 10_000  # rows at most, evenly from all folds: enough for one number
UNKNOWN = 1e-4  # of the probability, shared equally: one mistake costs at most the logarithm of `classes / UNKNOWN`


def logits(scores: Scores, method: str) -> Scores:
    """Return the logits, shape (rows, classes), of the scores that a model's `method` gave (`scoring.score`)."""
    are_probabilities = method == "predict_proba"
    if scores.ndim == 1:
        scores = np.stack([1 - scores if are_probabilities else np.zeros_like(scores), scores], axis=1)
    scores = scores.astype(np.float64)
    return np.log(np.clip(scores, LEAST, None)) if are_probabilities else scores


def fit_temperature(logits: Scores, y: Vector) -> float:
    """Return the temperature of maximum likelihood, from logits of shape (rows, classes) and the true columns."""
    logits, y = (each[:: math.ceil(len(y) / FITTED_ON)] for each in (logits, y))
    rows = len(y)

    def cross_entropy(log_temperature: float) -> float:
        log_likelihood = log_softmax(logits / np.exp(log_temperature), axis=1)
        # Each row counts as `rows` of its class and one of any, so that it is above 0 without a mistake (Platt, 1999).
        return -float((rows * log_likelihood[np.arange(rows), y] + log_likelihood.mean(axis=1)).mean()) / (rows + 1)

    return float(np.exp(minimize_scalar(cross_entropy, bounds=(-10, 20), method="bounded").x))


def probabilities(logits: Scores, temperature: float) -> Scores:
    """Return the probability of each class, shape (rows, classes), 0 to 1; each row sums to 1."""
    return (1 - UNKNOWN) * softmax(logits / temperature, axis=1) + UNKNOWN / logits.shape[1]
