"""Where joblib runs the fits of a model: in threads, or on a Dask cluster.

The results are byte for byte the same, because a cluster is refused if one of its workers has
other versions of packages, or would round differently. `make scheduler` and `make workers` load
this module, and with it scikit-learn, so that no fit has to wait for the import.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from importlib.metadata import version
from typing import Any

import joblib
import sklearn.pipeline  # noqa: F401
from threadpoolctl import threadpool_info

from digits.messages.errors import UserError, describe_installation

# The variable by which Dask itself finds its scheduler (docs/pipeline.md).
CLUSTER_VARIABLE = "DASK_SCHEDULER_ADDRESS"

# The packages whose versions a result depends on.
PACKAGES = ["numpy", "scikit-learn", "scipy"]

# How long to wait for a scheduler or a worker that is just being started, in seconds.
TIMEOUT = 15


def threads_or_cluster(shared_arrays: list[Any]) -> AbstractContextManager[Any]:
    """Return a context in which joblib runs its jobs in threads, or on a Dask cluster.

    Threads share arrays without copies, and use all cores, because the slow code of NumPy and
    scikit-learn releases Python's global lock. Each worker of a cluster receives the large
    arrays that several jobs share once.

    Raises:
        UserError: the cluster cannot be used.
    """
    address = os.environ.get(CLUSTER_VARIABLE)
    if address:
        return dask_backend(address, shared_arrays)
    return joblib.parallel_config("threading", n_jobs=joblib.cpu_count())


@contextmanager
def dask_backend(address: str, shared_arrays: list[Any]) -> Iterator[None]:
    """Let joblib run its jobs on a Dask cluster in a `with` block.

    Raises:
        UserError: Dask is not installed, the cluster cannot be used, or it is lost.
    """
    try:
        from distributed import CancelledError, Client, KilledWorker
        from distributed.comm.core import CommClosedError
    except ModuleNotFoundError:
        raise UserError(
            f"{CLUSTER_VARIABLE} is set, but Dask is not installed; "
            f"{describe_installation('cluster')}"
        ) from None

    # If the cluster is lost, Dask would print a traceback with each attempt to reach it.
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    try:
        client = Client(  # type: ignore[no-untyped-call]
            address, timeout=TIMEOUT, set_as_default=False
        )
    except (OSError, ValueError) as error:
        raise UserError(
            f"{CLUSTER_VARIABLE}: no scheduler answers at {address} ({error}); start one, or "
            "unset the variable"
        ) from None

    with client:
        check_environments(client, address)
        try:
            with joblib.parallel_config("dask", client=client, scatter=shared_arrays):
                yield
        except (CancelledError, CommClosedError, KilledWorker):
            raise UserError(
                f"the cluster at {address} was lost: its scheduler or all workers ended, "
                "perhaps because memory ran out; start them again, then run this again"
            ) from None


def check_environments(client: Any, address: str) -> None:
    """Check that the scheduler works, and that all workers round as this machine does."""
    try:
        client.run_on_scheduler(numeric_environment)  # the scheduler also unpickles tasks
        client.wait_for_workers(1, timeout=TIMEOUT)
        environments = client.run(numeric_environment)
    except (TimeoutError, ImportError) as error:
        raise UserError(
            f"the cluster at {address} has no workers, or cannot import this project's code "
            f"({error}); start it with `make scheduler` and `make workers`"
        ) from None
    here = numeric_environment()
    for worker, environment in environments.items():
        if environment != here:
            raise UserError(
                f"the worker {worker} would calculate differently, with {environment}; here: "
                f"{here}"
            )


def numeric_environment() -> dict[str, object]:
    """Return the versions of packages, and the libraries that compute NumPy's matrix products.

    The bytes of a result depend on them.
    """
    libraries = set()
    for library in threadpool_info():
        if library["user_api"] == "blas":
            libraries.add(f"{library['architecture']}, {library['num_threads']} threads")
    environment: dict[str, object] = {name: version(name) for name in PACKAGES}
    environment["matrix products"] = sorted(libraries)
    return environment
