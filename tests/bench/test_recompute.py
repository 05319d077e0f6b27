"""`python -m bench.recompute`: every figure again, by scikit-learn alone."""

import json
from pathlib import Path

from tests import tiny

import pandas as pd
import pytest


@pytest.mark.slow
def test_a_wrong_metric_and_curve_are_found_and_all_else_is_right(project: Path) -> None:
    metrics, curve = project / "metrics/five-sgd.json", project / "plots/digit-logreg/roc.csv"
    measured = json.loads(metrics.read_text())
    metrics.write_text(json.dumps({**measured, "cv_std": measured["cv_std"] - 2e-6}))
    points = pd.read_csv(curve)
    points.query("false_positive_rate + true_positive_rate in (0, 2)").to_csv(curve, index=False)
    figures = project / "plots/digit-logreg/figures.csv"
    figures.write_text(figures.read_text() + "test,brier,all,0.1,,\n")
    *_, five, digit, last = tiny.run(["python", "-m", "bench.recompute"], project, status=1).stdout.splitlines()
    for line, expected in ((five, ["five-sgd", "0", "0", "0"]), (digit, ["digit-logreg", "0", "–", "0"])):
        name, count, difference, area, *others = (cell.strip() for cell in line.strip("|").split("|"))
        assert [name, *others] == expected
        assert int(count) > 15
        assert (1e-6 < float(difference) < 3e-6) == (name == "five-sgd")
        assert (float(area) < 0.001) == (name == "five-sgd")
    assert last == "not recomputed: brier"
