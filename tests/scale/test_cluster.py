"""The work on a Dask cluster: a real scheduler and two real workers on the loopback address."""

import os
import re
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from itertools import accumulate
from pathlib import Path

from tests import tiny

import pytest

pytestmark = pytest.mark.slow
# Runs a task that kills its worker and the process that would start another.
TASK = """import os, signal, sys
from digits.scale import cluster
import joblib, numpy
X = numpy.zeros(1000)
def task(X):
    os.kill(os.getppid(), signal.SIGKILL)
    os._exit(1)
with cluster.backend(sys.argv[1], [X]):
    joblib.Parallel()([joblib.delayed(task)(X)])"""


@contextmanager
def running(**environment: str) -> Iterator[str]:
    text = (tiny.ROOT / "digits/scale/Makefile").read_text()
    text = text.replace("$(HOST)", "127.0.0.1").replace("--nworkers -1", "")
    recipes = dict(re.findall(r"^(scheduler|workers): \$\(INSTALLED\).*\n\t(.+)", text, re.MULTILINE))
    with ExitStack() as stack:

        def start(target: str, pattern: str, *options: str) -> str:
            command = [*recipes[target].split(), *options]
            process = subprocess.Popen(command, env={**os.environ, **environment}, stderr=subprocess.PIPE, text=True)
            stack.enter_context(process)
            stack.callback(process.terminate)
            logs = accumulate(process.stderr or ())
            return next(found[1] for log in logs if (found := re.search(pattern, log)))

        address = start("scheduler", r"Scheduler at: +(\S+)\n", "--port", "0", "--no-dashboard")
        start("workers", "Registered to(?s:.+)Registered to(:)", address, "--nworkers", "2")
        yield address


def test_a_cluster_makes_the_same_bytes(tmp_path: Path) -> None:
    tiny.write_idx_files(tmp_path / "idx")
    tiny.edit(tmp_path, {})
    (tmp_path / "enlarged.yaml").write_text("tiny: {first: 300, to: 15_000, seed: 1}")
    stages = ["digits.scale.fetch tiny", "stages.split tiny", "stages.binarize five", "stages.train five-sgd"]
    for stage in stages:
        tiny.run(f"python -m {stage}", tmp_path)
    alone = tiny.files(tmp_path)
    with running() as address:
        for stage in (stages[0], stages[-1]):
            tiny.run(f"python -m {stage}", tmp_path, DASK_SCHEDULER_ADDRESS=address)
    assert tiny.files(tmp_path) == alone


def failure(address: str, folder: Path) -> str:
    return tiny.run(["python", "-c", TASK, address], folder, status=1).stderr.splitlines()[-1]


def test_a_cluster_that_is_lost_or_cannot_be_used_is_reported(tmp_path: Path) -> None:
    with running() as address:
        assert f"the cluster at {address} was lost: its scheduler or all of" in failure(address, tmp_path)
    with running(OPENBLAS_CORETYPE="Nehalem") as address:
        assert " would calculate otherwise: matrix products: ['Nehalem, 1" in failure(address, tmp_path)
    assert "no scheduler answers at tcp://127.0.0.1:1 (" in failure("tcp://127.0.0.1:1", tmp_path)
