"""Too little memory: a real limit, set by the system, that the libraries run into."""

import sys
from pathlib import Path

from tests import tiny

import pytest

pytestmark = [
    pytest.mark.fault,
    pytest.mark.skipif(sys.platform != "linux", reason="needs Linux, which holds a process to its limit"),
]

LIMIT = 1024  # megabytes, enough for every stage of the tiny project


def test_what_does_not_fit_into_memory_is_one_line(project: Path) -> None:
    limited = ["sh", "-c", f'ulimit -d {1024 * LIMIT} && exec "$@"', "sh", "python", "-m", "stages.train", "five-sgd"]
    tiny.run(limited, project)
    large = {"hidden_layer_sizes": [50_000] * 2}  # a model of 20 GB
    block = tiny.experiment("tiny", "five", "normalized", "neural_network.MLPClassifier", 3, **large)
    tiny.edit(project, {"experiments.five-sgd": block})
    before = tiny.files(project)
    line = tiny.failure(limited, project)
    assert line.startswith("train: error: there is not enough memory")
    assert line.endswith("; close other programs, or use a smaller split")
    assert tiny.files(project) == before
