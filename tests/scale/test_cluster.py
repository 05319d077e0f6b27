"""The work on a Dask cluster: a real scheduler and two real workers on the loopback address."""

import json
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from tests import processes, tiny

import psutil
import pytest

TRAIN = "dvc repro --force --single-item train@five-sgd"
WAIT = "import distributed, sys; distributed.Client(sys.argv[1]).wait_for_workers(2)"
SECONDS = 2  # of processor time: both workers calculate
CODE = {"PYTHONPATH=.", "--preload", "digits.common.cluster"}  # words that bring the pipeline's code


@contextmanager
def cluster(project: Path, code: bool = True, **environment: str) -> Iterator[tuple[str, processes.Running]]:
    """Start a scheduler and two workers as `make` does; yield the scheduler's address, and the workers' process."""
    scheduler, workers = (recipe(target, code) for target in ("scheduler", "workers"))
    file = project / "scheduler.json"
    options = ["--port", "0", "--no-dashboard", "--scheduler-file", str(file)]
    with processes.started([*scheduler, *options], project):
        processes.until(lambda: file.exists() and file.read_text().endswith("}"))
        address = json.loads(file.read_text())["address"]
        workers[workers.index("-1")] = "2"
        environment["DASK_SCHEDULER_ADDRESS"] = address
        with processes.started(workers, project, **environment) as running:
            yield address, running


def recipe(target: str, code: bool) -> list[str]:
    """Return the command of a target of the Makefile, or the same without what brings the pipeline's code."""
    lines = (tiny.ROOT / "Makefile").read_text().split(f"\n{target}: $(INSTALLED)")[1].splitlines()
    words = lines[1].replace("$(HOST)", "127.0.0.1").split()
    assert set(words) >= CODE
    return ["env", *(word for word in words if code or word not in CODE)]


def outputs(project: Path) -> dict[str, bytes]:
    """Return everything that the stages and a search make."""
    kinds = ("data/", "models/", "searches/")
    return {name: content for name, content in tiny.files(project).items() if name.startswith(kinds)}


def test_a_cluster_makes_the_same_bytes(project: Path) -> None:
    changes = {
        "datasets.tiny.enlarged": {"first": 300, "to": 30_000, "seed": 1},
        "searches": {"five-sgd": {"grid": {"alpha": [0.001, 0.1]}, "folds": 3, "method": "grid"}},
        "experiments.five-sgd.hyperparameters": {"max_iter": 5, "tol": None},
    }
    tiny.edit(project, changes)
    commands = ["dvc repro --force train@five-sgd", "python -m tools.search five-sgd"]
    for command in commands:
        tiny.run(command, project)
    alone = outputs(project)
    with cluster(project) as (address, _):
        for command in commands:
            tiny.run(command, project, DASK_SCHEDULER_ADDRESS=address)
    assert outputs(project) == alone


@pytest.mark.fault
@pytest.mark.slow
@pytest.mark.parametrize("killed", ["one of its workers", "all of it"])
def test_a_cluster_that_is_killed_loses_nothing_or_is_reported_in_one_line(project: Path, killed: str) -> None:
    # Takes a few seconds.
    tiny.edit(project, {"experiments.five-sgd.hyperparameters": {"max_iter": 300_000, "tol": None}})
    tiny.repro(project, "train@five-sgd")
    alone = outputs(project)
    with cluster(project) as (address, workers):
        tiny.run(["python", "-c", WAIT, address], project)
        with processes.started(TRAIN, project, DASK_SCHEDULER_ADDRESS=address) as running:
            running.wait_for_line("Running stage")
            used = {worker: worker.cpu_times().user for worker in calculators(workers)}
            processes.until(lambda: all(worker.cpu_times().user > used[worker] + SECONDS for worker in used))
            if killed == "all of it":
                workers.send(signal.SIGKILL)
                assert running.end() == 255
                assert f"\ntrain: error: the cluster at {address} was lost: " in running.output
                assert "Traceback" not in running.output
                assert not (project / "models/five-sgd.joblib").exists()
            else:
                next(iter(used)).kill()
                assert running.end() == 0, running.output
                assert outputs(project) == alone


def calculators(workers: processes.Running) -> list[psutil.Process]:
    """Return the workers themselves, not the nannies that watch over them."""
    children = psutil.Process(workers.process.pid).children(recursive=True)
    return [child for child in children if "spawn_main" in " ".join(child.cmdline())]


@pytest.mark.fault
@pytest.mark.parametrize(
    ("special", "reason"),
    [
        pytest.param(
            {"code": False}, r"the scheduler or a worker of .+ has not got the code \(No", marks=pytest.mark.slow
        ),
        ({"OPENBLAS_CORETYPE": "Nehalem"}, r".+ would calculate otherwise: matrix products: \['Nehalem, 1"),
    ],
    ids=["without the code", "another processor"],
)
def test_a_cluster_that_would_give_other_bytes_is_refused(project: Path, special: dict[str, Any], reason: str) -> None:
    with cluster(project, **special) as (address, _):
        assert re.match(f"train: error: {reason}", failure(project, address))


@pytest.mark.fault
@pytest.mark.parametrize("address", ["nonsense://here", pytest.param("tcp://127.0.0.1:1", marks=pytest.mark.slow)])
def test_a_scheduler_that_is_not_there_is_reported_in_one_line(project: Path, address: str) -> None:
    line = failure(project, address)
    assert f"no scheduler answers at {address} (" in line
    assert line.endswith("start it, or unset it")


def failure(project: Path, address: str) -> str:
    """Train on a cluster that cannot be used, and return the line that reports it."""
    errors = tiny.run(TRAIN, project, status=255, DASK_SCHEDULER_ADDRESS=address).stderr
    [line] = [line for line in errors.splitlines() if line.startswith("train: ")]
    assert "Traceback" not in errors
    assert not (project / "models/five-sgd.joblib").exists()
    return line
