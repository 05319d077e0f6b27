"""More rows than are held in memory: the pipeline of docs/scale/large/ on a tiny dataset that is enlarged."""

import shutil
import sys
from pathlib import Path

from tests import tiny

import pandas as pd
import pytest

pytestmark = pytest.mark.slow
STAGES = {"fetch": "tiny", "split": "tiny", "binarize": "five", "train": "five-sgd"}
# Starts a process as a small one, whose own peak of memory is not the new one's, and prints the peak.
MEASURE = """import os, sys
child = os.spawnv(os.P_NOWAIT, sys.executable, [sys.executable, *sys.argv[1:]])
print(os.wait4(child, 0)[2].ru_maxrss)"""


@pytest.fixture
def large(tmp_path: Path) -> Path:
    for package in ("digits", "stages"):
        (tmp_path / package).symlink_to(tiny.ROOT / package)
    place = tmp_path / "docs/scale/large"
    shutil.copytree(tiny.ROOT / "docs/scale/large", place, ignore=shutil.ignore_patterns("*.dvc", "data", "models"))
    tiny.write_idx_files(tmp_path / "idx")
    changes = {"datasets.tiny.sources": [{"idx": "../../../idx"}], "experiments.five-sgd.hyperparameters.max_iter": 1}
    tiny.edit(place, changes)
    return place


def test_the_pipeline_runs_on_more_rows_than_a_file_has(large: Path) -> None:
    (large / "enlarged.yaml").write_text("tiny: {first: 300, to: 399, seed: 7}")
    [line] = tiny.run("python -m digits.scale.fetch tiny", large, status=1).stderr.splitlines()
    assert "`to` of at least, its 400 images" in line
    (large / "enlarged.yaml").write_text("tiny: {first: 300, to: 110100, seed: 7}")
    tiny.run("dvc init --no-scm", large)
    assert len(tiny.repro(large, "evaluate@five-sgd")) == 5
    raw, train = (pd.read_parquet(large / "data" / name) for name in ("raw/tiny.parquet", "task/five/train.parquet"))
    assert sorted(train["row"]) == list(range(110_000))
    assert train.drop(columns=["row", "label"]).equals(raw.iloc[train["row"]].reset_index(drop=True))
    assert train["label"].equals((train["class"] == 5).astype("uint8"))
    assert pd.read_json(large / "metrics/five-sgd.json", typ="series")["recall"] > 0.5


@pytest.mark.skipif(sys.platform != "linux", reason="other systems count memory in other units")
def test_more_rows_take_no_more_memory(large: Path) -> None:
    peaks: dict[str, list[int]] = {stage: [] for stage in STAGES}
    for rows in (150_000, 650_000):
        (large / "enlarged.yaml").write_text(f"tiny: {{first: 300, to: {rows}, seed: 7}}")
        for stage, name in STAGES.items():
            command = [sys.executable, "-S", "-c", MEASURE, "-m", f"digits.scale.{stage}", name]
            peaks[stage].append(int(tiny.run(command, large).stdout) // 1024)
    # MiB: labels, folds and scores of half a million rows take up to 32, their pixels would take 31 more.
    assert max(many - few for few, many in peaks.values()) < 48, peaks
