"""Run the tasks of joblib on a Dask cluster.

The results are the same bytes as without a cluster. Each task is a function of its arguments
alone, and a cluster is refused if one of its workers has other versions of packages, or would
round differently.

`dask scheduler` and `dask worker` load this module when they start, and with it scikit-learn,
so that no task has to wait for the import.
"""

import logging
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import partial
from importlib.metadata import version
from typing import Any

import joblib
import sklearn.pipeline  # noqa: F401
from threadpoolctl import threadpool_info

from digits.messages.errors import UserError

# The variable by which Dask itself finds its scheduler (docs/pipeline.md).
CLUSTER_VARIABLE = "DASK_SCHEDULER_ADDRESS"

# The packages whose versions a result depends on.
PACKAGES = ["numpy", "scikit-learn", "scipy"]

# How long to wait for a scheduler or a worker that is just being started, in seconds.
TIMEOUT = 15


@contextmanager
def dask_backend(address: str, shared_objects: Sequence[Any]) -> Iterator[None]:
    """Let joblib run its tasks on a Dask cluster in a `with` block.

    Args:
        address: the address of the scheduler.
        shared_objects: large arrays or models that several tasks take. Each worker receives
            them once.

    Raises:
        UserError: the cluster cannot be used, or is lost while it works.
    """
    client = connect(address)
    # `connect` has checked that Dask is installed.
    from distributed import CancelledError, KilledWorker
    from distributed.comm.core import CommClosedError

    with client:
        try:
            check_environments(client)
            joblib_config = share_objects(client, shared_objects)
        except TimeoutError:
            raise UserError(
                f"{CLUSTER_VARIABLE}: {address} has no workers; `make workers` starts some"
            ) from None
        except ImportError as error:
            raise UserError(
                f"the scheduler or a worker of {address} cannot import this project's code "
                f"({error}); start them with `make scheduler` and `make workers`"
            ) from None

        try:
            with joblib_config:
                yield
        except (CancelledError, CommClosedError, KilledWorker):
            raise UserError(
                f"the cluster at {address} was lost: its scheduler or all workers ended, "
                "perhaps because memory ran out; start them again, then run this again"
            ) from None


def connect(address: str) -> Any:
    """Return a Dask client that is connected to a scheduler.

    Raises:
        UserError: Dask is not installed, or the scheduler does not answer.
    """
    try:
        from distributed import Client
    except ImportError:
        raise UserError(
            f"{CLUSTER_VARIABLE} is set, but Dask is not installed: pip install distributed"
        ) from None

    # If the cluster is lost, Dask would print a traceback with each attempt to reach it.
    logging.getLogger("distributed.client").setLevel(logging.CRITICAL)
    try:
        return Client(  # type: ignore[no-untyped-call]
            address, timeout=TIMEOUT, set_as_default=False
        )
    except (OSError, ValueError) as error:
        raise UserError(
            f"{CLUSTER_VARIABLE}: no scheduler answers at {address} ({error}); start one, or "
            "unset the variable"
        ) from None


def check_environments(client: Any) -> None:
    """Check that the scheduler works, and that all workers calculate as this machine does.

    Raises:
        UserError: a worker would calculate differently.
        TimeoutError: there is no worker.
        ImportError: the scheduler or a worker does not have this module.
    """
    client.run_on_scheduler(numeric_environment)  # the scheduler must unpickle the tasks, too
    client.wait_for_workers(1, timeout=TIMEOUT)
    expected = numeric_environment()
    environments = client.run(numeric_environment)
    for worker, environment in environments.items():
        differences = []
        for key, value in expected.items():
            if environment[key] != value:
                differences.append(f"{key}: {environment[key]}, here {value}")
        if differences:
            raise UserError(
                f"the worker {worker} would calculate differently: {'; '.join(differences)}"
            )


def numeric_environment() -> dict[str, object]:
    """Return the versions of packages, and the libraries that compute NumPy's matrix products.

    The bytes of a result depend on them, besides the arguments of a task.
    """
    libraries = set()
    for library in threadpool_info():
        if library["user_api"] == "blas":
            libraries.add(f"{library['architecture']}, {library['num_threads']} threads")
    environment: dict[str, object] = {name: version(name) for name in PACKAGES}
    environment["matrix products"] = sorted(libraries)
    return environment


def share_objects(client: Any, shared_objects: Sequence[Any]) -> Any:
    """Send objects to all workers, and return the context in which joblib uses the cluster."""
    # By default, Dask would hash the objects and send them through the scheduler, which takes
    # two or three times as long.
    client.scatter = partial(client.scatter, hash=False, direct=True)
    return joblib.parallel_config("dask", client=client, scatter=list(shared_objects))
