"""Downloads that end, whatever the server does."""

import threading
import time
from collections.abc import Callable
from concurrent.futures import Future, wait
from typing import TypeVar

SLOWEST = 10_000  # bytes a second; a server that is slower is given up

Result = TypeVar("Result")
Receive = Callable[[int], None]  # is called with the number of bytes of each piece of content


def download(work: Callable[[Receive], Result], limit: int, timeout: float) -> Result:
    """Run a download in a thread of its own, and return its result.

    A socket's timeout is not enough: a byte of a header, a redirect, or a `Retry-After` starts it anew. Here only
    content counts. The thread of a download that was given up ends at its next content, or with the process.

    Args:
        work: downloads, and reports all content as it comes to the function that it is given.
        limit: bytes that may come; more are a ValueError.
        timeout: seconds without content, or behind a pace of `SLOWEST`, after which a TimeoutError is raised.
    """
    start = latest = time.monotonic()
    received, is_over = 0, False

    def receive(count: int) -> None:
        nonlocal latest, received
        latest, received = time.monotonic(), received + count
        if is_over or received > limit:
            raise ValueError("is larger than the dataset can be")

    def run() -> None:
        try:
            result.set_result(work(receive))
        except BaseException as error:  # raised below
            result.set_exception(error)

    result: Future[Result] = Future()
    threading.Thread(target=run, daemon=True).start()
    while not result.done():
        left = min(latest, start + received / SLOWEST) + timeout - time.monotonic()
        if left <= 0:
            is_over = True
            raise TimeoutError(f"timed out, {received:,} bytes in {time.monotonic() - start:.0f} s")
        wait([result], left)
    return result.result()
