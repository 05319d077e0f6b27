"""The real `dvc repro` on the tiny project: what it makes, what it skips, and what an edit reruns."""

import json
import os
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests import tiny

Change = Callable[[dict[str, Any]], object]
ALL = [f"{kind}@{name}" for kind in ("binarize", "evaluate") for name in ("digit-logreg", "five-sgd")]
ALL += ["fetch@tiny", "split@tiny", "split@tiny-random", "train@digit-logreg", "train@five-sgd"]


def test_a_second_run_skips_everything(project: Path) -> None:
    assert tiny.repro(project) == []
    assert tiny.run(["git", "status", "--porcelain"], project).stdout == ""


def test_a_forced_run_on_one_core_gives_the_same_bytes(project: Path) -> None:
    before = tiny.files(project)
    command = [str(Path(sys.executable).parent / "dvc"), "repro", "--force"]
    path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    one_core = (lambda: os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})) if sys.platform == "linux" else None
    done = subprocess.run(
        command, cwd=project, env={**os.environ, "PATH": path}, preexec_fn=one_core, capture_output=True, check=True
    )
    assert done.stdout.count(b"Running stage") == len(ALL)
    assert tiny.files(project) == before


def edit(new: dict[str, object]) -> Change:
    """Return a change that sets values by their places."""

    def change(values: dict[str, Any]) -> None:
        for place, value in new.items():
            *parents, last = place.split(".")
            block = values
            for key in parents:
                block = block[key]
            block[last] = value

    return change


FIVE = ["evaluate@five-sgd", "train@five-sgd"]
EDITS: dict[str, tuple[Change, list[str]]] = {
    "a description and a new task": (edit({"experiments.five-sgd.description": "Better.", "tasks.odd": {}}), []),
    "a task's digits": (edit({"tasks.five.positive": [4]}), ["binarize@five-sgd", *FIVE]),
    "a new dataset, split and experiment": (
        edit(
            {
                "datasets.second": tiny.dataset({"idx": "idx"}),
                "splits.half": {"dataset": "tiny", "test": 0.5},
                "experiments.two": tiny.experiment("tiny", "five", "raw", "dummy", 0),
            }
        ),
        ["binarize@two", "evaluate@two", "fetch@second", "split@half", "train@two"],
    ),
    "the sources": (edit({"datasets.tiny.sources": [{"idx": "nowhere"}, {"idx": "idx"}]}), ["fetch@tiny"]),
    "the folds of one, a hyperparameter of another": (
        edit({"experiments.five-sgd.folds": 4, "experiments.digit-logreg.hyperparameters.C": 2}),
        ["evaluate@digit-logreg", "evaluate@five-sgd", "train@digit-logreg", "train@five-sgd"],
    ),
    "the seed": (edit({"seed": 43}), [stage for stage in ALL if not stage.startswith("fetch")]),
}


@pytest.mark.parametrize(("change", "reruns"), EDITS.values(), ids=EDITS)
def test_an_edit_reruns_what_depends_on_it_and_no_more(project: Path, change: Change, reruns: list[str]) -> None:
    values = tiny.params()
    change(values)
    tiny.write_params(project, values)
    assert tiny.repro(project) == reruns


EXPERIMENTS = ("digit-logreg", "five-sgd")


@pytest.mark.parametrize(
    ("modules", "reruns"),
    [
        (["digits/sources/idx.py", "digits/download.py", "digits/classifiers/svc.py", "digits/features/raw.py"], []),
        (
            ["stages/binarize.py", "digits/augmentation.py"],
            ["fetch@tiny", *(f"binarize@{name}" for name in EXPERIMENTS)],
        ),
        (
            ["digits/evaluation/metrics.py", "digits/shuffle.py"],
            [f"evaluate@{name}" for name in EXPERIMENTS] + ["split@tiny", "split@tiny-random"],
        ),
        (["digits/classifiers/sgd.py"], ["train@five-sgd"]),
        (["digits/learning/models.py"], [f"{kind}@{name}" for kind in ("evaluate", "train") for name in EXPERIMENTS]),
    ],
)
def test_an_edit_of_code_reruns_the_stages_that_use_it(project: Path, modules: list[str], reruns: list[str]) -> None:
    for module in modules:
        with (project / module).open("a") as file:
            file.write("# a comment\n")
    assert tiny.repro(project) == sorted(reruns)


