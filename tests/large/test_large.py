"""More rows than are held in memory: the same pipeline in large/, with a dataset that is enlarged."""

import json
import sys
from pathlib import Path
from typing import Any

import dask.dataframe
import duckdb
import numpy as np
import pandas as pd
import pyarrow.dataset
import pytest

from tests import tiny


def enlarged(rows: int) -> dict[str, Any]:
    """Return the tiny project's parameters with one large dataset and a classifier that takes it in batches."""
    values = tiny.params()
    dataset = tiny.dataset({"idx": "../idx"}) | {"enlarged": {"first": 300, "to": rows, "seed": 7}}
    sgd = tiny.experiment("large", "digit", "normalized", "partial_fit_sgd", 0, max_iter=1)
    return values | {
        "datasets": {"large": dataset},
        "splits": {"large": {"dataset": "large", "test": tiny.TEST}},
        "experiments": {"digit-sgd": sgd},
    }


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """Return the folder large/ of a project in which nothing has been made."""
    project = tmp_path / "project"
    project.mkdir()
    tiny.make_project(project)
    return project / "large"


def test_the_pipeline_runs_on_more_rows_than_a_file_has(large: Path) -> None:
    tiny.write_params(large, enlarged(230_000))
    stages = ["binarize@digit-sgd", "evaluate@digit-sgd", "fetch@large", "split@large", "train@digit-sgd"]
    assert tiny.repro(large, "--glob", "evaluate@*") == stages
    raw = large / "data/raw/large.parquet"
    assert sorted(path.name for path in raw.iterdir()) == [f"part-0000{i}.parquet" for i in range(3)]
    train = pd.read_parquet(large / "data/split/large/train.parquet")
    assert sorted(train["row"]) == list(range(229_900))
    images = pd.read_parquet(raw)
    assert np.array_equal(train.drop(columns="row"), images.iloc[train["row"]])
    metrics = json.loads((large / "metrics/digit-sgd.json").read_text())
    assert metrics["accuracy"] > 0.85
    assert "digit-sgd" not in tiny.run(["dvc", "status"], large.parent).stdout  # the project around it is another

    # Other libraries open a table of several files too.
    assert pyarrow.dataset.dataset(raw).count_rows() == 230_000
    assert duckdb.connect().execute(f"select count(*) from '{raw}/*.parquet'").fetchall() == [(230_000,)]
    assert len(dask.dataframe.read_parquet(raw)) == 230_000

    shown = tiny.run(["python", "-m", "tools.show", "large", "150000"], large).stdout
    assert shown.startswith(f"large 150000 is a {images['class'].iloc[150_000]}\n")
    assert "digit-sgd" in tiny.run(["python", "-m", "tools.leaderboard"], large).stdout


# A process inherits the peak of the one that starts it, so that must be a small one.
MEASURE = """
import os, subprocess, sys
for stage in sys.argv[1:]:
    running = subprocess.Popen([sys.executable, "-m", *("stages." + stage).split()])
    _, status, used = os.wait4(running.pid, 0)
    if status:
        sys.exit(stage)
    print(used.ru_maxrss)
"""
STAGES = ["fetch large", "split large", "binarize digit-sgd", "train digit-sgd", "evaluate digit-sgd"]


def peaks(large: Path, rows: int) -> list[int]:
    """Run every stage, and return the most memory that each had at once."""
    tiny.write_params(large, enlarged(rows))
    return [int(line) for line in tiny.run(["python", "-c", MEASURE, *STAGES], large).stdout.split()]


@pytest.mark.skipif(sys.platform != "linux", reason="other systems count in other units")
def test_the_memory_does_not_grow_with_the_rows(large: Path) -> None:
    growth = np.divide(peaks(large, 400_000), peaks(large, 20_000))
    assert growth.max() < 1.25, dict(zip(STAGES, growth, strict=True))


def test_its_own_parameters_are_valid() -> None:
    tiny.run(["python", "-m", "tools.check"], tiny.ROOT / "large")


def test_rows_are_at_least_as_many_as_mnist_has(large: Path) -> None:
    text = (tiny.ROOT / "large/params.yaml").read_text()
    (large / "params.yaml").write_text(text)
    tiny.run(["python", "-m", "tools.large", "8100000"], large.parent)
    assert (large / "params.yaml").read_text() == text.replace("      to: 700000\n", "      to: 8100000\n")
    done = tiny.run(["python", "-m", "tools.large", "69999"], large.parent, status=2)
    assert done.stderr == "large: error: ROWS: 69999, but MNIST alone has 70000; use that or more\n"
