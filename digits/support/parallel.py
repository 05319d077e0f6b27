"""Where joblib's tasks run: in threads of this process, or on the workers of a Dask cluster (docs/scale/cluster.md)."""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

from digits.support import rooms

import joblib

ADDRESS = "DASK_SCHEDULER_ADDRESS"  # Dask's own variable, such as tcp://10.0.0.5:8786


def on_cluster() -> bool:
    """Tell whether the tasks run on a cluster."""
    return bool(os.environ.get(ADDRESS))


@contextmanager
def parallel_backend(*arguments: object) -> Iterator[None]:
    """Let joblib's tasks run in parallel until the block ends; send each worker the large arguments that they share."""
    if on_cluster():
        cluster = rooms.load("scale.cluster", ADDRESS)
        with cluster.backend(os.environ[ADDRESS], [each for each in arguments if each is not None]):
            yield
    else:
        with joblib.parallel_config("threading", n_jobs=joblib.cpu_count()):
            yield


def map_all(tasks: Iterable[Any], threads: int) -> Iterator[Any]:
    """Run all tasks of `joblib.delayed`, in so many threads where there is no cluster, and yield results in order."""
    if on_cluster():
        return joblib.Parallel(n_jobs=-1, return_as="generator")(tasks)
    # Never in the main thread, where joblib would run a single task, and Ctrl-C have to wait for the end of it.
    return ThreadPoolExecutor(threads).map(lambda task: task[0](*task[1], **task[2]), tasks)