def test_new_modules_rerun_nothing_and_are_found_by_their_names(project: Path) -> None:
    """A classifier, a set of features and a source are a file each, and serve an experiment with no other edit."""
    new = {
        "classifiers/bayes": "from sklearn.naive_bayes import GaussianNB as Classifier\n",
        "features/halved": "from digits.images.pixels import Pixels\nSTEPS = [('pixels', Pixels())]\n",
        "sources/copied": "from digits.sources import idx\nread = idx.read\n",
    }
    for name, code in new.items():
        (project / "digits" / f"{name}.py").write_text(code)
    assert tiny.repro(project) == []
    values = tiny.params()
    values["datasets"]["second"] = tiny.dataset({"copied": "idx"})
    values["splits"]["second"] = {"dataset": "second", "test": tiny.TEST}
    values["experiments"]["new"] = tiny.experiment("second", "digit", "halved", "bayes", 2)
    tiny.write_params(project, values)
    assert tiny.repro(project) == ["binarize@new", "evaluate@new", "fetch@second", "split@second", "train@new"]
    measured = json.loads((project / "metrics/new.json").read_text())
    assert measured["accuracy"] > measured["baseline"] + 0.4


def test_a_user_s_own_data_go_beside_the_pipeline_s(project: Path) -> None:
    (project / "data" / "own.csv").write_text("1,2\n")
    tiny.run(["dvc", "add", "data/own.csv"], project)
    tiny.run(["git", "add", "--all"], project)
    added = tiny.run(["git", "ls-files", "data", "models"], project).stdout.split()
    assert added == ["data/README.md", "data/own.csv.dvc", "models/README.md"]


def test_metrics_and_plots_are_what_dvc_shows(project: Path) -> None:
    shown = tiny.run(["dvc", "metrics", "show", "--md"], project)
    assert "| metrics/five-sgd.json" in shown.stdout
    assert max(map(len, shown.stdout.splitlines())) < 110
    assert "failed" not in shown.stderr
    tiny.run(["dvc", "plots", "show", "--out", "page"], project)
    page = (project / "page" / "index.html").read_text()
    assert all(f"five-sgd, {title}" in page for title in ("each class", "confusion matrix", "ROC curve"))


def test_the_leaderboard_has_each_experiment_s_figures(project: Path) -> None:
    lines = tiny.run(["python", "-m", "tools.leaderboard"], project).stdout.splitlines()
    header = ["experiment", "task", "test", "accuracy", "out-of-fold", "baseline", "error,", "%", "(95", "%)"]
    assert lines[0].split() == header
    names = [line.split()[0] for line in lines[2:]]
    assert names == ["five-sgd", "digit-logreg"]
    assert lines[3].split()[1:4] == ["digit", "on", "tiny-random"]
    assert lines[3].split()[5] == "–"  # no folds, no out-of-fold accuracy
    error, low, high = map(float, re.findall(r"(\d+\.\d+) \((.+) to (.+)\)", lines[3])[0])
    assert 0 < low < error < high < 100
    assert tiny.run(["python", "-m", "tools.leaderboard", "five-*"], project).stdout.count("five-sgd") == 1
    assert (
        "no experiment is called 'x'" in tiny.run(["python", "-m", "tools.leaderboard", "x"], project, status=2).stderr
    )


def test_the_leaderboard_names_who_cannot_be_told_apart_from_the_best(project: Path) -> None:
    values = tiny.params()
    values["experiments"]["twin"] = values["experiments"]["five-sgd"] | {"folds": 0}
    values["experiments"]["never"] = tiny.experiment("tiny", "five", "raw", "dummy", 0)
    tiny.write_params(project, values)
    tiny.repro(project, "evaluate@twin", "evaluate@never")
    last = tiny.run(["python", "-m", "tools.leaderboard"], project).stdout.splitlines()[-1]
    assert last == "Not told apart from five-sgd, the best for five on tiny: twin (p = 1)"


def test_what_a_removed_experiment_leaves_is_named_and_deleted(project: Path) -> None:
    values = tiny.params()
    del values["experiments"]["digit-logreg"]
    tiny.write_params(project, values)
    before = tiny.files(project)
    said = tiny.run(["python", "-m", "tools.prune"], project).stderr.splitlines()
    left = ["data/crossval/digit-logreg.parquet", "data/labels/digit-logreg", "data/predictions/digit-logreg.parquet"]
    left += ["metrics/digit-logreg.json", "models/digit-logreg.joblib", "plots/digit-logreg"]
    stages = "binarize@digit-logreg, train@digit-logreg, evaluate@digit-logreg"
    assert said[0] == f"prune: dvc.lock has {stages}, which params.yaml does not name; `make prune` deletes them"
    assert said[1:] == [f"prune: {path} belongs to nothing in params.yaml; `make prune` deletes it" for path in left]
    assert tiny.files(project) == before
    tiny.run(["python", "-m", "tools.prune", "--delete"], project)
    gone = set(before) - set(tiny.files(project))
    assert gone == {path for path in before if path.startswith(tuple(left))}
    assert "@digit-logreg" not in (project / "dvc.lock").read_text()
    assert tiny.repro(project) == []
