"""Too little memory: a real limit, set by the system, that the libraries run into."""

import sys
from pathlib import Path

from digits.io import parquet, tables
from digits.io.tables import ImageInfo
from tests import aftermath, tiny

import numpy as np
import pytest

pytestmark = [
    pytest.mark.fault,
    pytest.mark.skipif(sys.platform != "linux", reason="needs Linux, which holds a process to its limit"),
]

LIMIT = 1024  # megabytes, enough for every stage of the tiny project
ROWS, SIDE = 1_000_000, 28  # 784 MB of pixels


def many_images(project: Path) -> None:
    """Replace the training part by more images than the limit has room for."""
    rows = np.arange(10_000, dtype=np.uint32)
    batch = tables.image_table(
        np.zeros((len(rows), SIDE**2), np.uint8), (rows % 10).astype(np.uint8), ImageInfo((SIDE, SIDE))
    )
    batch = batch.append_column("row", tables.array(rows))
    (project / "data/split/tiny/train.parquet").unlink()
    with parquet.writer(project / "data/split/tiny/train.parquet") as append:
        for _ in range(ROWS // len(rows)):
            append(batch)
    tiny.run("python -m stages.binarize five-sgd", project)


def large_model(project: Path) -> None:
    """Ask for a model of 20 GB."""
    block = tiny.experiment(
        "tiny", "five", "normalized", "neural_network.MLPClassifier", 3, hidden_layer_sizes=[50_000] * 2
    )
    tiny.edit(project, {"experiments.five-sgd": block})


CASES = {"images": many_images, "a model": large_model}


@pytest.mark.parametrize("too_large", aftermath.slow_except(["a model"], CASES))
def test_what_does_not_fit_into_memory_is_one_line(project: Path, too_large: str) -> None:
    limited = ["sh", "-c", f'ulimit -d {1024 * LIMIT} && exec "$@"', "sh", "python", "-m", "stages.train", "five-sgd"]
    tiny.run(limited, project)
    CASES[too_large](project)
    before = tiny.files(project)
    line = tiny.failure(limited, project)
    assert line.startswith("train: error: there is not enough memory")
    assert line.endswith("; close other programs, or use a smaller split")
    assert tiny.files(project) == before
