"""`dvc repro` on the tiny project: the same bytes again, and no more reruns than an edit asks for."""

import contextlib
import os
import shutil
import sys
import warnings
from pathlib import Path
from typing import Any

from digits.core import errors
from tests import tiny
from tests.calls import failure

import pytest
import sklearn
from dvc.repo import Repo

SPLITS = ["split@tiny", "split@tiny-random"]
TASKS = ["binarize@digit", "binarize@five"]
TRAIN, EVALUATE = ([f"{kind}@{name}" for name in tiny.params()["experiments"]] for kind in ("train", "evaluate"))
EVERY = ["fetch@tiny", *SPLITS, *TASKS, *TRAIN, *EVALUATE]
PLACE = "experiments.five-sgd"


def outdated(project: Path) -> list[str]:
    """Return the stages that an edit reruns, and after them, where other bytes come out, those that read these."""
    with contextlib.chdir(project), warnings.catch_warnings(action="ignore"), Repo() as repository:
        return sorted(repository.status())


def test_a_second_run_skips_everything_a_variant_runs_its_stages_and_a_way_back_none(made: Path, project: Path) -> None:
    assert sorted(tiny.lock(project)) == sorted(EVERY)
    assert tiny.repro(project) == []
    assert tiny.files(project) == tiny.files(made)
    tiny.edit(project, {f"{PLACE}.hyperparameters.max_iter": 5})
    assert tiny.repro(project) == ["evaluate@five-sgd", "train@five-sgd"]
    tiny.edit(project, {})
    assert tiny.repro(project) == []  # from the run cache
    assert tiny.run("git status --porcelain", project).stdout == ""


def test_an_edit_of_parameters_reruns_what_depends_on_it(project: Path) -> None:
    one_each = {"tasks.five.positive": [4], "datasets.tiny.sources": [{"idx": "."}], "splits.tiny-random.test": 0.2}
    edits: list[tuple[dict[str, Any], list[str]]] = [
        ({f"{PLACE}.description": "Better.", "tasks.odd": {"split": "tiny"}}, ["binarize@odd"]),
        ({**one_each, f"{PLACE}.folds": 4}, ["binarize@five", "fetch@tiny", "split@tiny-random", "train@five-sgd"]),
        ({"seed": 43}, sorted([*SPLITS, *TRAIN])),
    ]
    for changes, reruns in edits:
        tiny.edit(project, changes)
        assert outdated(project) == reruns


QUIET = ["commands/check", "results/read", "sources/idx", "sources/__init__", "features/new", "sources/new"]
CODE = {
    "sources, commands, rooms, what is new": ([f"digits/{name}.py" for name in QUIET], []),
    "the core": (["digits/core/tables.py"], EVERY),
    "learning": (["digits/learning/scoring.py"], [*TRAIN, *EVALUATE]),
    "evaluation": (["digits/evaluation/metrics.py"], EVALUATE),
    "a set of features, a stage": (["digits/features/normalized.py", "stages/binarize.py"], ["train@five-sgd", *TASKS]),
}


@pytest.mark.parametrize(("modules", "reruns"), CODE.values(), ids=CODE)
def test_code_reruns_the_stages_whose_bytes_it_decides(project: Path, modules: list[str], reruns: list[str]) -> None:
    if not reruns:
        rooms = [path.parent for path in project.glob("digits/*/commands") if path.parent.name != "digits"]
        modules = [*modules, *(str(path.relative_to(project)) for room in rooms for path in room.rglob("*.py"))]
    for module in modules:
        with (project / module).open("a") as file:
            file.write("# a comment\n")
    assert outdated(project) == sorted(reruns)


FIRST = [pytest.param(name, marks=pytest.mark.slow) for name in ("fetch@tiny", "split@tiny-random", "binarize@five")]


@pytest.mark.parametrize("name", [*FIRST, "train@five-sgd", "evaluate@five-sgd"])
def test_a_script_makes_the_same_bytes_on_one_core_of_its_deps_alone(made: Path, tmp_path: Path, name: str) -> None:
    stage = tiny.lock(made)[name]
    for path in [dep["path"] for dep in stage["deps"]] + ["params.yaml"]:
        (tmp_path / path).parent.mkdir(parents=True, exist_ok=True)
        copy = shutil.copytree if (made / path).is_dir() else shutil.copy
        copy(made / path, tmp_path / path)
    if name == "fetch@tiny":  # what each kind gives is pinned, so they are no deps
        tiny.write_idx_files(tmp_path / "idx")
        shutil.copytree(made / "digits/sources", tmp_path / "digits/sources")
    before = {*tiny.files(tmp_path)}
    script, _, argument = name.partition("@")
    assert stage["cmd"] == f"python -m stages.{script} {argument}"
    one_core = f"taskset -c {min(os.sched_getaffinity(0))} " if sys.platform == "linux" else ""
    command = f"{one_core}python stages/{script}.py {argument}"
    tiny.run(command, tmp_path, PYTHONHASHSEED="1", PYTHONPATH=str(tmp_path))
    written = tiny.files(tmp_path)
    assert {*written} - before == {out["path"] for out in stage["outs"]}
    assert written.items() <= tiny.files(made).items()


def test_other_versions_than_are_pinned_end_in_one_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "environment.txt").write_text("# of what computes\nscikit-learn==0.1\n")
    monkeypatch.setattr(errors, "ENVIRONMENT", tmp_path / "environment.txt")
    line = f"Error: environment.txt pins scikit-learn 0.1, not {sklearn.__version__}; `make -B venv`"
    assert failure(tmp_path, "split", "tiny") == line


def test_what_a_stage_reads_is_named_where_it_is_missing_damaged_or_without_the_classes(project: Path) -> None:
    for path, stage in (("data/raw/tiny.parquet", "split tiny"), ("models/five-sgd.skops", "evaluate five-sgd")):
        (project / path).unlink()
        line = f"Error: {path} is not here; `dvc repro` makes it, `dvc pull`"
        assert failure(project, *stage.split()).startswith(line)
    path = "data/task/five/train.parquet"
    (project / path).write_bytes((project / path).read_bytes()[:999])
    line = failure(project, "train", "five-sgd")
    assert line.startswith(f"Error: {path} cannot be read (")
    assert line.endswith("; delete it, `dvc repro` brings it back")
    tiny.edit(project, {"tasks.five.negative": [1], "splits.tiny.test": 1})
    assert tiny.repro(project, "split@tiny") == ["split@tiny"]
    line = failure(project, "binarize", "five")
    assert line == "Error: params.yaml: tasks.five: the test part of tiny has none of its images"


def test_a_user_s_own_data_go_beside_the_pipeline_s(project: Path) -> None:
    for name in ("own.csv", "own.csv.dvc"):  # as after `dvc add`, which fails if Git ignores the second
        (project / "data" / name).touch()
    tiny.run("git add --all", project)
    added = tiny.run("git ls-files data models", project).stdout.split()
    assert added == ["data/README.md", "data/own.csv.dvc", "models/README.md"]
