"""The work on a Dask cluster: a real scheduler and two real workers on the loopback address."""

import json
import re
import signal
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests import processes, tiny

import psutil
import pytest

TRAIN = "dvc repro --force --single-item train@five-sgd"
WAIT = "import distributed, sys; distributed.Client(sys.argv[1]).wait_for_workers(2)"
SECONDS = 2  # of processor time: both workers calculate


@contextmanager
def cluster(project: Path, **environment: str) -> Iterator[tuple[str, processes.Running]]:
    """Start a scheduler and two workers as `make` does; yield the scheduler's address, and the workers' process."""
    scheduler, workers = (recipe(target) for target in ("scheduler", "workers"))
    file = project / "scheduler.json"
    options = ["--port", "0", "--no-dashboard", "--scheduler-file", str(file)]
    with processes.started([*scheduler, *options], project):
        processes.until(lambda: file.exists() and file.read_text().endswith("}"))
        address = json.loads(file.read_text())["address"]
        workers[workers.index("-1")] = "2"
        environment["DASK_SCHEDULER_ADDRESS"] = address
        with processes.started(workers, project, **environment) as running:
            yield address, running


def recipe(target: str) -> list[str]:
    """Return the command of a target of the room's Makefile."""
    lines = (tiny.ROOT / "digits/scale/Makefile").read_text().split(f"\n{target}: $(INSTALLED)")[1].splitlines()
    return lines[1].replace("$(HOST)", "127.0.0.1").split()


def outputs(project: Path) -> dict[str, bytes]:
    """Return everything that the stages make."""
    return {name: content for name, content in tiny.files(project).items() if name.startswith(("data/", "models/"))}


@pytest.mark.slow
def test_a_cluster_makes_the_same_bytes(project: Path) -> None:
    changes = {
        "datasets.tiny.enlarged": {"first": 300, "to": 15_000, "seed": 1},
        "experiments.five-sgd.hyperparameters": {"max_iter": 5, "tol": None},
    }
    tiny.edit(project, changes)
    tiny.repro(project, "train@five-sgd")
    alone = outputs(project)
    with cluster(project) as (address, _):
        tiny.run("dvc repro --force train@five-sgd", project, DASK_SCHEDULER_ADDRESS=address)
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
                assert not (project / "models/five-sgd.skops").exists()
            else:
                next(iter(used)).kill()
                assert running.end() == 0, running.output
                assert outputs(project) == alone


def calculators(workers: processes.Running) -> list[psutil.Process]:
    """Return the workers themselves, not the nannies that watch over them."""
    children = psutil.Process(workers.process.pid).children(recursive=True)
    return [child for child in children if "spawn_main" in " ".join(child.cmdline())]


@pytest.mark.slow
@pytest.mark.fault
def test_a_cluster_that_would_give_other_bytes_is_refused(project: Path) -> None:
    with cluster(project, OPENBLAS_CORETYPE="Nehalem") as (address, _):
        reason = r".+ would calculate otherwise: matrix products: \['Nehalem, 1"
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
    assert not (project / "models/five-sgd.skops").exists()
    return line
