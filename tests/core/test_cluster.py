"""The work on a Dask cluster: a real scheduler and two real workers on the loopback address."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from tests.helpers import tiny
from tests.helpers.processes import Running

pytestmark = pytest.mark.slow

# This program runs a task that ends its worker, and the process that would start another one.
KILL_WORKERS = """import os, signal, sys
from digits.learning import cluster
import joblib, numpy
X = numpy.zeros(1000)
def task(X):
    os.kill(os.getppid(), signal.SIGKILL)
    os._exit(1)
with cluster.dask_backend(sys.argv[1], [X]):
    joblib.Parallel()([joblib.delayed(task)(X)])"""


def read_recipes() -> dict[str, str]:
    """Return the commands of `make scheduler` and `make workers`."""
    text = (tiny.ROOT / "Makefile").read_text(encoding="utf-8")
    text = text.replace("$(HOST)", "127.0.0.1").replace("--nworkers -1", "")
    rule = re.compile(r"^(scheduler|workers): \$\(INSTALLED\).*\n\t(.+)", re.MULTILINE)
    return dict(rule.findall(text))


@contextmanager
def run_cluster(folder: Path, **environment: str) -> Iterator[str]:
    """Run a scheduler and two workers, and yield the address of the scheduler."""
    recipes = read_recipes()
    command = f"{recipes['scheduler']} --port 0 --no-dashboard"
    with Running(command, folder, **environment) as scheduler:
        address = scheduler.wait_for_line("Scheduler at:").split()[-1]
        command = f"{recipes['workers']} {address} --nworkers 2"
        with Running(command, folder, **environment) as workers:
            for _ in range(2):
                workers.wait_for_line("Registered to")
            yield address


def test_a_cluster_makes_the_same_bytes(tmp_path: Path) -> None:
    tiny.write_idx_files(tmp_path / "idx")
    tiny.edit(tmp_path, {})
    train = "python -m stages.train five-sgd"
    tiny.run("python -m stages.fetch tiny", tmp_path)
    tiny.run("python -m stages.split tiny", tmp_path)
    tiny.run("python -m stages.binarize five", tmp_path)
    tiny.run(train, tmp_path)
    files_without_cluster = tiny.files(tmp_path)

    with run_cluster(tmp_path) as address:
        tiny.run(train, tmp_path, DASK_SCHEDULER_ADDRESS=address)
    assert tiny.files(tmp_path) == files_without_cluster


def run_task(address: str, folder: Path) -> str:
    """Run the task that ends its worker, and return the last line of the error message."""
    command = ["python", "-c", KILL_WORKERS, address]
    return tiny.run(command, folder, status=1).stderr.splitlines()[-1]


def test_a_lost_cluster_is_an_error(tmp_path: Path) -> None:
    with run_cluster(tmp_path) as address:
        message = run_task(address, tmp_path)
    assert f"the cluster at {address} was lost: its scheduler or all workers" in message


def test_a_worker_that_calculates_differently_is_an_error(tmp_path: Path) -> None:
    with run_cluster(tmp_path, OPENBLAS_CORETYPE="Nehalem") as address:
        message = run_task(address, tmp_path)
    assert " would calculate differently, with {" in message
    assert "'matrix products': ['Nehalem, 1 threads']}; here: {" in message


def test_a_missing_scheduler_is_an_error(tmp_path: Path) -> None:
    message = run_task("tcp://127.0.0.1:1", tmp_path)
    assert "no scheduler answers at tcp://127.0.0.1:1 (" in message
