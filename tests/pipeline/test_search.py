"""`python -m tools.search` on the tiny project: its table, and the run that it proposes."""

import json
from pathlib import Path
from typing import Any

from tests import tiny

COMMAND = "python -m tools.search five-sgd"
TABLE = "searches/five-sgd.csv"


def add_search(project: Path, **grid: list[Any]) -> None:
    tiny.edit(project, {"searches": {"five-sgd": {"grid": grid, "folds": 3, "method": "grid"}}})


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
    tiny.run(COMMAND, project, one_core=True)
    assert tiny.files(project) == {**before, TABLE: table.encode()}


def test_the_proposed_run_has_the_accuracy_that_the_search_found(project: Path) -> None:
    add_search(project, alpha=[0.001, 0.01], max_iter=[5, 20])  # one that the block has, one that it has not
    tiny.run(tiny.run(COMMAND, project).stdout.splitlines()[-1], project)
    measured = json.loads((project / "metrics" / "five-sgd.json").read_text())
    best = (project / TABLE).read_text().splitlines()[1].split(",")
    assert best[-2:] == [str(measured["cv_accuracy"]), str(measured["cv_std"])]


def test_a_wrong_call_or_grid_is_one_line_and_writes_nothing(project: Path) -> None:
    add_search(project, alpha=[0.1, "much"])
    before = tiny.files(project)
    wrong = tiny.failure(COMMAND, project, 2)
    assert wrong.startswith("search: error: params.yaml: searches.five-sgd.grid: The 'alpha' parameter of SGDClassi")
    assert wrong.endswith("Got 'much' instead.")
    unknown = tiny.failure("python -m tools.search five", project, 2)
    assert unknown.endswith("searches: there is no 'five'. Did you mean 'five-sgd'? Valid: five-sgd")
    assert tiny.files(project) == before
