import numpy as np
import pytest

from digits.evaluation import calibration


def test_scores_and_probabilities_become_logits_of_each_class() -> None:
    assert calibration.logits(np.array([2.0, -1.0]), "decision_function").tolist() == [[0, 2], [0, -1]]
    own = calibration.logits(np.array([0.25]), "predict_proba")
    assert calibration.probabilities(own, 1.0)[0] == pytest.approx([0.75, 0.25])
    ten = np.array([[0.0, 1.0, 0.0]])
    assert calibration.probabilities(calibration.logits(ten, "predict_proba"), 1.0)[0, 1] == pytest.approx(1 / 1.002)


def test_the_temperature_of_overconfident_scores_is_found() -> None:
    random = np.random.default_rng(0)
    honest = random.normal(size=(20_000, 3)) * 2
    chances = calibration.probabilities(honest, 1.0)
    y = (random.random((20_000, 1)) > chances.cumsum(axis=1)).sum(axis=1)
    assert calibration.fit_temperature(honest * 5, y) == pytest.approx(5, rel=0.05)
    assert calibration.measure(chances, y)["calibration_error"] < 0.01
    overconfident = calibration.probabilities(honest * 5, 1.0)
    assert calibration.measure(overconfident, y)["calibration_error"] > 0.1
    assert calibration.measure(overconfident, y)["log_loss"] > calibration.measure(chances, y)["log_loss"]


def test_reliability_by_hand() -> None:
    probabilities = np.array([[0.55, 0.45], [0.4, 0.6], [0.56, 0.44], [0.02, 0.98]])
    rows = list(calibration.reliability(probabilities, np.array([0, 1, 1, 1])))
    assert rows == [(0.5, 0.6, 2, pytest.approx(0.555), 0.5), (0.6, 0.7, 1, 0.6, 1.0), (0.95, 0.99, 1, 0.98, 1.0)]
    measured = calibration.measure(probabilities, np.array([0, 1, 1, 1]))
    assert measured["calibration_error"] == pytest.approx((2 * 0.055 + 0.4 + 0.02) / 4)
    assert measured["log_loss"] == pytest.approx(-np.log([0.55, 0.6, 0.44, 0.98]).mean(), abs=1e-6)
