"""What a server may cost: how long its answer may take to begin, how slowly it may come, how large it may grow.

A timeout of a connection is none of these: it begins anew with every byte, so a server that sends one now and then is
waited for forever.
"""

import io
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any, TypeVar

SLOWEST = 10_000  # bytes a second; an answer that drips more slowly than this is given up

Result = TypeVar("Result")


class SourceError(Exception):
    """A source has not given the dataset; the message says why, in a few words."""


class Metered(io.RawIOBase):
    """What another stream holds, as long as it comes fast enough and is not too much."""

    def __init__(self, stream: Any, most: int, timeout: float) -> None:
        """Begin to count.

        Args:
            stream: has `read1`, which gives what has come so far, up to a number of bytes.
            most: how many bytes may come.
            timeout: after how many seconds the speed counts.
        """
        self._stream = stream
        self._most = most
        self._timeout = timeout
        self._started = time.monotonic()
        self._count = 0

    def readable(self) -> bool:
        """Yes."""
        return True

    def readinto(self, buffer: Any) -> int:
        """Read what has come.

        Raises:
            SourceError: it comes too slowly, is too much, or ends before its time.
        """
        piece = self._stream.read1(len(buffer))
        buffer[: len(piece)] = piece
        self._count += len(piece)
        elapsed = time.monotonic() - self._started
        if elapsed > self._timeout and self._count < SLOWEST * elapsed:
            raise SourceError(f"comes more slowly than {SLOWEST // 1000} kB a second")
        if not piece and getattr(self._stream, "length", None):  # what is left, of which urllib says nothing
            raise SourceError(f"breaks off after {self._count} bytes")
        if self._count > self._most:
            raise SourceError("is larger than the dataset can be")
        return len(piece)

    def close(self) -> None:
        """Close the other stream too."""
        self._stream.close()
        super().close()


def within(seconds: float, call: Callable[[], Result]) -> Result:
    """Return what `call` returns, or raise what it raises.

    Raises:
        TimeoutError: it has done neither after so many seconds. It goes on in the background; nobody waits for it.
    """
    done: Future[Result] = Future()

    def work() -> None:
        try:
            done.set_result(call())
        except BaseException as error:  # for the thread that waits
            done.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    return done.result(seconds)
