"""`python -m bench.recompute`: every figure again, by scikit-learn alone."""

import json
from pathlib import Path

from tests import tiny

import pandas as pd

RECOMPUTE = ["python", "-m", "bench.recompute"]


def test_every_figure_of_the_project_is_right(made: Path) -> None:
    lines = [line for line in tiny.run(RECOMPUTE, made).stdout.splitlines() if line.startswith("| ")][2:]
    cells = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    assert [(row[0], *row[4:]) for row in cells] == [("five-sgd", "0", "0"), ("digit-logreg", "0", "–")]
    assert all(int(row[1]) > 15 and float(row[2]) < 1e-6 and float(row[3]) < 1e-3 for row in cells)


def test_a_wrong_metric_curve_and_prediction_are_found(project: Path) -> None:
    metrics = project / "metrics/five-sgd.json"
    measured = json.loads(metrics.read_text())
    measured["cv_std"] -= 2e-6
    metrics.write_text(json.dumps(measured))
    curve = project / "plots/digit-logreg/roc.csv"
    points = pd.read_csv(curve)
    points.query("false_positive_rate + true_positive_rate in (0, 2)").to_csv(curve, index=False)
    lines = tiny.run(RECOMPUTE, project, status=1).stdout.splitlines()
    five, digit = ([cell.strip() for cell in line.split("|")] for line in lines[-2:])
    assert float(five[3]) > 1e-6
    assert float(digit[4]) > 1e-3
