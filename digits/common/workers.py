"""Where joblib's tasks run: in threads of this process, or on the workers of a Dask cluster.

`DASK_SCHEDULER_ADDRESS`, Dask's own variable, names the cluster, such as tcp://10.0.0.5:8786. What is made is the same,
byte for byte: a task is a function of its arguments alone, and a worker that has other versions, or that would
calculate otherwise, is refused (docs/cluster.md).
"""

import gc
import logging
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version
from itertools import islice
from typing import Any

import joblib

from digits.common.cli import PipelineError

ADDRESS = "DASK_SCHEDULER_ADDRESS"
PACKAGES = ("numpy", "scikit-learn", "scipy")
PATIENCE = 15  # seconds, for a scheduler that starts at the same time


@contextmanager
def shared(*arguments: object) -> Iterator[None]:
    """Let joblib's tasks run side by side until the block ends.

    Args:
        arguments: of many of the tasks, and large: each worker of a cluster is sent them once, before any task, so
            that the others still have them when one is lost.

    Raises:
        PipelineError: the cluster cannot be reached or is lost, or a worker would calculate otherwise.
    """
    with _cluster(arguments) if elsewhere() else _threads():
        yield


def elsewhere() -> bool:
    """Tell whether the tasks run on a cluster."""
    return bool(os.environ.get(ADDRESS))


def run(tasks: Iterable[Any]) -> Iterator[Any]:
    """Run tasks of `joblib.delayed`, as many at a time as there are cores or workers, and give their results in order.

    While the results of some are used, the next ones run, and no others: joblib itself would begin ever new ones while
    nobody takes the results of the old.
    """
    waiting = iter(tasks)
    # The same threads for all tasks: each new one would be given memory of its own, and none of it comes back. And none
    # but these tasks: a Parallel of whoever uses the results would otherwise end the threads when it ends.
    own = None if elsewhere() else "threading"
    with joblib.Parallel(n_jobs=-1, backend=own) as parallel, ThreadPoolExecutor(1) as ahead:
        at_a_time = joblib.effective_n_jobs(-1)
        running = ahead.submit(parallel, list(islice(waiting, at_a_time)))
        while done := running.result():
            running = ahead.submit(parallel, list(islice(waiting, at_a_time)))
            yield from done


def side_by_side(tasks: Iterable[Any], threads: int) -> Iterator[Any]:
    """Run all tasks of `joblib.delayed`, in so many threads where there is no cluster, and give their results in order.

    Never in the main thread, where joblib would run a single task, and Ctrl-C have to wait for the end of it.
    """
    if elsewhere():
        return joblib.Parallel(n_jobs=-1, return_as="generator")(tasks)
    return ThreadPoolExecutor(threads).map(_do, tasks)


def dask_setup(server: object) -> None:
    """Prepare a scheduler or a worker, where Dask calls this and nothing calls `cli.run`."""
    calculating()  # loads the libraries, before any task waits for them
    gc.freeze()
    gc.enable()


def calculating() -> dict[str, object]:
    """Return what the bytes of a result depend on, besides a task's arguments: versions, and how NumPy multiplies."""
    import sklearn  # noqa: F401 (loads the libraries that are asked below)
    from threadpoolctl import threadpool_info

    products = {
        f"{blas['architecture']}, {blas['num_threads']} threads"
        for blas in threadpool_info()
        if blas["user_api"] == "blas"
    }
    return {**{name: version(name) for name in PACKAGES}, "matrix products": sorted(products)}


def _do(task: Any) -> Any:
    function, positional, named = task
    return function(*positional, **named)


def _threads() -> Any:
    return joblib.parallel_config("threading", n_jobs=joblib.cpu_count())


@contextmanager
def _cluster(arguments: Iterable[object]) -> Iterator[None]:
    try:
        from distributed import CancelledError, Client, KilledWorker
        from distributed.comm.core import CommClosedError
    except ImportError:
        raise PipelineError(f"{ADDRESS} is set, but Dask is not installed: pip install distributed") from None
    # Of a lost cluster it would show a traceback, and again after each try to reach it.
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    address = os.environ[ADDRESS]
    try:
        client: Any = Client(address, timeout=PATIENCE, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, TimeoutError, ValueError) as error:
        raise PipelineError(
            f"{ADDRESS}: {address} is no scheduler that answers ({error}); start it, or unset it"
        ) from None
    with client:
        try:
            client.run_on_scheduler(calculating)  # which takes the tasks apart
            client.wait_for_workers(1, timeout=PATIENCE)
            _compare(client.run(calculating))
            # Else all of it is digested first, and goes by way of the scheduler: that takes two or three times as long.
            client.scatter = partial(client.scatter, hash=False, direct=True)
            large = [each for each in arguments if each is not None]
            sent = joblib.parallel_config("dask", client=client, scatter=large)
        except TimeoutError:
            raise PipelineError(f"{ADDRESS}: {address} has no workers; `make workers` starts some") from None
        except OSError as error:
            raise PipelineError(f"a worker of {address} cannot be reached: {error}") from None
        except ImportError as error:
            raise PipelineError(
                f"the scheduler or a worker of {address} has not got the code ({error}); start them by "
                "`make scheduler` and `make workers`"
            ) from None
        try:
            with sent:
                yield
        except (CancelledError, CommClosedError, KilledWorker):
            raise PipelineError(
                f"the cluster at {address} was lost: its scheduler or all of its workers ended, perhaps for want of "
                "memory; start them again, then this"
            ) from None


def _compare(workers: dict[str, dict[str, object]]) -> None:
    own = calculating()
    for worker, its in workers.items():
        if others := [f"{name}: {its[name]}, here {own[name]}" for name in own if its[name] != own[name]]:
            raise PipelineError(f"the worker {worker} would calculate otherwise: {'; '.join(others)}")
