"""The real `dvc repro` on the tiny project: what it makes, what it skips, and what an edit reruns."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

from digits.commands.prune import leftovers
from digits.support.parameters import Parameters
from tests import tiny

import pytest

EXPERIMENTS = ("digit-logreg", "five-sgd")
SPLITS = ["split@tiny", "split@tiny-random"]


def test_a_second_run_skips_everything_and_a_forced_one_on_one_core_gives_the_same_bytes(project: Path) -> None:
    before = tiny.files(project)
    assert tiny.repro(project) == []
    printed = tiny.run("dvc repro --force", project, one_core=True).stdout
    assert printed.count("Running stage") == len(tiny.lock(project))
    assert tiny.files(project) == before
    assert tiny.git_status(project) == ""


def stages(kind: str) -> list[str]:
    """Return the stages of a kind that there is one of for each experiment."""
    return [f"{kind}@{name}" for name in EXPERIMENTS]


EDITS: list[tuple[dict[str, Any], list[str]]] = [
    ({"experiments.five-sgd.description": "Better.", "tasks.odd": {}}, []),
    ({"tasks.five.positive": [4]}, ["binarize@five-sgd"]),
    ({"datasets.tiny.sources": [{"idx": "nowhere"}, {"idx": "idx"}]}, ["fetch@tiny"]),
    (
        {"experiments.five-sgd.folds": 4, "experiments.digit-logreg.hyperparameters.C": 2},
        ["train@digit-logreg", "train@five-sgd"],
    ),
    ({"splits.tiny-random.test": 0.2}, ["split@tiny-random"]),
    ({"seed": 43}, [*SPLITS, *stages("train")]),
]


def outdated(project: Path) -> list[str]:
    """Return the stages that an edit reruns, and after them, where other bytes come out, those that read these."""
    return sorted(json.loads(tiny.run("dvc status --json", project).stdout))


@pytest.mark.parametrize(("changes", "reruns"), EDITS)
def test_an_edit_reruns_what_depends_on_it_and_no_more(
    project: Path, changes: dict[str, Any], reruns: list[str]
) -> None:
    tiny.edit(project, changes)
    assert outdated(project) == reruns


@pytest.mark.parametrize(
    ("modules", "reruns"),
    [
        (["digits/sources/idx.py", "digits/download.py", "digits/classifiers/svc.py", "digits/features/raw.py"], []),
        (["stages/binarize.py", "digits/augmentation.py"], ["fetch@tiny", *stages("binarize")]),
        (["digits/evaluation/metrics.py", "digits/shuffle.py"], [*stages("evaluate"), *SPLITS]),
        (["digits/classifiers/sgd.py"], ["train@five-sgd"]),
        (["digits/learning/models.py"], [*stages("evaluate"), *stages("train")]),
    ],
)
def test_an_edit_of_code_reruns_the_stages_that_use_it(project: Path, modules: list[str], reruns: list[str]) -> None:
    for module in modules:
        with (project / module).open("a") as file:
            file.write("# a comment\n")
    assert outdated(project) == sorted(reruns)


def test_new_modules_rerun_nothing_and_are_found_by_their_names(project: Path) -> None:
    """A classifier, a set of features and a source are a file each, and serve an experiment with no other edit."""
    new = {
        "classifiers/bayes": "from sklearn.naive_bayes import GaussianNB as Classifier\n",
        "features/halved": "from digits.images.pixels import Pixels\nSTEPS = [('pixels', Pixels())]\n",
        "sources/copied": "from digits.sources import idx\nread = idx.read\n",
    }
    for name, code in new.items():
        (project / "digits" / f"{name}.py").write_text(code)
    changes = {
        "datasets.second": tiny.dataset({"copied": "idx"}),
        "splits.second": {"dataset": "second", "test": tiny.TEST},
        "experiments.new": tiny.experiment("second", "digit", "halved", "bayes", 2),
    }
    tiny.edit(project, changes)
    assert tiny.repro(project) == ["binarize@new", "evaluate@new", "fetch@second", "split@second", "train@new"]
    measured = json.loads((project / "metrics/new.json").read_text())
    assert measured["accuracy"] > measured["baseline"] + 0.4


def test_a_user_s_own_data_go_beside_the_pipeline_s(project: Path) -> None:
    (project / "data" / "own.csv").write_text("1,2\n")
    tiny.run("dvc add data/own.csv", project)
    tiny.run("git add --all", project)
    added = tiny.run("git ls-files data models", project).stdout.split()
    assert added == ["data/README.md", "data/own.csv.dvc", "models/README.md"]


def test_metrics_and_plots_are_what_dvc_shows(project: Path) -> None:
    shown = tiny.run("dvc metrics show --md", project)
    assert "| metrics/five-sgd.json" in shown.stdout
    assert max(map(len, shown.stdout.splitlines())) < 110
    assert "failed" not in shown.stderr
    tiny.run("dvc plots show --out page", project)
    page = (project / "page" / "index.html").read_text()
    assert all(f"five-sgd, {title}" in page for title in ("each class", "confusion matrix", "ROC curve"))


LEADERBOARD = "python -m tools.leaderboard"


def test_the_leaderboard_has_each_experiment_s_figures(made: Path) -> None:
    lines = tiny.run(LEADERBOARD, made).stdout.splitlines()
    assert " ".join(lines[0].split()) == "experiment task test accuracy out-of-fold baseline error, % (95 %)"
    assert [line.split()[0] for line in lines[2:]] == ["five-sgd", "digit-logreg"]
    assert lines[3].split()[1:4] == ["digit", "on", "tiny-random"]
    assert lines[3].split()[5] == "–"  # no folds, no out-of-fold accuracy
    error, low, high = map(float, re.findall(r"(\d+\.\d+) \((.+) to (.+)\)", lines[3])[0])
    assert 0 < low < error < high < 100
    assert tiny.run(f"{LEADERBOARD} five-*", made).stdout.count("five-sgd") == 1
    assert "no experiment is called 'x'" in tiny.failure(f"{LEADERBOARD} x", made, 2)


def test_the_leaderboard_names_who_cannot_be_told_apart_from_the_best(project: Path) -> None:
    five = tiny.params()["experiments"]["five-sgd"]
    never = tiny.experiment("tiny", "five", "raw", "dummy", 0)
    tiny.edit(project, {"experiments.twin": five, "experiments.never": never})
    tiny.repro(project, "evaluate@never")
    for path in ("metrics/{}.json", "data/predictions/{}.parquet"):
        shutil.copy(project / path.format("five-sgd"), project / path.format("twin"))
    shutil.copytree(project / "plots/five-sgd", project / "plots/twin")
    last = tiny.run(LEADERBOARD, project).stdout.splitlines()[-1]
    assert last == "Not told apart from five-sgd, the best for five on tiny: twin (p = 1)"


def test_what_a_removed_experiment_leaves_is_named_and_deleted(project: Path) -> None:
    tiny.edit(project, {"experiments.digit-logreg": ...})
    before = tiny.files(project)
    named = tiny.run("python -m tools.prune", project).stderr.splitlines()
    left = ["data/crossval/digit-logreg.parquet", "data/labels/digit-logreg", "data/predictions/digit-logreg.parquet"]
    left += ["metrics/digit-logreg.json", "models/digit-logreg.joblib", "plots/digit-logreg"]
    gone = "binarize@digit-logreg, train@digit-logreg, evaluate@digit-logreg"
    assert named[0] == f"prune: dvc.lock has {gone}, which params.yaml does not name; `make prune` deletes them"
    assert named[1:] == [f"prune: {path} belongs to nothing in params.yaml; `make prune` deletes it" for path in left]
    assert tiny.files(project) == before
    tiny.run("python -m tools.prune --delete", project)
    assert set(before) - set(tiny.files(project)) == {path for path in before if path.startswith(tuple(left))}
    assert "@digit-logreg" not in (project / "dvc.lock").read_text()
    assert tiny.repro(project) == []


def test_leftovers_are_named_and_what_a_user_has_put_there_is_not(tmp_path: Path) -> None:
    own = ["data/README.md", "data/own.csv", "data/own.csv.dvc", "models/README.md", "models/.gitignore"]
    own += ["models/theirs.joblib", "models/theirs.joblib.dvc", "data/split/theirs/train.parquet.dvc"]
    made = ["data/raw/tiny.parquet", "data/labels/five-sgd/test.parquet", "plots/five-sgd/roc.csv"]
    left = ["data/labels/old", "data/labels/five-sgd/.test.parquet.part", "data/split/tiny/five", "models/old.joblib"]
    left += ["plots/old", "searches/five-sgd.csv", "plots/five-sgd/.roc.csv.part", ".report.html.part"]
    for name in own + made + left:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).touch()
    assert {str(path.relative_to(tmp_path)) for path in leftovers(Parameters(tiny.params()), tmp_path)} == {*left}
    searched = Parameters(tiny.params({"searches": {"five-sgd": {}}}))
    assert tmp_path / "searches/five-sgd.csv" not in leftovers(searched, tmp_path)
