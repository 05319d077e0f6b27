"""More rows than are held in memory: the same pipeline in large/, with a dataset that is enlarged."""

import json
import os
import sys
from pathlib import Path

from tests import tiny

import numpy as np
import pandas as pd
import pytest

STAGES = ["binarize@digit-sgd", "evaluate@digit-sgd", "fetch@large", "split@large", "train@digit-sgd"]
SEVERAL_FILES = 120_000  # rows: more than a file of a table has
FEW, MANY = 520_000, 720_000  # rows: more than `split` takes into memory
# Stands in for the `python` of dvc.yaml, and notes the most memory that the stage had at once. A process inherits the
# peak of the one that starts it, so that must be a small one.
PYTHON = f"""#!{sys.executable} -S
import os, sys
child = os.spawnv(os.P_NOWAIT, {sys.executable!r}, [{sys.executable!r}, *sys.argv[1:]])
_, status, used = os.wait4(child, 0)
with open("peaks", "a") as file:
    print(sys.argv[2], used.ru_maxrss, file=file)
sys.exit(os.waitstatus_to_exitcode(status))
"""


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """Return the folder large/ of a project in which nothing has been made."""
    project = tmp_path / "project"
    project.mkdir()
    tiny.make_project(project)
    return project / "large"


def peaks(large: Path, rows: int) -> dict[str, int]:
    """Run the pipeline on so many rows, and return the most memory that each stage had at once."""
    changes = {
        "datasets": {"large": tiny.dataset({"idx": "../idx"}) | {"enlarged": {"first": 300, "to": rows, "seed": 7}}},
        "splits": {"large": {"dataset": "large", "test": tiny.TEST}},
        "experiments": {"digit-sgd": tiny.experiment("large", "class", "normalized", "partial_fit_sgd", 0, max_iter=1)},
    }
    tiny.edit(large, changes)
    program = large.parent / "bin/python"
    program.parent.mkdir(exist_ok=True)
    program.write_text(PYTHON)
    program.chmod(0o755)
    path = f"{program.parent}{os.pathsep}{os.environ['PATH']}"
    done = tiny.run("dvc repro --glob evaluate@*", large, PATH=path)
    assert done.stdout.count("Running stage") == len(STAGES)
    noted = [line.split() for line in (large / "peaks").read_text().splitlines()]
    (large / "peaks").unlink()
    return {stage: int(peak) for stage, peak in noted}


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="other systems count memory in other units")
def test_more_rows_take_no_more_memory(large: Path) -> None:
    few, many = (peaks(large, rows) for rows in (FEW, MANY))
    assert len(few) == len(STAGES)
    growth = {stage: many[stage] / few[stage] for stage in few}
    assert max(growth.values()) < 1.06, growth  # of 120 to 300 MB; the other pixels are 13, as floating point 51


@pytest.mark.slow
def test_the_pipeline_runs_on_more_rows_than_a_file_has(large: Path) -> None:
    peaks(large, SEVERAL_FILES)
    raw = large / "data/raw/large.parquet"
    assert sorted(path.name for path in raw.iterdir()) == [f"part-0000{i}.parquet" for i in range(2)]
    train = pd.read_parquet(large / "data/split/large/train.parquet")
    assert sorted(train["row"]) == list(range(SEVERAL_FILES - tiny.TEST))
    images = pd.read_parquet(raw)
    assert np.array_equal(train.drop(columns="row"), images.iloc[train["row"]])
    metrics = json.loads((large / "metrics/digit-sgd.json").read_text())
    assert metrics["accuracy"] > 0.85
    assert "digit-sgd" not in tiny.run("dvc status", large.parent).stdout  # the project around it is another

    shown = tiny.run("digits show large 110000", large).stdout
    assert shown.startswith(f"large 110000: {images['class'].iloc[110_000]}\n")
    assert tiny.repro(large, "--glob", "evaluate@*") == []
