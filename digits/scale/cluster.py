"""A Dask cluster that gives the same bytes as this machine, or is refused.

A task is a function of its arguments alone; a worker that has other versions, or that would calculate otherwise, is
refused. `dask scheduler` and `dask worker` preload this module, and scikit-learn with it, before any task waits for it.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version
from typing import Any

from digits.core.errors import PipelineError
from digits.learning.scoring import CLUSTER

import joblib
from threadpoolctl import threadpool_info

PACKAGES = ("numpy", "scikit-learn", "scipy")
PATIENCE = 15  # seconds, for a scheduler that starts at the same time


def numeric_environment() -> dict[str, object]:
    """Return what the bytes of a result depend on besides a task's arguments: versions, and NumPy's matrix products."""
    blas = [library for library in threadpool_info() if library["user_api"] == "blas"]
    products = sorted({f"{library['architecture']}, {library['num_threads']} threads" for library in blas})
    return {name: version(name) for name in PACKAGES} | {"matrix products": products}


@contextmanager
def backend(address: str, arguments: Sequence[object]) -> Iterator[None]:
    """Let joblib's tasks run on the cluster until the block ends; a PipelineError says why they cannot."""
    try:
        from distributed import CancelledError, Client, KilledWorker
        from distributed.comm.core import CommClosedError
    except ImportError:
        raise PipelineError(f"{CLUSTER} is set, but Dask is not installed: pip install distributed") from None
    # Of a lost cluster it would show a traceback, and again after each try to reach it.
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    try:
        client: Any = Client(address, timeout=PATIENCE, set_as_default=False)  # type: ignore[no-untyped-call]
    except (OSError, ValueError) as error:
        raise PipelineError(f"{CLUSTER}: no scheduler answers at {address} ({error}); start it, or unset it") from None
    with client:
        try:
            client.run_on_scheduler(numeric_environment)  # which takes the tasks apart
            client.wait_for_workers(1, timeout=PATIENCE)
            own = numeric_environment()
            for worker, its in client.run(numeric_environment).items():
                if others := [f"{name}: {its[name]}, here {own[name]}" for name in own if its[name] != own[name]]:
                    raise PipelineError(f"the worker {worker} would calculate otherwise: {'; '.join(others)}")
            # Else all of it is hashed first, and goes by way of the scheduler: that takes two or three times as long.
            client.scatter = partial(client.scatter, hash=False, direct=True)
            scattered = joblib.parallel_config(
                "dask", client=client, scatter=[each for each in arguments if each is not None]
            )
        except TimeoutError:
            raise PipelineError(f"{CLUSTER}: {address} has no workers; `make workers` starts some") from None
        except ImportError as error:
            reason = f"the scheduler or a worker of {address} has not got the code ({error})"
            raise PipelineError(f"{reason}; start them by `make scheduler` and `make workers`") from None
        try:
            with scattered:
                yield
        except (CancelledError, CommClosedError, KilledWorker):
            reason = "its scheduler or all of its workers ended, perhaps for want of memory"
            raise PipelineError(f"the cluster at {address} was lost: {reason}; start them again, then this") from None
