"""The examples of docs/extending.md work in a copy of the tiny project without other edits."""

import json
import re
import shutil
import sqlite3
import textwrap
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
import yaml

from tests.helpers import tiny

PAGE = (tiny.ROOT / "docs/extending.md").read_text(encoding="utf-8")
# The code of each example, by the comment in its first line.
EXAMPLES = dict(re.findall(r"^```\w+\n *# (\S.*?)\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL))
METRICS = "digits/evaluation/metrics.py"
DESCRIPTIONS = "digits/results/descriptions.py"


@pytest.fixture
def extended(project: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a project whose commands use its own package, not the installed one."""
    monkeypatch.setenv("PYTHONPATH", str(project))
    return project


def write_modules(project: Path) -> list[str]:
    """Write the modules of features and sources, and return their paths."""
    names = [name for name in EXAMPLES if re.match("digits/(features|sources)/", name)]
    for name in names:
        (project / name).write_text(EXAMPLES[name], encoding="utf-8")
    return names


def write_database(project: Path) -> None:
    """Write the tiny dataset as the source of the page reads it: 28 × 28 pixels."""
    pixels, labels = tiny.digits()
    images = pixels.reshape(-1, *tiny.SHAPE)
    padded = np.pad(images, [(0, 0), (10, 10), (10, 10)])
    rows = [(image.tobytes(), int(label)) for image, label in zip(padded, labels, strict=True)]
    with closing(sqlite3.connect(project / "data/mine.db")) as database:
        database.execute("CREATE TABLE images (pixels BLOB, label INTEGER)")
        database.executemany("INSERT INTO images VALUES (?, ?)", rows)
        database.commit()
    tiny.run("dvc add data/mine.db", project)


@pytest.mark.slow
def test_classifiers_features_and_a_source_are_added(extended: Path) -> None:
    pytest.importorskip("xgboost")
    modules = write_modules(extended)
    write_database(extended)
    [dataset] = yaml.safe_load(EXAMPLES["params.yaml, in `datasets`"]).values()
    changes = {
        "datasets.mine": dataset,
        "splits.mine": {"dataset": "mine", "test": 0.2},
        "tasks.mine": {"split": "mine"},
    }
    models: dict[str, Any] = {}
    for place in ["in", "also in"]:
        models |= yaml.safe_load(EXAMPLES[f"params.yaml, {place} `models`"])
    for name, model in models.items():
        changes[f"models.{name}"] = model | {"task": "mine", "features": "best_pixels"}
    tiny.edit(extended, changes)

    tiny.run("dvc add --quiet data/mine.db", extended)
    tiny.add_dependency(extended, "data/mine.db")
    tiny.run("digits check", extended)
    # `fetch` depends on the new file, for each dataset.
    stages = ["binarize@mine", "fetch@mine", "fetch@tiny", "split@mine"]
    for name in models:
        stages += [f"train@{name}", f"evaluate@{name}"]
    assert tiny.repro(extended) == sorted(stages)
    for name in models:
        metrics = json.loads((extended / f"metrics/{name}.json").read_text(encoding="utf-8"))
        assert metrics["accuracy"] > metrics["baseline"] + 0.2
        assert metrics["cv_accuracy"] > metrics["baseline"] + 0.2
    status = "git status --porcelain -uall -- digits stages data dvc.yaml"
    lines = tiny.run(status, extended).stdout.splitlines()
    data = {"data/datasets/mine.yaml", "data/mine.db.dvc"}
    assert {line[3:] for line in lines} == {*modules, *data, "dvc.yaml"}


def insert(path: Path, name: str, entry: str) -> None:
    """Insert an entry at the start of a dictionary or list that a module defines."""
    content = path.read_text(encoding="utf-8")
    [start] = re.findall(rf"^{name}\b.*= [{{[]", content, re.MULTILINE)
    text = content.replace(f"\n{start}", f"\n{start}\n    {entry}")
    path.write_text(text, encoding="utf-8")


@pytest.mark.slow
def test_a_classifier_is_written(extended: Path) -> None:
    module = "digits/features/nearest_mean.py"
    (extended / module).write_text(EXAMPLES[module], encoding="utf-8")
    entry = yaml.safe_load(EXAMPLES["params.yaml: a model with a classifier of your own"])
    [(name, model)] = entry.items()
    tiny.edit(extended, {f"models.{name}": model | {"task": "digit"}})
    assert tiny.repro(extended) == [f"evaluate@{name}", f"train@{name}"]
    metrics = json.loads((extended / f"metrics/{name}.json").read_text(encoding="utf-8"))
    assert metrics["cv_accuracy"] > metrics["baseline"] + 0.2


def test_the_modules_on_the_page_pass_the_linter(tmp_path: Path) -> None:
    names = [name for name in EXAMPLES if name.endswith(".py")]
    assert len(names) >= 4
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text(EXAMPLES[name], encoding="utf-8")
    shutil.copy(tiny.ROOT / "pyproject.toml", tmp_path)
    tiny.run("ruff check .", tmp_path)
    tiny.run("ruff format --check .", tmp_path)


def add_metric(project: Path) -> None:
    """Add the metric of the page to a project."""
    module = project / METRICS
    content = module.read_text(encoding="utf-8")
    function = EXAMPLES[f"{METRICS}: above METRICS"]
    start = content.index("\n# The functions that compute the table")
    content = f"{content[:start]}\n\n{function}\n{content[start:]}"
    module.write_text(content, encoding="utf-8")
    for name in ["METRICS", "HEADLINE_METRICS"]:
        insert(module, name, EXAMPLES[f"{METRICS}: in {name}"])
    description = EXAMPLES[f"{DESCRIPTIONS}: in DESCRIPTIONS"]
    insert(project / DESCRIPTIONS, "DESCRIPTIONS", description)


@pytest.mark.slow
def test_a_metric_is_added(extended: Path) -> None:
    add_metric(extended)
    names = sorted(tiny.params()["models"])
    assert tiny.repro(extended) == [f"evaluate@{name}" for name in names]
    for name in names:
        metrics = json.loads((extended / f"metrics/{name}.json").read_text(encoding="utf-8"))
        table = (extended / f"plots/{name}/metrics.csv").read_text(encoding="utf-8")
        value = metrics["matthews"]
        assert f"test,matthews,all,{value}" in table
    printed = tiny.run("digits leaderboard --format csv", extended).stdout
    assert "matthews" in printed.splitlines()[0].split(",")


def add_stage(project: Path) -> None:
    """Add the stage of the page to a project."""
    script = "stages/count.py"
    (project / script).write_text(EXAMPLES[script], encoding="utf-8")
    stage = textwrap.indent(EXAMPLES["dvc.yaml, in `stages`"], "  ")
    path = project / "dvc.yaml"
    content = path.read_text(encoding="utf-8")
    path.write_text(content.replace("\n  train:\n", f"\n{stage}\n  train:\n"), encoding="utf-8")


@pytest.mark.slow
def test_a_stage_is_added(extended: Path) -> None:
    add_stage(extended)
    tasks = sorted(tiny.params()["tasks"])
    assert tiny.repro(extended) == [f"count@{name}" for name in tasks]
    counts = pd.read_csv(extended / "data/count/digit.csv")
    train = pd.read_parquet(extended / "data/task/digit/train.parquet")
    assert counts["count"].tolist() == train["label"].value_counts().sort_index().tolist()


RECIPES = [write_modules, add_metric, add_stage]
# The tests that see whether an addition is complete.
RELEVANT = [
    "tests/core/test_pipeline.py",
    "tests/core/test_metrics_of_models.py",
    "tests/core/test_help.py",
    "tests/core/test_leaderboard.py",
    "tests/project/test_reference.py",
]


@pytest.mark.slow
@pytest.mark.parametrize("add", RECIPES, ids=lambda add: add.__name__)
def test_the_tests_pass_after_each_addition(
    tmp_path: Path, add: Callable[[Path], object]
) -> None:
    project = tmp_path / "repository"
    tiny.copy_repository(project)
    add(project)
    tiny.commit(project, "an addition")
    tiny.run("python -m docs.tools.reference", project)
    relevant = [name for name in RELEVANT if (project / name).exists()]
    tiny.run(["python", "-m", "pytest", "-q", "-n", "0", *relevant], project)
