from digits.evaluation import calibration
from digits.evaluation.metrics import summarize
from stages.evaluate import Part, evaluate

import numpy as np
import pytest


def test_scores_and_probabilities_become_logits_of_each_class() -> None:
    assert calibration.logits(np.array([2.0, -1.0]), "decision_function").tolist() == [[0, 2], [0, -1]]
    own = calibration.logits(np.array([0.25]), "predict_proba")
    assert calibration.probabilities(own, 1.0)[0] == pytest.approx([0.75, 0.25], abs=1e-4)
    ten = np.array([[0.0, 1.0, 0.0]])
    assert calibration.probabilities(calibration.logits(ten, "predict_proba"), 1.0)[0, 1] == pytest.approx(
        1 / 1.002, abs=1e-4
    )


def test_the_temperature_of_overconfident_scores_is_found() -> None:
    random = np.random.default_rng(0)
    honest = random.normal(size=(20_000, 3)) * 2
    chances = calibration.probabilities(honest, 1.0)
    y = (random.random((20_000, 1)) > chances.cumsum(axis=1)).sum(axis=1)
    assert calibration.fit_temperature(honest * 5, y) == pytest.approx(5, rel=0.05)
    assert dict(calibration.measure(chances, y))["calibration_error"] < 0.01
    overconfident = calibration.probabilities(honest * 5, 1.0)
    worse, honest_ones = dict(calibration.measure(overconfident, y)), dict(calibration.measure(chances, y))
    assert worse["calibration_error"] > 0.1
    assert worse["log_loss"] > honest_ones["log_loss"]


def test_no_single_mistake_costs_more_than_ten_thousand_rows_can_tell() -> None:
    y = np.arange(300) % 2
    separable = calibration.logits(y - 0.5, "decision_function")
    temperature = calibration.fit_temperature(separable, y)
    assert 0.01 < temperature < 1
    wrong = calibration.probabilities(calibration.logits(np.array([100.0]), "decision_function"), temperature)
    assert -np.log(wrong[0, 0]) == pytest.approx(np.log(2 / calibration.UNKNOWN))


def test_every_fold_has_its_say_in_the_temperature() -> None:
    random = np.random.RandomState(0)
    fold = np.repeat([1, 2, 3], 10_000)
    y = random.randint(0, 2, len(fold))
    scores = np.where(fold == 1, 3.0, 0.5) * (random.normal(size=len(fold)) + 2 * y - 1)  # the first is overconfident
    parts = {"test": Part(y, y, scores), "cross_validation": Part(y, y, scores)}
    figures = evaluate(parts, np.arange(2), "decision_function", y, fold)["figures"]
    [temperature] = [value for _, name, _, value in figures if name == "temperature"]
    whole = calibration.fit_temperature(calibration.logits(scores, "decision_function"), y)
    assert temperature == pytest.approx(whole, rel=0.05)
    assert list(summarize(figures)) == ["accuracy", "baseline", "f1", "log_loss", "cv_accuracy", "cv_std"]
    del parts["cross_validation"]
    figures = evaluate(parts, np.arange(2), "decision_function", y, None)["figures"]
    assert "temperature" not in [name for _, name, _, _ in figures]
    assert list(summarize(figures)) == ["accuracy", "baseline", "f1"]  # no log loss of what is not calibrated


def test_reliability_by_hand() -> None:
    probabilities = np.array([[0.55, 0.45], [0.4, 0.6], [0.56, 0.44], [0.02, 0.98]])
    rows = list(calibration.reliability(probabilities, np.array([0, 1, 1, 1])))
    assert rows == [(0.5, 0.6, 2, pytest.approx(0.555), 0.5), (0.6, 0.7, 1, 0.6, 1.0), (0.95, 0.99, 1, 0.98, 1.0)]
    measured = dict(calibration.measure(probabilities, np.array([0, 1, 1, 1])))
    assert measured["calibration_error"] == pytest.approx((2 * 0.055 + 0.4 + 0.02) / 4)
    assert measured["log_loss"] == pytest.approx(-np.log([0.55, 0.6, 0.44, 0.98]).mean(), abs=1e-6)
