"""Runs with other parameters: in a folder of their own, applied, and as a branch."""

import difflib
import shutil
from pathlib import Path

import yaml

from tests import tiny

ITERATIONS = "experiments.five-sgd.hyperparameters.max_iter"
CHANGED = ["dvc.lock", "metrics/five-sgd.json", "params.yaml"]
CHANGED += [f"plots/five-sgd/{name}.csv" for name in ("confusion", "figures", "precision_recall", "reliability", "roc")]


def test_a_run_in_a_folder_of_its_own_can_become_the_workspace_or_a_branch(project: Path) -> None:
    before = tiny.files(project)
    tiny.run(["dvc", "exp", "run", "--temp", "-n", "fewer", "-S", f"{ITERATIONS}=5", "evaluate@five-sgd"], project)
    assert tiny.files(project) == before
    assert folders_left(project) == []

    lines = tiny.run(["python", "-m", "tools.experiments"], project).stdout.splitlines()
    cells = [line.split() for line in lines[2:]]
    assert max(len(line) for line in lines) < 80
    assert [line[:-2] for line in cells] == [["five-sgd", "main", "max_iter=50"], ["fewer", "max_iter=5"]]
    measured = yaml.safe_load(before["metrics/five-sgd.json"])
    assert cells[0][-2:] == [f"{measured[key]:.4f}" for key in ("accuracy", "cv_accuracy")]
    assert float(cells[1][-1]) < float(cells[0][-1])
    assert "no run from main~1" in tiny.run(["python", "-m", "tools.experiments", "main~1"], project).stderr

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
    for value in (0.01, 0.02):  # twice: what DVC has written once, it reads otherwise
        before = (tmp_path / "params.yaml").read_text(encoding="utf-8")
        tiny.run(["dvc", "exp", "run", "-S", f"experiments.two-logreg.hyperparameters.tol={value}"], tmp_path)
        after = (tmp_path / "params.yaml").read_text(encoding="utf-8")
        changed = [line for line in difflib.ndiff(before.splitlines(), after.splitlines()) if line[0] in "-+"]
        assert [line[:13] for line in changed] == ["-       tol: ", "+       tol: "]


def folders_left(project: Path) -> list[Path]:
    """Return the folders that runs had to themselves and left behind."""
    return [path.parent for path in (project / ".dvc" / "tmp" / "exps").rglob("dvc.yaml")]
