"""`python -m tools.search` on the tiny project: its table, and the run that it proposes."""

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests import tiny

COMMAND = [sys.executable, "-m", "tools.search", "five-sgd"]
TABLE = "searches/five-sgd.csv"


def add_search(project: Path, **grid: list[Any]) -> None:
    values = tiny.params()
    values["searches"] = {"five-sgd": {"grid": grid, "folds": 3, "method": "grid"}}
    tiny.write_params(project, values)


def test_a_search_needs_no_test_part_and_is_the_same_on_one_core(project: Path) -> None:
    add_search(project, alpha=[0.0001, 0.001, 0.1], penalty=["l2", "l1"])
    for kind in ("split/tiny", "labels/five-sgd"):
        (project / "data" / kind / "test.parquet").unlink()
    before = tiny.files(project)
    shown = tiny.run(COMMAND, project).stdout
    table = (project / TABLE).read_text()
    lines = [line.split(",") for line in table.splitlines()]
    assert lines[0] == ["alpha", "penalty", "rows", "accuracy_mean", "accuracy_std"]
    assert sorted((alpha, penalty, rows) for alpha, penalty, rows, *_ in lines[1:]) == [
        (alpha, penalty, "300") for alpha in ("0.0001", "0.001", "0.1") for penalty in ("l1", "l2")
    ]
    assert [line.split()[:2] for line in shown.splitlines()[2:8]] == [cells[:2] for cells in lines[1:]]
    assert max(map(len, shown.splitlines()[:-1])) < 80
    (project / TABLE).unlink()

    one_core = (lambda: os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})) if sys.platform == "linux" else None
    subprocess.run(COMMAND, cwd=project, preexec_fn=one_core, capture_output=True, check=True)
    assert tiny.files(project) == {**before, TABLE: table.encode()}


def test_the_proposed_run_has_the_accuracy_that_the_search_found(project: Path) -> None:
    add_search(project, alpha=[0.001, 0.01], max_iter=[5, 20])  # one that the block has, one that it has not
    proposed = tiny.run(COMMAND, project).stdout.splitlines()[-1]
    assert tiny.repro(project) == []
    tiny.run(shlex.split(proposed), project)
    measured = json.loads((project / "metrics" / "five-sgd.json").read_text())
    best = (project / TABLE).read_text().splitlines()[1].split(",")
    assert best[-2:] == [str(measured["cv_accuracy"]), str(measured["cv_std"])]


def test_a_wrong_call_or_grid_is_one_line_and_writes_nothing(project: Path) -> None:
    add_search(project, alpha=[0.1, "much"])
    before = tiny.files(project)
    wrong = tiny.run(COMMAND, project, status=2).stderr
    assert wrong.startswith(
        "search: error: params.yaml: searches.five-sgd.grid: The 'alpha' parameter of SGDClassifier"
    )
    assert wrong.endswith("Got 'much' instead.\n")
    unknown = tiny.run([*COMMAND[:3], "five"], project, status=2).stderr
    assert unknown.endswith("searches: there is no 'five'. Did you mean 'five-sgd'? Valid: five-sgd\n")
    assert wrong.count("\n") == unknown.count("\n") == 1
    assert tiny.files(project) == before
