"""Where joblib runs the fits of a model and the batches of its predictions."""

import os
from contextlib import AbstractContextManager
from typing import Any

import joblib

from digits.learning.cluster import CLUSTER_VARIABLE, dask_backend


def parallel_backend(*shared_objects: Any) -> AbstractContextManager[Any]:
    """Return a context in which joblib runs its tasks in threads, or on a Dask cluster.

    Threads share arrays without copies. The code of NumPy and scikit-learn that takes time
    releases Python's global lock, so that threads use all cores.

    Args:
        shared_objects: large arrays or models that several tasks take. A cluster receives each
            of them once.

    Raises:
        UserError: the cluster cannot be used.
    """
    address = os.environ.get(CLUSTER_VARIABLE)
    if address:
        return dask_backend(address, shared_objects)
    return joblib.parallel_config("threading", n_jobs=joblib.cpu_count())
