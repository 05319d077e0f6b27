from digits.evaluation import calibration
from digits.evaluation.part import Part
from stages.evaluate import CALIBRATED_ON, evaluate

import numpy as np
import pytest
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import Pipeline


def test_scores_and_probabilities_become_logits_of_each_class() -> None:
    assert calibration.logits(np.array([2.0, -1.0]), "decision_function").tolist() == [[0, 2], [0, -1]]
    own = calibration.logits(np.array([0.25]), "predict_proba")
    assert calibration.probabilities(own, 1.0)[0] == pytest.approx([0.75, 0.25], abs=1e-4)
    three = calibration.logits(np.array([[0.0, 1.0, 0.0]]), "predict_proba")
    assert calibration.probabilities(three, 1.0)[0, 1] == pytest.approx(1 / 1.002, abs=1e-4)


def test_the_temperature_of_overconfident_scores_is_found() -> None:
    random = np.random.default_rng(0)
    honest = random.normal(size=(20_000, 3)) * 2
    y = (random.random((20_000, 1)) > calibration.probabilities(honest, 1.0).cumsum(axis=1)).sum(axis=1)
    assert calibration.fit_temperature(honest * 5, y) == pytest.approx(5, rel=0.05)


def test_no_single_mistake_costs_more_than_ten_thousand_rows_can_tell() -> None:
    y = np.arange(300) % 2
    separable = calibration.logits(y - 0.5, "decision_function")
    temperature = calibration.fit_temperature(separable, y)
    assert 0.01 < temperature < 1
    wrong = calibration.probabilities(calibration.logits(np.array([100.0]), "decision_function"), temperature)
    assert -np.log(wrong[0, 0]) == pytest.approx(np.log(2 / calibration.UNKNOWN))


def test_every_fold_has_its_say_in_the_temperature() -> None:
    random = np.random.RandomState(0)
    fold = np.repeat([1, 2, 3], CALIBRATED_ON)
    y = random.randint(0, 2, len(fold))
    scores = np.where(fold == 1, 3.0, 0.5) * (random.normal(size=len(fold)) + 2 * y - 1)  # the first is overconfident
    model = Pipeline([("classifier", LogisticRegression())]).fit([[0], [1]], [0, 1])
    model.train_accuracy_ = 1.0
    y_pred = (scores > 0).astype(int)
    given = (y, y_pred, scores, "decision_function", model.classes_, "01", y)
    figures = evaluate({"test": Part(*given), "cross_validation": Part(*given, fold=fold)}, model)["figures"]
    [temperature] = [value for _, name, _, value, *_ in figures if name == "temperature"]
    whole = calibration.fit_temperature(calibration.logits(scores, "decision_function"), y)
    assert temperature == pytest.approx(whole, rel=0.05)
    figures = evaluate({"test": Part(*given)}, model)["figures"]
    assert "temperature" not in [name for _, name, *_ in figures]
