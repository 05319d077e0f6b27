"""The work on a Dask cluster: a real scheduler and two real workers on the loopback address."""

import json
import signal
import socket
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tests import processes, tiny

COLLECTING = """
import gc, sys
from distributed import Client
with Client(sys.argv[1]) as client:
    print(*client.run(gc.isenabled).values(), client.run_on_scheduler(gc.isenabled))
"""
TRAIN = ["dvc", "repro", "--force", "--single-item", "train@five-sgd"]
SECONDS = 3  # of processor time, more than it takes to import everything


@contextmanager
def cluster(project: Path, code: bool = True, **environment: str) -> Iterator[tuple[str, processes.Running]]:
    """Start a scheduler and two workers as `make` does; give the scheduler's address, and the workers' process."""
    scheduler, workers = (recipe(name, code) for name in ("scheduler", "workers"))
    file = project / "scheduler.json"
    own = ["--port", "0", "--no-dashboard", "--scheduler-file", str(file)]
    with processes.started([*scheduler, *own], project):
        processes.until(lambda: file.exists() and file.read_text().endswith("}"))
        address = json.loads(file.read_text())["address"]
        workers[workers.index("-1")] = "2"
        environment["DASK_SCHEDULER_ADDRESS"] = address
        with processes.started(workers, project, **environment) as running:
            yield address, running


def recipe(target: str, code: bool) -> list[str]:
    """Return the command of a target of the Makefile, or the same without what brings the pipeline's code."""
    recipes = (tiny.ROOT / "Makefile").read_text().split(f"\n{target}: $(INSTALLED)")[1]
    words = ["env", *recipes.splitlines()[1].replace("$(HOST)", "127.0.0.1").split()]
    return (
        words
        if code
        else [word for word in words if word not in {"PYTHONPATH=.", "--preload", "digits.common.workers"}]
    )


def outputs(project: Path) -> dict[str, bytes]:
    """Return everything that the stages make."""
    kinds = ("data/", "models/", "metrics/", "plots/")
    return {name: content for name, content in tiny.files(project).items() if name.startswith(kinds)}


def test_a_cluster_makes_the_same_bytes(made: Path, project: Path) -> None:
    with cluster(project) as (address, _):
        tiny.run(["dvc", "repro", "--force"], project, DASK_SCHEDULER_ADDRESS=address)
        collecting = tiny.run([sys.executable, "-c", COLLECTING, address], project).stdout
    assert outputs(project) == outputs(made)
    assert collecting == "True True True\n"


def test_a_search_and_an_enlarged_dataset_are_the_same_on_a_cluster(project: Path) -> None:
    values = tiny.params()
    values["datasets"]["tiny"]["enlarged"] = {"first": 300, "to": 30_000, "seed": 1}
    values["searches"] = {"five-sgd": {"grid": {"alpha": [0.001, 0.1]}, "folds": 3, "method": "grid"}}
    tiny.write_params(project, values)
    commands = [["dvc", "repro", "--force", "binarize@tiny"], [sys.executable, "-m", "tools.search", "five-sgd"]]
    for command in commands:
        tiny.run(command, project)
    alone = {**outputs(project), "table": (project / "searches/five-sgd.csv").read_bytes()}
    with cluster(project) as (address, _):
        for command in commands:
            tiny.run(command, project, DASK_SCHEDULER_ADDRESS=address)
    assert {**outputs(project), "table": (project / "searches/five-sgd.csv").read_bytes()} == alone


@pytest.mark.fault
@pytest.mark.slow
def test_a_worker_that_is_killed_loses_nothing(made: Path, project: Path) -> None:
    long_training(project)
    tiny.repro(project, "train@five-sgd")
    alone = outputs(project)
    with cluster(project) as (address, workers), at_work(project, address, workers) as running:
        calculators(workers)[0].kill()
        assert running.end() == 0, running.said
    assert outputs(project) == alone


@pytest.mark.fault
@pytest.mark.slow
def test_a_cluster_that_is_lost_is_told_in_a_line(project: Path) -> None:
    long_training(project)
    with cluster(project) as (address, workers), at_work(project, address, workers) as running:
        workers.send(signal.SIGKILL)
        assert running.end() == 255
    assert f"\ntrain: error: the cluster at {address} was lost: " in running.said
    assert "Traceback" not in running.said
    assert not (project / "models/five-sgd.joblib").exists()


def long_training(project: Path) -> None:
    """Let the training of five-sgd take some seconds."""
    values = tiny.params()
    values["experiments"]["five-sgd"]["hyperparameters"] = {"max_iter": 300_000, "tol": None}
    tiny.write_params(project, values)


@contextmanager
def at_work(project: Path, address: str, workers: processes.Running) -> Iterator[processes.Running]:
    """Train on a cluster; begin the block when both of its workers calculate."""
    processes.until(lambda: len(calculators(workers)) == 2)
    with processes.started(TRAIN, project, DASK_SCHEDULER_ADDRESS=address) as running:
        running.wait_for_line("Running stage")
        used = {worker: worker.cpu_times().user for worker in calculators(workers)}
        processes.until(lambda: all(worker.cpu_times().user > used[worker] + SECONDS for worker in used))
        yield running


def calculators(workers: processes.Running) -> list[psutil.Process]:
    """Return the workers themselves, not what watches over them."""
    children = psutil.Process(workers.process.pid).children(recursive=True)
    return [child for child in children if "spawn_main" in " ".join(child.cmdline())]


def failure(project: Path, address: str) -> str:
    """Train on a cluster that is none, and return what is said."""
    done = tiny.run(TRAIN, project, status=255, DASK_SCHEDULER_ADDRESS=address)
    [line] = [line for line in done.stderr.splitlines() if line.startswith("train: ")]
    assert "Traceback" not in done.stderr
    assert not (project / "models/five-sgd.joblib").exists()
    return line


@pytest.mark.fault
def test_a_cluster_without_the_code_is_told_in_a_line(project: Path) -> None:
    with cluster(project, code=False) as (address, _):
        line = failure(project, address)
    assert "has not got the code (No module named 'digits')" in line
    assert "start them by `make scheduler` and `make workers`" in line


@pytest.mark.fault
def test_a_worker_that_calculates_otherwise_is_refused(project: Path) -> None:
    with cluster(project, OPENBLAS_CORETYPE="Nehalem") as (address, _):
        line = failure(project, address)
    assert "would calculate otherwise: matrix products: ['Nehalem, 1 threads'" in line


@pytest.mark.fault
@pytest.mark.parametrize("address", [pytest.param("tcp://127.0.0.1:{port}", marks=pytest.mark.slow), "nonsense://here"])
def test_a_cluster_that_is_not_there_is_told_in_a_line(project: Path, address: str) -> None:
    with socket.socket() as bound:  # taken, and nobody listens
        bound.bind(("127.0.0.1", 0))
        line = failure(project, address.format(port=bound.getsockname()[1]))
    assert "is no scheduler that answers" in line
    assert line.endswith("start it, or unset it")
