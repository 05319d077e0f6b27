"""`dvc repro` on the tiny project: the same bytes again, and no more reruns than an edit asks for."""

import contextlib
import shutil
import warnings
from pathlib import Path
from typing import Any

from digits.core import errors
from tests import tiny
from tests.core import calls

import pytest
import sklearn
from dvc.repo import Repo

EXPERIMENTS = [*tiny.params()["experiments"]]
SPLITS = ["split@tiny", "split@tiny-random"]
TASKS = ["binarize@digit", "binarize@five"]
TRAIN, EVALUATE = ([f"{kind}@{name}" for name in EXPERIMENTS] for kind in ("train", "evaluate"))
EVERY = ["fetch@tiny", *SPLITS, *TASKS, *TRAIN, *EVALUATE]
PLACE = "experiments.five-sgd"


def outdated(project: Path) -> list[str]:
    """Return the stages that an edit reruns, and after them, where other bytes come out, those that read these."""
    with contextlib.chdir(project), warnings.catch_warnings(action="ignore"), Repo() as repository:
        return sorted(repository.status())


def test_a_second_run_skips_everything_and_changes_nothing(made: Path, project: Path) -> None:
    assert sorted(tiny.lock(project)) == sorted(EVERY)
    assert tiny.repro(project) == []
    assert tiny.files(project) == tiny.files(made)
    assert tiny.git_status(project) == ""


def test_a_forced_run_on_one_core_makes_every_byte_again(made: Path, project: Path) -> None:
    for folder in ("data/raw", "data/task", "models", "metrics", "plots"):
        shutil.rmtree(project / folder)
    tiny.run("dvc repro --force", project, one_core=True, PYTHONHASHSEED="1")
    assert {**tiny.files(project), "models/README.md": b""} == {**tiny.files(made), "models/README.md": b""}


@pytest.mark.parametrize(
    ("changes", "reruns"),
    [
        ({f"{PLACE}.description": "Better.", "tasks.odd": {"split": "tiny"}}, ["binarize@odd"]),
        (
            {
                "tasks.five.positive": [4],
                "datasets.tiny.sources": [{"idx": "nowhere"}, {"idx": "idx"}],
                "splits.tiny-random.test": 0.2,
                f"{PLACE}.folds": 4,
            },
            ["binarize@five", "fetch@tiny", "split@tiny-random", "train@five-sgd"],
        ),
        ({"seed": 43}, [*SPLITS, *TRAIN]),
    ],
    ids=["words, and what is new", "one each", "the seed"],
)
def test_an_edit_of_parameters_reruns_what_depends_on_it(
    project: Path, changes: dict[str, Any], reruns: list[str]
) -> None:
    tiny.edit(project, changes)
    assert outdated(project) == sorted(reruns)


QUIET = ["commands/check", "results/read", "sources/idx", "sources/__init__", "features/new", "sources/new"]
CODE = {
    "sources, commands, rooms, tools, what is new": (
        [*(f"digits/{name}.py" for name in QUIET), "requirements.lock"],
        [],
    ),
    "the core": (["digits/core/tables.py"], EVERY),
    "learning": (["digits/learning/scoring.py"], [*TRAIN, *EVALUATE]),
    "evaluation": (["digits/evaluation/metrics.py"], EVALUATE),
    "a set of features, a stage": (["digits/features/normalized.py", "stages/binarize.py"], ["train@five-sgd", *TASKS]),
}


@pytest.mark.parametrize(("modules", "reruns"), CODE.values(), ids=CODE)
def test_an_edit_of_code_reruns_the_stages_whose_bytes_it_decides(
    project: Path, modules: list[str], reruns: list[Any]
) -> None:
    if not reruns:
        rooms = [path.parent for path in project.glob("digits/*/commands") if path.parent.name != "digits"]
        modules = [*modules, *(str(path.relative_to(project)) for room in rooms for path in room.rglob("*.py"))]
    for module in modules:
        with (project / module).open("a") as file:
            file.write("# a comment\n")
    assert outdated(project) == sorted(reruns)


