"""How sure a model is: what turns its scores into honest probabilities, and how honest they are.

A score says which answer is likelier, not how likely it is. One number, the temperature, by which all scores are
divided before the softmax, makes probabilities of them (C. Guo et al., On calibration of modern neural networks, ICML
2017). It changes no answer, only how sure the model is of it.
"""

from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax

from digits.common.tables import Scores, Vector
from digits.evaluation.rounding import rounded

LEAST = 1e-3  # below it a model's own probability means "never seen": three neighbours know no fourth
EDGES = [0, 0.5, 0.6, 0.7, 0.8, 0.9, 0.95, 0.99, 0.999, 1]  # narrower where good models' answers are

ReliabilityRow = tuple[float, float, int, float, float]


def logits(scores: Scores, are_probabilities: bool) -> Scores:
    """Return scores as logits, of shape (rows, classes): what a softmax turns into probabilities.

    Args:
        scores: as `models.score` gives them: shape (rows,) for two classes, else (rows, classes).
        are_probabilities: they are the model's own probabilities, 0 to 1, not decision values.
    """
    if scores.ndim == 1:
        scores = np.stack([1 - scores if are_probabilities else np.zeros_like(scores), scores], axis=1)
    values = scores.astype(np.float64)
    return np.log(np.clip(values, LEAST, None)) if are_probabilities else values


def fit_temperature(logits: Scores, answers: Vector) -> float:
    """Return the temperature under which the right answers are likeliest.

    Args:
        logits: shape (rows, classes), of rows that the model had not seen.
        answers: shape (rows,), the column that is right.
    """

    def unlikeliness(log_temperature: float) -> float:
        return -float(log_softmax(logits / np.exp(log_temperature), axis=1)[np.arange(len(answers)), answers].mean())

    return float(np.exp(minimize_scalar(unlikeliness, bounds=(-10, 20), method="bounded").x))


def probabilities(logits: Scores, temperature: float) -> Scores:
    """Return how likely each class is, of shape (rows, classes), 0 to 1; each row sums to 1."""
    return softmax(logits / temperature, axis=1)


def measure(probabilities: Scores, answers: Vector) -> dict[str, Any]:
    """Return `log_loss` (natural logarithm, 0 is perfect) and `calibration_error`, 0 to 1.

    The calibration error is how far confidence and accuracy lie apart, the mean over the rows of their bins.

    Args:
        probabilities: shape (rows, classes), 0 to 1.
        answers: shape (rows,), the column that is right.
    """
    right = probabilities[np.arange(len(answers)), answers]
    gaps = [count * abs(confidence - accuracy) for _, _, count, confidence, accuracy in _bins(probabilities, answers)]
    return {
        "log_loss": rounded(-np.log(np.maximum(right, np.finfo(float).tiny)).mean()),
        "calibration_error": rounded(sum(gaps) / len(answers)),
    }


def reliability_rows(probabilities: Scores, answers: Vector) -> Iterator[ReliabilityRow]:
    """Yield (from, to, count, mean confidence, accuracy) for each range of confidence that occurs.

    The confidence is the probability of the answer given. Of an honest model it is, on the mean, the accuracy.
    """
    for low, high, count, confidence, accuracy in _bins(probabilities, answers):
        yield low, high, count, rounded(confidence), rounded(accuracy)


def _bins(probabilities: Scores, answers: Vector) -> Iterator[ReliabilityRow]:
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == answers
    place = np.digitize(confidence, EDGES[1:-1])
    for i in np.unique(place):
        rows = place == i
        yield EDGES[i], EDGES[i + 1], int(rows.sum()), float(confidence[rows].mean()), float(right[rows].mean())
