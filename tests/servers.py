"""Real HTTP servers on the loopback address, well and badly behaved, for the tests of `fetch`."""

import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

Respond = Callable[["Handler"], None]


class Handler(BaseHTTPRequestHandler):
    """Answers every GET with the server's own `respond`, and counts them."""

    server: "Server"

    def do_GET(self) -> None:
        self.server.requests.append(self.path)
        with suppress(OSError):  # who asks may have heard enough
            self.server.respond(self)

    def do_CONNECT(self) -> None:
        """Play the proxy, and behind it, over TLS, the host that was asked for."""
        assert self.server.tls is not None
        self.send_response(200)
        self.end_headers()
        self.connection = self.server.tls.wrap_socket(self.connection, server_side=True)
        self.rfile = self.connection.makefile("rb")
        self.wfile = self.connection.makefile("wb", buffering=0)
        try:
            self.handle_one_request()
        finally:
            self.connection.close()
            self.close_connection = True

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 (its name in the standard library)
        """Stay quiet."""

    def answer(self, content: bytes, status: int = 200, promised: int | None = None, **headers: str) -> None:
        """Send an answer, whose length may be a lie."""
        self.send_response(status)
        self.send_header("Content-Length", str(len(content) if promised is None else promised))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)


class Server(ThreadingHTTPServer):
    """A server on a free port of the loopback address."""

    daemon_threads = True

    def __init__(self, respond: Respond, tls: ssl.SSLContext | None = None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.respond = respond
        self.tls = tls
        self.requests: list[str] = []
        self.stopped = threading.Event()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server_port}"


@contextmanager
def serving(respond: Respond, tls: ssl.SSLContext | None = None) -> Iterator[Server]:
    """Serve until the block ends."""
    server = Server(respond, tls)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.stopped.set()
        server.shutdown()
        thread.join()
        server.server_close()


def files(contents: dict[str, bytes]) -> Respond:
    """Serve files by their name, the last part of the path; 404 for others."""

    def respond(request: Handler) -> None:
        content = contents.get(request.path.rsplit("/", 1)[-1])
        request.answer(content, 200) if content is not None else request.answer(b"", 404)

    return respond


def fail(request: Handler) -> None:
    """Answer 500."""
    request.answer(b"", 500)


def ask_for_patience(request: Handler) -> None:
    """Answer that it is too early, and will be for a day."""
    request.answer(b"", 503, Retry_After="86400")


def portal(request: Handler) -> None:
    """Redirect everything to a page to sign in, as hotels do."""
    if request.path == "/portal":
        request.answer(b"<html>Please sign in</html>")
    else:
        request.answer(b"", 302, Location="/portal")
