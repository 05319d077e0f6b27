"""Tasks without end on all cores or workers, a batch of them at a time."""

from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

from digits.support import parallel

import joblib


def imap(tasks: Iterable[Any]) -> Iterator[Any]:
    """Run tasks of `joblib.delayed`, as many at a time as there are cores or workers, and yield their results in order.

    While one batch's results are used, the next runs, and no other: joblib's own generator would never wait for us.
    """
    waiting = iter(tasks)
    # The same threads for all tasks: each new one would be given memory of its own, and none of it comes back. And none
    # but these tasks: a Parallel of whoever uses the results would otherwise end the threads when it ends.
    backend = None if parallel.on_cluster() else "threading"
    with joblib.Parallel(n_jobs=-1, backend=backend) as run, ThreadPoolExecutor(1) as ahead:
        size = joblib.effective_n_jobs(-1)
        running = ahead.submit(run, list(islice(waiting, size)))
        while done := running.result():
            running = ahead.submit(run, list(islice(waiting, size)))
            yield from done
