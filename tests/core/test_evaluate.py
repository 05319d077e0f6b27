"""Every figure by other code: scikit-learn's on the predictions that a made project has."""

import json
from pathlib import Path
from typing import Any

from digits.evaluation import calibration, metrics
from digits.evaluation.metrics import interval
from digits.evaluation.part import Part, confusion, reliability
from digits.results import differences

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax, softmax
from scipy.stats import binomtest, ttest_1samp
from sklearn import metrics as sk


def figures(project: Path, name: str) -> dict[tuple[str, str, str], tuple[float, ...]]:
    table = pd.read_csv(project / f"plots/{name}/figures.csv", dtype={"of": str})
    columns = [table[name].tolist() for name in ("part", "figure", "of", "value", "low", "high")]
    return {(part, figure, of): (value, *ends) for part, figure, of, value, *ends in zip(*columns, strict=True)}


def test_a_detector_s_figures_are_scikit_learn_s(made: Path) -> None:
    found = {key: value for key, (value, *_) in figures(made, "five-sgd").items()}
    train = pd.read_parquet(made / "data/crossval/five-sgd.parquet")
    for part, folder in (("test", "predictions"), ("cross_validation", "crossval")):
        table = pd.read_parquet(made / f"data/{folder}/five-sgd.parquet")
        y, y_pred, scores = table["label"], table["prediction"], table["decision_1"]
        expected = {
            ("accuracy", "all"): sk.accuracy_score(y, y_pred),
            ("baseline", "all"): (y == train["label"].mode()[0]).mean(),
            ("precision", "all"): sk.precision_score(y, y_pred),
            ("recall", "all"): sk.recall_score(y, y_pred),
            ("recall", "0"): sk.recall_score(y, y_pred, pos_label=0),
            ("f1", "all"): sk.f1_score(y, y_pred),
            ("roc_auc", "all"): sk.roc_auc_score(y, scores),
            ("average_precision", "all"): sk.average_precision_score(y, scores),
            ("count", "1"): y.sum(),
        }
        for (figure, of), value in expected.items():
            assert found[part, figure, of] == pytest.approx(value, abs=1e-6), (part, figure, of)
        ends = binomtest(int((y == y_pred).sum()), len(y)).proportion_ci(method="wilson")
        assert figures(made, "five-sgd")[part, "accuracy", "all"][1:] == pytest.approx([*ends], abs=1e-6)
    folds = (train["label"] == train["prediction"]).groupby(train["fold"]).mean()
    of_folds = [found["cross_validation", "accuracy", f"fold {i}"] for i in (1, 2, 3)]
    assert of_folds == pytest.approx(folds.tolist(), abs=1e-6)


def test_of_ten_classes_the_overall_figures_are_means_over_the_classes(made: Path) -> None:
    found = figures(made, "digit-logreg")
    table = pd.read_parquet(made / "data/predictions/digit-logreg.parquet")
    y, y_pred = table["label"], table["prediction"]
    probabilities = softmax(table.filter(like="decision_").to_numpy(), axis=1)  # no folds: a temperature of 1
    expected = {
        "precision": sk.precision_score(y, y_pred, average="macro", zero_division=0),
        "recall": sk.recall_score(y, y_pred, average="macro", zero_division=0),
        "log_loss": sk.log_loss(y, probabilities, labels=range(10)),
    }
    for name, value in expected.items():
        assert found["test", name, "all"][0] == pytest.approx(value, abs=2e-4), name
    assert ("test", "roc_auc", "all") not in found
    counts = pd.read_csv(made / "plots/digit-logreg/confusion.csv")["count"].to_numpy()
    assert counts.reshape(10, 10).tolist() == sk.confusion_matrix(y, y_pred).tolist()
    measured = json.loads((made / "metrics/digit-logreg.json").read_text())
    assert {*measured} == {"accuracy", "baseline", "precision", "recall"}


def test_the_curves_run_through_scikit_learn_s_points(made: Path) -> None:
    found = pd.read_parquet(made / "data/predictions/five-sgd.parquet")
    y, scores = found["label"], found["decision_1"]
    precision, recall, thresholds = sk.precision_recall_curve(y, scores, drop_intermediate=True)
    for curve, names, points in (
        ("roc", ["false_positive_rate", "true_positive_rate"], sk.roc_curve(y, scores)),
        ("precision_recall", ["recall", "precision"], (recall[:-1], precision[:-1], thresholds)),
    ):
        table = pd.read_csv(made / f"plots/five-sgd/{curve}.csv").query("part == 'test'")
        drawn = table[[*names, "threshold"]].fillna(np.inf).itertuples(index=False, name=None)
        assert {*drawn} == {tuple(np.round(point, 6)) for point in zip(*points, strict=True)}


def part(y: Any, scores: Any, kind: str = "decision") -> Part:
    scores = np.asarray(scores, float)
    labels = range(scores.shape[1]) if scores.ndim == 2 else [1]
    predicted = scores.argmax(axis=1) if scores.ndim == 2 else (scores > 0).astype(int)
    by_class = {f"{kind}_{label}": column for label, column in zip(labels, np.atleast_2d(scores.T), strict=True)}
    frame = pd.DataFrame({"label": y, "prediction": predicted, **by_class})
    return Part(frame, np.arange(max(2, len(labels))), np.asarray(y))


