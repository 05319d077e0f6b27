"""The real `dvc repro` on the tiny project: what it skips and what an edit reruns, its leaderboard, its leftovers."""

import json
import re
import shutil
from pathlib import Path
from typing import Any

from digits.evaluation.metrics import METRICS
from digits.io import parquet, tables
from digits.io.tables import PREDICTIONS
from tests import tiny

import numpy as np
import pytest

SPLITS = ["split@tiny", "split@tiny-random"]
LEADERBOARD = "digits leaderboard"


def stages(kind: str) -> list[str]:
    """Return the stages of a kind that there is one of for each experiment."""
    return [f"{kind}@{name}" for name in tiny.params()["experiments"]]


def test_a_second_run_skips_everything_and_changes_nothing(made: Path, project: Path) -> None:
    assert tiny.repro(project) == []
    assert tiny.files(project) == tiny.files(made)
    assert tiny.git_status(project) == ""


def outdated(project: Path) -> list[str]:
    """Return the stages that an edit reruns, and after them, where other bytes come out, those that read these."""
    return sorted(json.loads(tiny.run("dvc status --json", project).stdout))


MANY = {
    "tasks.five.positive": [4],
    "datasets.tiny.sources": [{"idx": "nowhere"}, {"idx": "idx"}],
    "splits.tiny-random.test": 0.2,
    "experiments.five-sgd.folds": 4,
}


@pytest.mark.parametrize(
    ("changes", "reruns"),
    [
        ({"experiments.five-sgd.description": "Better.", "tasks.odd": {}}, []),
        (MANY, ["binarize@five-sgd", "fetch@tiny", "split@tiny-random", "train@five-sgd"]),
        ({"seed": 43}, [*SPLITS, *stages("train")]),
    ],
    ids=["nothing", "one each", "the seed"],
)
def test_an_edit_of_parameters_reruns_what_depends_on_it(
    project: Path, changes: dict[str, Any], reruns: list[str]
) -> None:
    tiny.edit(project, changes)
    assert outdated(project) == sorted(reruns)


TALK = ["commands/check", "results/intervals", "sources/idx"]
ALL = ["fetch@tiny", *SPLITS, *map(stages, ("binarize", "train", "evaluate"))]
CODE = {
    "what only talks, and what is new": ([f"digits/{name}.py" for name in (*TALK, "features/new", "sources/new")], []),
    "tools": (["requirements.lock"], []),
    "the environment": (["environment.txt"], ["fetch@tiny", *stages("train"), *stages("evaluate")]),
    "tables": (["digits/io/parquet.py"], ALL),
    "messages": (["digits/support/errors.py"], ALL),
    "parameters": (["digits/support/parameters.py"], ALL),
    "what all sources share": (["digits/sources/__init__.py"], ["fetch@tiny"]),
    "what all features share": (["digits/features/__init__.py"], stages("train")),
    "models": (["digits/learning/models.py"], [*stages("train"), *stages("evaluate")]),
    "metrics": (["digits/evaluation/metrics.py"], stages("evaluate")),
    "features": (["digits/features/normalized.py", "stages/binarize.py"], ["train@five-sgd", *stages("binarize")]),
}


@pytest.mark.parametrize(("modules", "reruns"), CODE.values(), ids=CODE)
def test_an_edit_of_code_reruns_the_stages_whose_bytes_it_decides(
    project: Path, modules: list[str], reruns: list[Any]
) -> None:
    rooms = {path for path in project.glob("digits/*/") if (path / "commands").is_dir()}
    if "digits/commands/check.py" in modules:  # nor does anything in a room
        modules = [*modules, *(str(path.relative_to(project)) for room in rooms for path in room.rglob("*.py"))]
    for module in modules:
        with (project / module).open("a") as file:
            file.write("# a comment\n")
    assert outdated(project) == sorted(np.hstack(reruns) if reruns else [])


def test_a_user_s_own_data_go_beside_the_pipeline_s(project: Path) -> None:
    (project / "data" / "own.csv").write_text("1,2\n")
    tiny.run("dvc add data/own.csv", project)
    tiny.run("git add --all", project)
    added = tiny.run("git ls-files data models", project).stdout.split()
    assert added == ["data/README.md", "data/own.csv.dvc", "models/README.md"]


def test_the_leaderboard_has_each_experiment_s_figures(made: Path) -> None:
    lines = tiny.run(LEADERBOARD, made).stdout.splitlines()
    for metric in METRICS:
        assert (metric.heading or "") in lines[0]
    assert [line.split()[0] for line in lines[2:4]] == ["five-sgd", "digit-logreg"]
    assert lines[3].split()[1:4] == ["class", "on", "tiny-random"]
    assert lines[3].split()[5] == "–"  # no folds, no out-of-fold accuracy
    error, low, high = map(float, re.findall(r"(\d+\.\d+) \((.+) to (.+)\)", lines[3])[0])
    assert 0 < low < error < high < 100
    assert tiny.run(f"{LEADERBOARD} five-*", made).stdout.count("five-sgd") == 1
    assert "no experiment is called 'x'" in tiny.failure(f"{LEADERBOARD} x", made, 2)


