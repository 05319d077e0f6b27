"""More rows than are held in memory: the same pipeline in large/, with a dataset that is enlarged."""

import json
import os
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
    """Return the tiny project's parameters with one large dataset and classifiers that take it."""
    values = tiny.params()
    dataset = tiny.dataset({"idx": "../idx"}) | {"enlarged": {"first": 300, "to": rows, "seed": 7}}
    sgd = tiny.experiment("large", "digit", "normalized", "partial-fit-sgd", 0, max_iter=1)
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


def test_the_pipeline_runs_on_more_rows_than_a_part_has(large: Path) -> None:
    tiny.write_params(large, enlarged(230_000))
    assert tiny.repro(large, "--glob", "evaluate@*") == [
        "binarize@large",
        "evaluate@digit-sgd",
        "fetch@large",
        "split@large",
        "train@digit-sgd",
    ]
    raw = large / "data/raw/large.parquet"
    assert sorted(path.name for path in raw.iterdir()) == [f"part-0000{i}.parquet" for i in range(3)]
    train = pd.read_parquet(large / "data/split/large/train.parquet")
    assert sorted(train["row"]) == list(range(229_900))
    images = pd.read_parquet(raw)
    assert np.array_equal(train.drop(columns="row"), images.iloc[train["row"]])
    metrics = json.loads((large / "metrics/digit-sgd.json").read_text())
    assert metrics["test"]["accuracy"] > 0.85
    shown = tiny.run([sys.executable, "-m", "tools.show", "large", "150000"], large).stdout
    assert shown.startswith(f"large 150000 is a {images['class'].iloc[150_000]}\n")
    assert "digit-sgd" in tiny.run([sys.executable, "-m", "tools.leaderboard"], large).stdout
    assert "digit-sgd" not in tiny.run(["dvc", "status"], large.parent).stdout  # the project around it is another


def test_other_tools_open_the_parts(large: Path) -> None:
    tiny.write_params(large, enlarged(110_000))
    tiny.repro(large, "split@large")
    train = large / "data/split/large/train.parquet"
    assert len(pd.read_parquet(train)) == 109_900
    assert pyarrow.dataset.dataset(train).count_rows() == 109_900
    found = duckdb.sql(f"select count(*), max(row) from '{train}/*.parquet'")
    assert found
    assert found.fetchall() == [(109_900, 109_899)]
    frame = dask.dataframe.read_parquet(train)
    assert frame.npartitions == 2
    assert len(frame) == 109_900


MEASURED = """#!{python}
import os, subprocess, sys
stage = subprocess.Popen([sys.executable, *sys.argv[1:]])
_, status, used = os.wait4(stage.pid, 0)
with open("peaks", "a") as file:
    print(sys.argv[2], used.ru_maxrss, file=file)
sys.exit(os.waitstatus_to_exitcode(status))
"""


def peaks(large: Path) -> dict[str, int]:
    """Run every stage, and return the most memory that each script had at once."""
    # A process takes over the peak of the one that starts it: so that is one that is small, and is called `python`.
    python = large.parent / "measured" / "python"
    python.parent.mkdir(exist_ok=True)
    python.write_text(MEASURED.format(python=sys.executable))
    python.chmod(0o755)
    path = os.pathsep.join([str(python.parent), str(Path(sys.executable).parent), os.environ["PATH"]])
    tiny.run(["dvc", "repro", "--glob", "evaluate@*"], large, PATH=path)
    found = (large / "peaks").read_text()
    (large / "peaks").unlink()
    return {script: int(peak) for script, peak in map(str.split, found.splitlines())}


@pytest.mark.skipif(sys.platform != "linux", reason="other systems count in other units")
def test_the_memory_does_not_grow_with_the_rows(large: Path) -> None:
    tiny.write_params(large, enlarged(20_000))
    few = peaks(large)
    tiny.write_params(large, enlarged(400_000))
    many = peaks(large)
    growth = {script: many[script] / few[script] for script in few}
    assert len(growth) == 5
    assert max(growth.values()) < 1.25, growth


def test_its_own_parameters_are_sound() -> None:
    tiny.run([sys.executable, "-m", "tools.check"], tiny.ROOT / "large")


def test_rows_are_a_number_from_mnist_s_own(large: Path) -> None:
    text = (tiny.ROOT / "large/params.yaml").read_text()
    (large / "params.yaml").write_text(text)
    tiny.run([sys.executable, "-m", "tools.large", "8100000"], large.parent)
    assert (large / "params.yaml").read_text() == text.replace("      to: 700000\n", "      to: 8100000\n")
    done = tiny.run([sys.executable, "-m", "tools.large", "69999"], large.parent, status=2)
    assert done.stderr == "large: error: ROWS: 69999, but MNIST alone has 70000; use that or more\n"