def test_the_temperature_is_of_the_largest_likelihood(made: Path) -> None:
    table = pd.read_parquet(made / "data/crossval/five-sgd.parquet")
    y, scores = table["label"].to_numpy(), table["decision_1"].to_numpy()
    logits = np.stack([np.zeros_like(scores), scores], axis=1)

    def loss(log_temperature: float) -> float:
        found = log_softmax(logits / np.exp(log_temperature), axis=1)  # each row: as often its class, and once any
        return float(-(len(y) * found[np.arange(len(y)), y] + found.mean(axis=1)).mean())

    expected = np.exp(minimize_scalar(loss, bounds=(-10, 20), method="bounded").x)
    [temperature] = [v for key, (v, *_) in figures(made, "five-sgd").items() if key[1] == "temperature"]
    assert temperature == pytest.approx(expected, rel=1e-3)


def test_probabilities_stay_between_0_and_1_and_one_wrong_answer_costs_no_infinite_loss() -> None:
    sure = part([0, 1], [[1.0, 0.0], [1.0, 0.0]], "probability")
    assert metrics.log_loss(sure) < 10
    assert sure.probabilities.sum(axis=1).tolist() == pytest.approx([1, 1])
    assert calibration.fit_temperature(part([0, 1], [-5.0, 5.0]).logits, np.array([0, 1])) > 0


def test_the_baseline_is_the_majority_of_the_training_part_and_not_of_the_test_part() -> None:
    tested = part([0, 1, 1, 1], [1.0, 1, 1, 1])
    tested.y_train = np.array([0, 0, 0, 1])
    assert metrics.baseline(tested) == 0.25


def test_confusion_and_reliability_count_every_row() -> None:
    some = part([0, 1, 1, 1], [-9.0, -9.0, 9.0, 0.1])
    table = confusion(some).set_index(["actual", "predicted"])
    assert table["count"].to_dict() == {("0", "0"): 1, ("0", "1"): 0, ("1", "0"): 1, ("1", "1"): 2}
    assert table.loc[("1", "1"), "share"] == pytest.approx(2 / 3)
    bins = reliability(some)[["from", "to", "count", "accuracy"]].to_numpy().tolist()
    assert bins == [[0.5, 0.6, 1, 1], [0.999, 1.0, 3, pytest.approx(2 / 3)]]


def test_intervals_are_by_image_by_six_groups_or_none() -> None:
    right = np.array([1] * 90 + [0] * 30, bool)
    np.random.default_rng(0).shuffle(right)
    ends = binomtest(90, 120).proportion_ci(method="wilson")
    assert interval(right) == pytest.approx((ends.low, ends.high))
    group = np.repeat(np.arange(12), 10)
    ends = ttest_1samp(right.reshape(12, 10).mean(axis=1), 0).confidence_interval()
    assert interval(right, group) == pytest.approx((ends.low, min(ends.high, 1)))
    assert interval(right, np.repeat(np.arange(5), 24)) is None
    assert interval(right[:0]) is None
    assert interval(np.ones(12, bool), np.arange(12)) is None


def predictions(right: Any, **columns: Any) -> pd.DataFrame:
    rows = np.arange(len(right))
    predicted = (rows + ~np.array(right, bool)) % 10
    return pd.DataFrame({"row": rows, "label": rows % 10, "prediction": predicted, **columns})


def test_two_fits_differ_by_the_exact_test_of_the_images_that_one_alone_gets_right() -> None:
    before, after = np.arange(400) % 40 > 1, np.arange(400) % 80 > 0
    found = differences.compare(predictions(before), predictions(after))
    fixed, broken = (after & ~before).sum(), (before & ~after).sum()
    assert (len(found.fixed), len(found.broken)) == (fixed, broken)
    expected = binomtest(int(fixed), int(fixed + broken))
    assert found.p == pytest.approx(expected.pvalue)
    assert found.differs
    points = [100 * (2 * end - 1) * (fixed + broken) / 400 for end in expected.proportion_ci(0.99)]
    assert found.points == pytest.approx(points)
    assert found.points[0] > 0  # the interval leaves out 0, as p says
    assert found.verdict.startswith("the fits differ (+")
    alike = differences.compare(predictions(before), predictions(np.roll(before, 1)))
    assert alike.verdict.startswith("not told apart (-")
    assert differences.compare(predictions(before), predictions(before)).p == 1


def test_of_groups_it_is_a_t_test_and_of_few_groups_none() -> None:
    random = np.random.default_rng(1)
    before, after, group = random.random(240) < 0.7, random.random(240) < 0.9, np.repeat(np.arange(12), 20)
    found = differences.compare(predictions(before, group=group), predictions(after, group=group))
    gains = (after.astype(int) - before).reshape(12, 20).mean(axis=1)
    assert found.p == pytest.approx(ttest_1samp(gains, 0).pvalue)
    assert found.points == pytest.approx([100 * end for end in ttest_1samp(gains, 0).confidence_interval(0.99)])
    few = differences.compare(predictions(before, group=group // 4), predictions(after, group=group // 4))
    assert (few.p, few.differs) == (None, False)
    assert few.verdict.startswith("3 groups are too few to tell (+")


def test_other_images_labels_or_folds_are_not_compared() -> None:
    one = predictions(np.ones(6), fold=1)
    third = np.arange(6) == 2
    for other in (*(one.assign(**{name: one[name] + third}) for name in ("row", "label", "fold")), one[:3]):
        with pytest.raises(Exception, match="other images, labels or folds"):
            differences.compare(one, other)
