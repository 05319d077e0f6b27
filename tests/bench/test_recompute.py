"""`python -m bench.recompute` finds a wrong metric and a wrong curve, and nothing else."""

import json
from pathlib import Path

from tests import tiny

import pandas as pd
import pytest

pytestmark = pytest.mark.slow


def recompute(project: Path, status: int) -> tuple[dict[str, list[str]], str]:
    """Run the script, and return the cells of each model's line, and the last line."""
    output = tiny.run(["python", "-m", "bench.recompute"], project, status=status).stdout
    lines = output.splitlines()
    cells = {}
    for line in lines:
        name, *others = [cell.strip() for cell in line.strip("|").split("|")]
        cells[name] = others
    return cells, lines[-1]


def test_all_results_are_right(project: Path) -> None:
    cells, _ = recompute(project, status=0)
    n_compared, difference, area, *others = cells["five-sgd"]
    assert int(n_compared) > 15
    assert float(difference) < 1e-6
    assert float(area) < 0.001
    assert others == ["0", "0", "0"]
    assert cells["digit-logreg"][3:] == ["0", "–", "0"]  # without cross-validation


def test_a_wrong_metric_is_found(project: Path) -> None:
    path = project / "metrics/five-sgd.json"
    values = json.loads(path.read_text())
    values["cv_std"] -= 2e-6
    path.write_text(json.dumps(values))
    cells, _ = recompute(project, status=1)
    assert 1e-6 < float(cells["five-sgd"][1]) < 3e-6
    assert float(cells["digit-logreg"][1]) < 1e-6


def test_a_wrong_curve_is_found(project: Path) -> None:
    path = project / "plots/digit-logreg/roc.csv"
    points = pd.read_csv(path)
    ends = points.query("false_positive_rate + true_positive_rate in (0, 2)")
    ends.to_csv(path, index=False)
    cells, _ = recompute(project, status=1)
    assert float(cells["digit-logreg"][2]) > 0.001
    assert float(cells["five-sgd"][2]) < 0.001


def test_a_metric_that_the_script_does_not_know_is_listed(project: Path) -> None:
    path = project / "plots/digit-logreg/metrics.csv"
    with path.open("a") as file:
        file.write("test,brier,all,0.1,,\n")
    _, last_line = recompute(project, status=0)
    assert last_line == "not recomputed: brier"
