"""Runs with other parameters: in a folder of their own, applied, and as a branch."""

import difflib
import re
import shutil
from pathlib import Path

from tests import tiny

import yaml

ITERATIONS = "experiments.five-sgd.hyperparameters.max_iter"
CHANGED = ["dvc.lock", "metrics/five-sgd.json", "params.yaml"]
CHANGED += [f"plots/five-sgd/{name}.csv" for name in ("confusion", "figures", "precision_recall", "reliability", "roc")]


def documented(start: str) -> str:
    """Return the command of docs/experiments.md that begins so, for the tiny project."""
    page = (tiny.ROOT / "docs" / "experiments.md").read_text(encoding="utf-8")
    (command,) = re.findall(rf"^\$ ({start} .+)$", page, re.MULTILINE)
    return str(command).replace("trees", "five-sgd")


def test_a_run_in_a_folder_of_its_own_can_become_the_workspace_or_a_branch(project: Path) -> None:
    before = tiny.files(project)
    tiny.run(["dvc", "exp", "run", "--temp", "-n", "fewer", "-S", f"{ITERATIONS}=5", "evaluate@five-sgd"], project)
    assert tiny.files(project) == before
    assert folders_left(project) == []

    table = tiny.run(["bash", "-c", f"{documented('dvc exp show')} --no-pager"], project, COLUMNS="160").stdout
    assert max(map(len, table.splitlines())) <= 160
    assert "…" not in table
    rows = [line.split() for line in table.splitlines()[1:-1]]
    assert rows[0] == ["Experiment", "cv_accuracy", ITERATIONS]  # five-sgd alone has folds
    accuracy = yaml.safe_load(before["metrics/five-sgd.json"])["cv_accuracy"]
    assert rows[2] == ["main", f"{round(accuracy, 5)}", "50"]
    assert [rows[3][2], rows[3][-1]] == ["[fewer]", "5"]
    assert float(rows[3][-2]) < accuracy

    tiny.run([*documented("dvc gc").split(), "--force"], project)
    tiny.run(["dvc", "exp", "branch", "fewer", "kept"], project)
    assert tiny.run(["git", "diff", "--name-only", "main", "kept"], project).stdout.split() == CHANGED
    assert tiny.files(project) == before

    tiny.run(["dvc", "exp", "apply", "fewer"], project)
    assert tiny.run(["git", "diff", "kept"], project).stdout == ""
    values = yaml.safe_load((project / "params.yaml").read_text(encoding="utf-8"))
    assert values["experiments"]["five-sgd"]["hyperparameters"]["max_iter"] == 5
    assert tiny.repro(project) == []
    assert tiny.run(["git", "status", "--porcelain"], project).stdout.split()[1::2] == CHANGED


def test_an_override_changes_its_own_line_of_params_yaml(tmp_path: Path) -> None:
    for name in ("params.yaml", ".dvc/config", ".gitignore"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        shutil.copy(tiny.ROOT / name, tmp_path / name)
    stage = {"cmd": "python -c pass", "params": ["experiments"]}  # in place of ours, which would train
    (tmp_path / "dvc.yaml").write_text(yaml.safe_dump({"stages": {"look": stage}}), encoding="utf-8")
    tiny.run(["git", "init", "--quiet", "--initial-branch=main"], tmp_path)
    tiny.commit(tmp_path, "our params.yaml")
    name = next(iter(yaml.safe_load((tmp_path / "params.yaml").read_text(encoding="utf-8"))["experiments"]))
    for value in (7, 8):  # twice: what DVC has written once, it reads otherwise
        before = (tmp_path / "params.yaml").read_text(encoding="utf-8")
        tiny.run(["dvc", "exp", "run", "-S", f"experiments.{name}.folds={value}"], tmp_path)
        after = (tmp_path / "params.yaml").read_text(encoding="utf-8")
        changed = [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[0] in "-+"]
        assert [line[:13] for line in changed] == ["-     folds: ", "+     folds: "]


def folders_left(project: Path) -> list[Path]:
    """Return the folders that runs had to themselves and left behind."""
    return [path.parent for path in (project / ".dvc" / "tmp" / "exps").rglob("dvc.yaml")]
