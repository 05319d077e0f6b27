"""Runs with other parameters: queued, in a table, and as a branch."""

import json
import re
from pathlib import Path

from tests import tiny

import pytest

ITERATIONS = "experiments.five-sgd.hyperparameters.max_iter"
CHANGED = ["digits/evaluation/metrics.py", "dvc.lock", "metrics/five-sgd.json", "params.yaml"]
CHANGED += [f"plots/five-sgd/{name}.csv" for name in ("confusion", "figures", "precision_recall", "reliability", "roc")]


@pytest.mark.slow
def test_a_queued_run_has_the_code_of_then_and_can_become_a_branch(project: Path) -> None:
    library = project / "digits/evaluation/metrics.py"
    original = library.read_text(encoding="utf-8")
    library.write_text(f'{original}\nMETRICS.append(Metric("queued", lambda part: 1, key="queued"))\n')
    tiny.run(["dvc", "exp", "run", "--queue", "-n", "fewer", "-S", f"{ITERATIONS}=5", "evaluate@five-sgd"], project)
    library.write_text("raise RuntimeError('this is of later')\n")
    before = tiny.files(project)
    tiny.run("dvc exp run --run-all", project)
    assert tiny.files(project) == before
    library.write_text(original)
    assert tiny.git_status(project) == ""

    page = (tiny.ROOT / "docs" / "experiments.md").read_text(encoding="utf-8")
    (command,) = re.findall(r"^\$ (dvc exp show .+)$", page, re.MULTILINE)
    command = f"{command} --no-pager".replace("trees", "five-sgd")
    table = tiny.run(["bash", "-c", command], project, COLUMNS="160").stdout
    rows = [line.split() for line in table.splitlines()[1:-1]]
    assert [rows[0][0], rows[0][-1]] == ["Experiment", ITERATIONS]
    accuracy = json.loads((project / "metrics/five-sgd.json").read_text())["cv_accuracy"]
    assert rows[2] == ["main", f"{round(accuracy, 5)}", "50"]
    assert [rows[3][2], rows[3][-1]] == ["[fewer]", "5"]
    assert float(rows[3][-2]) < accuracy

    tiny.run("dvc exp branch fewer kept", project)
    assert tiny.run("git diff --name-only main kept", project).stdout.split() == CHANGED
    assert json.loads(tiny.run("git show kept:metrics/five-sgd.json", project).stdout)["queued"] == 1
