"""Too little memory: a real limit, set by the system, that the libraries run into."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from digits.common import tables
from tests import aftermath, tiny

pytestmark = [
    pytest.mark.fault,
    pytest.mark.skipif(sys.platform != "linux", reason="needs Linux, which holds a process to its limit"),
]

ROWS, SIDE = 200_000, 28  # 157 MB of pixels, half of them in each part
MOST = 1024  # megabytes: what every stage can do with, on the tiny project
STEP = 32


def limited(project: Path, command: list[str], megabytes: int) -> subprocess.CompletedProcess[str]:
    """Run a stage's command with that much memory."""
    shell = ["sh", "-c", 'ulimit -d "$0" && exec "$@"', str(1024 * megabytes), sys.executable, *command[1:]]
    return subprocess.run(shell, cwd=project, capture_output=True, text=True, check=False)


def least(project: Path, command: list[str]) -> int:
    """Return how many megabytes a command needs, to a step."""
    low, high = 0, MOST // STEP
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if limited(project, command, middle * STEP).returncode == 0 else (middle, high)
    return high * STEP


@pytest.fixture(scope="module")
def large(made: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of the made project whose dataset, split and labels are larger than MNIST. Not to be changed."""
    project = tmp_path_factory.mktemp("large") / "copy"
    shutil.copytree(made, project, symlinks=True)
    pixels = np.zeros((ROWS, SIDE * SIDE), np.uint8)
    pixels[:, 0] = classes = np.arange(ROWS, dtype=np.uint32).astype(np.uint8) % 10
    tables.write(project / "data/raw/tiny.parquet", tables.image_table(pixels, classes, (SIDE, SIDE)))
    values = tiny.params()
    values["datasets"]["tiny"] |= {"images": ROWS, "shape": [SIDE, SIDE]}
    values["splits"]["tiny"]["test"] = ROWS // 2
    values["experiments"]["five-sgd"] |= {"features": "raw", "classifier": "dummy", "hyperparameters": {}}
    tiny.write_params(project, values)
    for stage in ("split@tiny", "binarize@tiny", "train@five-sgd"):
        tiny.run(aftermath.recorded(project, stage)["cmd"].split(), project)
    tiny.run(["dvc", "commit", "--force", "train@five-sgd"], project)  # a model is loaded only if dvc.lock records it
    return project


@pytest.mark.slow
@pytest.mark.parametrize("stage", ["train@five-sgd", "evaluate@five-sgd"])
def test_a_stage_with_too_little_memory_for_its_images_says_so_in_one_line(
    made: Path, project: Path, large: Path, tmp_path: Path, stage: str
) -> None:
    command = aftermath.recorded(made, stage)["cmd"].split()
    enough_for_few = least(project, command) + STEP
    many = Path(shutil.copytree(large, tmp_path / "many", symlinks=True))
    before = tiny.files(many)
    done = limited(many, command, enough_for_few)
    assert done.returncode == 1, done.stderr
    (line,) = done.stderr.splitlines()
    assert line.startswith(f"{stage.partition('@')[0]}: error: there is not enough memory")
    assert line.endswith("; close other programs, or use a smaller split")
    assert tiny.files(many) == before


def test_a_model_that_no_memory_can_hold_is_one_line(made: Path, project: Path) -> None:
    values = tiny.params()
    values["experiments"]["five-sgd"] |= {"classifier": "mlp", "hyperparameters": {"hidden_layer_sizes": [50_000] * 2}}
    tiny.write_params(project, values)
    before = tiny.files(project)
    done = limited(project, aftermath.recorded(project, "train@five-sgd")["cmd"].split(), 2048)
    assert done.returncode == 1
    (line,) = done.stderr.splitlines()
    assert line.startswith("train: error: there is not enough memory (Unable to allocate ")
    assert tiny.files(project) == before
    tiny.write_params(project, tiny.params())
    aftermath.all_is_well(project, made)
