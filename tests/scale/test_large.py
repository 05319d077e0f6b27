"""The project docs/scale/large, with a tiny dataset that is enlarged, on tables in folders."""

import shutil
import sys
from pathlib import Path

from tests.helpers import tiny

import pandas as pd
import pytest

pytestmark = pytest.mark.slow

# The stages of digits/scale, and an entry of params.yaml for each.
STAGES = {"fetch": "tiny", "split": "tiny", "binarize": "five", "train": "five-sgd"}

# A process inherits the peak memory of the process that starts it. This one is small.
MEASURE_MEMORY = """import os, sys
child = os.spawnv(os.P_NOWAIT, sys.executable, [sys.executable, *sys.argv[1:]])
print(os.wait4(child, 0)[2].ru_maxrss)"""


@pytest.fixture
def large(tmp_path: Path) -> Path:
    """Return a copy of docs/scale/large with the tiny dataset."""
    for package in ["digits", "stages"]:
        (tmp_path / package).symlink_to(tiny.ROOT / package)
    project = tmp_path / "docs/scale/large"
    without = shutil.ignore_patterns("*.dvc", "data", "models", "metrics", "plots")
    shutil.copytree(tiny.ROOT / "docs/scale/large", project, ignore=without)
    tiny.write_idx_files(tmp_path / "idx")
    changes = {
        "datasets.tiny.sources": [{"idx": "../../../idx"}],
        "models.five-sgd.hyperparameters.max_iter": 1,
    }
    tiny.edit(project, changes)
    return project


def set_size(project: Path, n_images: int) -> None:
    """Enlarge the tiny dataset to a number of images."""
    text = f"tiny: {{first: 300, to: {n_images}, seed: 7}}"
    (project / "enlarged.yaml").write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("tiny: {first: 300, to: 399, seed: 7}", "tiny.to: 399, but tiny already has 400"),
        ("tiny: {first: 401, to: 999, seed: 7}", "tiny.first: 401, but tiny has only 400"),
        ("tiny: {first: 300, to: 999}", "tiny.seed: Field required"),
        ("mnist: {first: 3, to: 9, seed: 7}", "there is no entry for the dataset tiny"),
    ],
)
def test_a_mistake_in_enlarged_yaml_is_an_error(large: Path, text: str, message: str) -> None:
    (large / "enlarged.yaml").write_text(text, encoding="utf-8")
    done = tiny.run("python -m digits.scale.fetch tiny", large, status=1)
    [line] = done.stderr.splitlines()
    assert line.startswith(f"Error: enlarged.yaml: {message}")


def test_the_pipeline_runs_on_more_rows_than_a_file_has(large: Path) -> None:
    set_size(large, 110_100)
    tiny.run("dvc init --no-scm", large)
    assert len(tiny.repro(large, "evaluate@five-sgd")) == 5
    assert tiny.repro(large, "evaluate@five-sgd") == []

    raw = pd.read_parquet(large / "data/raw/tiny.parquet")
    train = pd.read_parquet(large / "data/task/five/train.parquet")
    assert sorted(train["row"]) == list(range(110_000))
    original_rows = raw.iloc[train["row"]].reset_index(drop=True)
    assert train.drop(columns=["row", "label"]).equals(original_rows)
    is_five = train["class"] == 5
    assert train["label"].equals(is_five.astype("uint8"))
    metrics = pd.read_json(large / "metrics/five-sgd.json", typ="series")
    assert metrics["recall"] > 0.5


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have other units of memory")
def test_more_rows_take_no_more_memory(large: Path) -> None:
    peaks = {}  # in MiB
    for n_images in [150_000, 650_000]:
        set_size(large, n_images)
        for stage, name in STAGES.items():
            command = [sys.executable, "-S", "-c", MEASURE_MEMORY]
            command += ["-m", f"digits.scale.{stage}", name]
            kibibytes = int(tiny.run(command, large).stdout)
            peaks[stage, n_images] = kibibytes // 1024
    # The labels, folds and scores of half a million images take up to 32 MiB. Their pixels
    # would take 31 MiB more.
    for stage in STAGES:
        assert peaks[stage, 650_000] - peaks[stage, 150_000] < 48, peaks