def test_a_variant_reruns_its_stages_and_a_way_back_runs_nothing(project: Path) -> None:
    tiny.edit(project, {f"{PLACE}.hyperparameters.max_iter": 5})
    assert tiny.repro(project) == ["evaluate@five-sgd", "train@five-sgd"]
    tiny.edit(project, {})
    assert tiny.repro(project) == []  # from the run cache
    assert tiny.git_status(project) == ""


def declared(project: Path, stage: dict[str, Any], folder: Path) -> Path:
    """Copy the declared deps of a stage, and the parameters."""
    for path in (dep["path"] for dep in stage["deps"]):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        if (project / path).is_dir():
            shutil.copytree(project / path, folder / path, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(project / path, folder / path)
    shutil.copy(project / "params.yaml", folder)
    return folder


@pytest.mark.parametrize("name", ["fetch@tiny", "split@tiny", "binarize@five", "train@five-sgd", "evaluate@five-sgd"])
def test_a_stage_reads_and_writes_what_is_declared(made: Path, tmp_path: Path, name: str) -> None:
    stage = tiny.lock(made)[name]
    folder = declared(made, stage, tmp_path)
    if name.startswith("fetch"):  # what each kind gives is pinned, so they are no deps
        tiny.write_idx_files(folder / "idx")
        shutil.copytree(made / "digits/sources", folder / "digits/sources")
    before = set(tiny.files(folder))
    assert stage["cmd"] == f"python -m stages.{name.replace('@', ' ')}"
    tiny.run(stage["cmd"], folder)
    outs = {out["path"] for out in stage["outs"]}
    written, expected = tiny.files(folder), tiny.files(made)
    assert set(written) - before == outs
    assert {path: written[path] for path in outs} == {path: expected[path] for path in outs}


def test_a_stage_is_a_plain_script_too_that_explains_itself(project: Path, made: Path) -> None:
    (project / "models/five-sgd.skops").unlink()
    tiny.run("python stages/train.py five-sgd", project)
    assert tiny.files(project) == tiny.files(made)
    assert "Train one experiment's model" in calls.stage(project, "train --help").stdout


def test_a_stage_under_other_versions_than_are_pinned_ends_in_one_line(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "environment.txt").write_text("# of what computes\nscikit-learn==0.1\n")
    monkeypatch.setattr(errors, "ENVIRONMENT", tmp_path / "environment.txt")
    line = f"Error: environment.txt pins scikit-learn 0.1, not {sklearn.__version__}; `make -B venv`"
    assert calls.stage_failure(tmp_path, "split tiny") == line


@pytest.mark.parametrize(
    ("path", "command", "line"),
    [
        ("data/raw/tiny.parquet", "split tiny", "data/raw/tiny.parquet is not here; `dvc repro` makes it, `dvc pull`"),
        ("models/five-sgd.skops", "evaluate five-sgd", "models/five-sgd.skops is not here; `dvc repro` makes it"),
    ],
)
def test_a_missing_input_is_named_with_what_makes_it(project: Path, path: str, command: str, line: str) -> None:
    (project / path).unlink()
    assert calls.stage_failure(project, command).startswith(f"Error: {line}")


def test_a_part_without_any_of_the_classes_is_named(project: Path) -> None:
    tiny.edit(project, {"tasks.five.negative": [1], "splits.tiny.test": 1})
    calls.stage(project, "split tiny")
    line = calls.stage_failure(project, "binarize five")
    assert line == "Error: params.yaml: tasks.five: the test part of tiny has none of its images"


def test_a_damaged_table_is_named(project: Path) -> None:
    path = project / "data/task/five/train.parquet"
    path.write_bytes(path.read_bytes()[:999])
    line = calls.stage_failure(project, "train five-sgd")
    assert line.startswith("Error: data/task/five/train.parquet cannot be read (")
    assert line.endswith("; delete it, `dvc repro` brings it back")


def test_a_user_s_own_data_go_beside_the_pipeline_s(project: Path) -> None:
    for name in ("own.csv", "own.csv.dvc"):  # as after `dvc add`, which fails if Git ignores the second
        (project / "data" / name).touch()
    tiny.run("git add --all", project)
    added = tiny.run("git ls-files data models", project).stdout.split()
    assert added == ["data/README.md", "data/own.csv.dvc", "models/README.md"]