def test_the_leaderboard_names_who_cannot_be_told_apart_from_the_best(project: Path) -> None:
    five = tiny.params()["experiments"]["five-sgd"]
    tiny.edit(project, {"experiments.twin": five, "experiments.never": five})
    metrics = json.loads((project / "metrics/five-sgd.json").read_text())
    for name, accuracy in (("twin", metrics["accuracy"]), ("never", metrics["baseline"])):
        shutil.copytree(project / "plots/five-sgd", project / "plots" / name)
        (project / f"metrics/{name}.json").write_text(json.dumps({**metrics, "accuracy": accuracy}))
        shutil.copy(project / "data/predictions/five-sgd.parquet", project / f"data/predictions/{name}.parquet")
    table = parquet.read(project / "data/predictions/five-sgd.parquet", PREDICTIONS)
    no = tables.array(np.zeros(len(table), np.uint8))
    path = project / "data/predictions/never.parquet"
    path.unlink()
    parquet.write(path, table.set_column(table.column_names.index("prediction"), "prediction", no))
    assert tiny.run(LEADERBOARD, project).stdout.endswith(
        "\nThese do not differ significantly (p is 0.05 or more):\n  five on tiny: five-sgd and twin (p = 1)\n"
    )


def test_what_a_removed_experiment_leaves_is_named_and_deleted(project: Path) -> None:
    tiny.edit(project, {"experiments.digit-logreg": ...})
    before = tiny.files(project)
    named = tiny.run("digits prune", project).stderr.splitlines()
    left = ["data/crossval/digit-logreg.parquet", "data/labels/digit-logreg", "data/predictions/digit-logreg.parquet"]
    left += ["metrics/digit-logreg.json", "models/digit-logreg.skops", "plots/digit-logreg"]
    gone = "binarize@digit-logreg, train@digit-logreg, evaluate@digit-logreg"
    assert named[0] == f"prune: {gone} in dvc.lock belongs to nothing in params.yaml; `make prune` deletes it"
    assert named[1:] == [f"prune: {path} belongs to nothing in params.yaml; `make prune` deletes it" for path in left]
    assert tiny.files(project) == before
    tiny.run("digits prune --delete", project)
    assert set(before) - set(tiny.files(project)) == {path for path in before if path.startswith(tuple(left))}
    assert "@digit-logreg" not in (project / "dvc.lock").read_text()
    assert tiny.repro(project) == []


@pytest.mark.fault
def test_leftovers_are_deleted_and_what_a_user_has_put_there_is_kept(project: Path, tmp_path: Path) -> None:
    tiny.edit(project, {"experiments.digit-logreg": ...})
    left = ["data/labels/five-sgd/.test.parquet.part", "data/labels/digit-logreg", "models/digit-logreg.skops"]
    left += ["plots/five-sgd/.roc.csv.part", ".report.html.part"]
    theirs = ["data/raw/own.csv", "data/split/tiny/photos", "models/best.skops", "plots/digit-logreg"]
    quiet = ["data/README.md", "data/own.csv", "models/README.md", "models/theirs.skops"]
    (project / "plots/digit-logreg/notes.txt").touch()
    (tmp_path / "photos").mkdir()
    (tmp_path / "photos/digit-logreg.json").write_text("mine")
    (project / "data/split/tiny/photos").symlink_to(tmp_path / "photos")
    shutil.move(project / "metrics", tmp_path / "metrics")
    (project / "metrics").symlink_to(tmp_path / "metrics")
    for name in {*theirs, *quiet, *left} - {"data/split/tiny/photos"}:
        (project / name).touch()
    (project / "models/theirs.skops.dvc").write_text("outs:\n- path: theirs.skops\n")

    named = tiny.run("digits prune", project).stderr.splitlines()
    assert {line.split()[1] for line in named if line.endswith("delete it yourself")} == {*theirs}
    assert {*left} - {line.split()[1] for line in named} == set()
    assert {*quiet} & {line.split()[1] for line in named} == set()
    (project / "dvc.lock").write_text(tiny.run("git show HEAD:dvc.lock", project).stdout.split("  train@digit")[0])
    done = tiny.run("digits prune --delete", project)
    assert {line.split()[1] for line in done.stderr.splitlines()} == {*theirs}
    assert [name for name in [*left, *theirs, *quiet] if (project / name).exists()] == [*theirs, *quiet]
    assert (tmp_path / "photos/digit-logreg.json").read_text() == "mine"
    assert (tmp_path / "metrics/digit-logreg.json").exists()  # nothing is deleted behind a link
