"""Runs with other parameters: queued, in a table, and as a branch."""

import difflib
import json
import re
from pathlib import Path

from tests import tiny

import yaml
from dvc.utils.serialize import modify_yaml

ITERATIONS = "experiments.five-sgd.hyperparameters.max_iter"
CHANGED = ["digits/evaluation/metrics.py", "dvc.lock", "metrics/five-sgd.json", "params.yaml"]
CHANGED += [f"plots/five-sgd/{name}.csv" for name in ("confusion", "figures", "precision_recall", "reliability", "roc")]


def documented(start: str) -> str:
    """Return the command of docs/experiments.md that begins so, for the tiny project."""
    page = (tiny.ROOT / "docs" / "experiments.md").read_text(encoding="utf-8")
    (command,) = re.findall(rf"^\$ ({start} .+)$", page, re.MULTILINE)
    return str(command).replace("trees", "five-sgd")


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

    table = tiny.run(["bash", "-c", f"{documented('dvc exp show')} --no-pager"], project, COLUMNS="160").stdout
    rows = [line.split() for line in table.splitlines()[1:-1]]
    assert [rows[0][0], rows[0][-1]] == ["Experiment", ITERATIONS]
    accuracy = json.loads((project / "metrics/five-sgd.json").read_text())["cv_accuracy"]
    assert rows[2] == ["main", f"{round(accuracy, 5)}", "50"]
    assert [rows[3][2], rows[3][-1]] == ["[fewer]", "5"]
    assert float(rows[3][-2]) < accuracy

    tiny.run("dvc exp branch fewer kept", project)
    assert tiny.run("git diff --name-only main kept", project).stdout.split() == CHANGED
    assert json.loads(tiny.run("git show kept:metrics/five-sgd.json", project).stdout)["queued"] == 1


def test_an_override_changes_its_own_line_of_params_yaml(tmp_path: Path) -> None:
    path = tmp_path / "params.yaml"
    path.write_bytes((tiny.ROOT / "params.yaml").read_bytes())
    name = next(iter(yaml.safe_load(path.read_bytes())["experiments"]))
    for value in (7, 8):  # twice: what DVC has written once, it reads otherwise
        before = path.read_text(encoding="utf-8")
        with modify_yaml(path) as values:  # as `dvc exp run -S` does
            values["experiments"][name]["folds"] = value
        changed = [
            line for line in difflib.ndiff(before.splitlines(), path.read_text().splitlines()) if line[0] in "-+"
        ]
        assert [line[:13] for line in changed] == ["-     folds: ", "+     folds: "]
