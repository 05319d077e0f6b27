"""Limits for scikit-learn's OpenML client, which has none: it opens addresses with `urlopen`, so these are urllib's."""

import gzip
import io
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from urllib.request import HTTPHandler, HTTPSHandler, Request, build_opener, install_opener
from urllib.response import addinfourl

from digits.sources.limits import Metered, within


class _Guard(HTTPHandler, HTTPSHandler):
    """Opens an address for a limited time, and gives no more of the answer, unpacked, than is allowed."""

    def __init__(self, most: Callable[[str], int], timeout: float) -> None:
        super().__init__()
        self._most = most
        self._timeout = timeout

    def http_open(self, request: Request) -> Any:
        return self._limited(super().http_open, request)

    def https_open(self, request: Request) -> Any:
        return self._limited(super().https_open, request)

    def _limited(self, open_: Callable[[Request], Any], request: Request) -> Any:
        answer = within(2 * self._timeout, lambda: open_(request))
        most = self._most(request.full_url)
        body = Metered(answer, most, self._timeout)
        if answer.headers.get("Content-Encoding") == "gzip":
            del answer.headers["Content-Encoding"]
            body = Metered(gzip.GzipFile(fileobj=body), most, self._timeout)
        limited = addinfourl(io.BufferedReader(body), answer.headers, answer.url, answer.status)
        limited.msg = answer.msg  # type: ignore[attr-defined]
        return limited


@contextmanager
def guarded(most: Callable[[str], int], timeout: float) -> Iterator[None]:
    """Put limits on everything that `urlopen` opens, until the block ends.

    Args:
        most: returns how many bytes the answer from an address may have, unpacked.
        timeout: how many seconds a server may take to begin, and may then be slower than `limits.SLOWEST`.
    """
    install_opener(build_opener(_Guard(most, timeout)))
    try:
        yield
    finally:
        install_opener(build_opener())
