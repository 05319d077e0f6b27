"""Where a dataset comes from: the sources in turn, what they may not give, and servers that fail."""

import gzip
import hashlib
import json
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.request import HTTPSHandler, Request, build_opener, install_opener

from digits.core.errors import PipelineError
from digits.sources import as_bytes, idx, sklearn
from tests import tiny
from tests.calls import call, failure

import numpy as np
import pandas as pd
import pytest
from sklearn.datasets import load_digits

FETCH = ["fetch", "tiny"]
FILES = tiny.idx_files()


class Server(ThreadingHTTPServer):
    """Answers on a free port of the loopback address as it is told to, and notes what it is asked."""

    daemon_threads = True
    respond: "Callable[[Handler], None]"
    requests: list[str]
    url: str


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    server: Server

    def do_GET(self) -> None:
        self.server.requests.append(self.path)
        with suppress(OSError):  # who asks may have heard enough
            self.server.respond(self)

    def log_message(self, *_: object) -> None:
        """Stay quiet."""

    def answer(self, content: bytes = b"", status: int = 200, promised: int | None = None, **headers: str) -> None:
        """Send an answer, whose length may be a lie."""
        self.send_response(status)
        self.send_header("Content-Length", str(len(content) if promised is None else promised))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def serving(respond: Callable[[Handler], None]) -> Iterator[Server]:
    with Server(("127.0.0.1", 0), Handler) as server, ThreadPoolExecutor() as pool:
        server.url, server.respond, server.requests = f"http://127.0.0.1:{server.server_port}", respond, []
        pool.submit(server.serve_forever, poll_interval=0.02)
        try:
            yield server
        finally:
            server.shutdown()


def files(contents: dict[str, bytes]) -> Callable[[Handler], None]:
    """Serve files by their name, the last part of the path; 404 for others."""

    def respond(request: Handler) -> None:
        name = request.path.rsplit("/", 1)[-1]
        request.answer(contents.get(name, b""), 200 if name in contents else 404)

    return respond


@pytest.fixture
def place(tmp_path: Path) -> Path:
    tiny.write_idx_files(tmp_path / "idx")
    return tmp_path


def use(place: Path, *sources: dict[str, str]) -> None:
    tiny.edit(place, {"datasets.tiny.sources": list(sources)})


def test_a_beginner_opens_the_table_with_pandas(made: Path) -> None:
    pixels, classes = tiny.digits()
    frame = pd.read_parquet(made / "data/raw/tiny.parquet")
    assert frame.filter(like="pixel").to_numpy().tolist() == pixels.tolist()
    assert frame["class"].tolist() == classes.tolist()
    assert frame.attrs == {"shape": [8, 8], "maximum": 16}


def test_sources_have_an_order_the_mirror_first_and_equal_bytes(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    use(place, {"idx": "idx"})
    call(place, *FETCH)
    expected = (place / "data/raw/tiny.parquet").read_bytes()
    (place / "idx").rename(place / "tiny")
    with serving(files({name: gzip.compress(content) for name, content in FILES.items()})) as server:
        use(place, {"idx": "nowhere"}, {"idx": server.url})
        for mirror, requests in (("", 4), (".", 0)):
            monkeypatch.setenv("DATA_MIRROR", mirror)
            server.requests.clear()
            assert call(place, *FETCH).stderr == ""
            assert len(server.requests) == requests
            assert (place / "data/raw/tiny.parquet").read_bytes() == expected


FAILURES: dict[str, tuple[Callable[[Handler], None], str]] = {
    "has not the file": (files({}), "404 Client Error"),
    "asks for a day's patience": (lambda request: request.answer(status=503, Retry_After="86400"), "503 Server Error"),
    "cuts off": (lambda request: request.answer(FILES["train-images"][:1000], promised=9999), "Connection broken"),
    "asks to sign in": (lambda request: request.answer(b"<html>Sign in"), "not an IDX file of bytes: it begins"),
    "sends half a gzip": (files({"train-images": gzip.compress(FILES["train-images"])[:99]}), "ended before"),
    "sends other images": (files({**FILES, "t10k-labels": FILES["t10k-labels"][:-1] + b"\7"}), "other labels"),
}


@pytest.mark.parametrize(("respond", "reason"), FAILURES.values(), ids=FAILURES)
def test_a_server_that_fails_is_one_line(place: Path, respond: Callable[[Handler], None], reason: str) -> None:
    with serving(respond) as server:
        use(place, {"idx": server.url.replace("//", "//user:secret@")})
        line = failure(place, *FETCH)
    assert line.startswith(f"Error: no source has tiny: idx {server.url.replace('//', '//…@')}: ")
    assert reason in line
    assert "secret" not in line
    assert line.endswith("to a folder or address that holds the IDX files in tiny/, or `make demo`, offline")
    assert not (place / "data").exists()


def test_a_server_that_is_down_is_one_line(place: Path) -> None:
    with socket.socket() as deaf:
        deaf.bind(("127.0.0.1", 0))  # nobody listens there, and no other program takes its port
        use(place, {"idx": f"http://127.0.0.1:{deaf.getsockname()[1]}"})
        assert "Connection refused" in failure(place, *FETCH)


def test_a_damaged_idx_file_is_refused() -> None:
    with pytest.raises(ValueError, match="301 values, not the 300 that its header promises"):
        idx.parse(FILES["train-labels"] + b"\0")
    with pytest.raises(ValueError, match="not an IDX file of bytes"):
        idx.parse(b"\0\0\x0d\1" + FILES["train-labels"][4:])  # of floats


def openml(request: Handler) -> None:
    """Speak the part of OpenML's API that scikit-learn asks, zipped as OpenML does."""
    pixels, classes = tiny.digits()
    rows = [",".join(map(str, [*row, label])) for row, label in zip(pixels.tolist(), classes.tolist(), strict=True)]
    file = "\n".join(["@RELATION tiny", "@DATA", *rows, ""]).encode()
    own = {"is_ignore": "false", "is_row_identifier": "false", "number_of_missing_values": "0"}
    kinds = {f"attribute_{i + 1}": "numeric" for i in range(pixels.shape[1])} | {"class": "nominal"}
    features = [
        {**own, "index": str(i), "name": name, "data_type": kind, "is_target": str(name == "class").lower()}
        for i, (name, kind) in enumerate(kinds.items())
    ]
    description = {"id": "1", "name": "tiny", "version": "1", "format": "ARFF", "status": "active", "file_id": "1"}
    description |= {"description": "", "url": "https://www.openml.org/data/v1/download/1/tiny.arff"}
    description |= {"md5_checksum": hashlib.md5(file, usedforsecurity=False).hexdigest()}
    dataset = {"did": 1, "name": "tiny", "version": 1, "status": "active"}
    answers: dict[str, object] = {
        "/api/v1/json/data/list/data_name/tiny/limit/2/data_version/1": {"data": {"dataset": [dataset]}},
        "/api/v1/json/data/1": {"data_set_description": description},
        "/api/v1/json/data/features/1": {"data_features": {"feature": features}},
        "/api/v1/json/data/qualities/1": {"data_qualities": {"quality": [{"name": "x", "value": str(len(rows))}]}},
    }
    content = file if request.path.endswith(".arff") else json.dumps(answers[request.path]).encode()
    request.answer(gzip.compress(content), Content_Encoding="gzip")


def test_openml_is_asked_through_scikit_learn(place: Path) -> None:
    use(place, {"openml": "tiny/1"})
    with serving(openml) as server:

        class Here(HTTPSHandler):
            """Asks the test's own server, without TLS, whatever the host."""

            def https_open(self, request: Request) -> HTTPResponse:
                return self.do_open(lambda _, **__: HTTPConnection("127.0.0.1", server.server_port), request)

        install_opener(build_opener(Here))
        call(place, *FETCH)
    install_opener(None)
    socket.setdefaulttimeout(None)  # the stage's process would have ended
    assert pd.read_parquet(place / "data/raw/tiny.parquet")["class"].tolist() == tiny.digits()[1].tolist()


def test_scikit_learn_s_digits_are_of_fourteen_forms() -> None:
    sizes = np.bincount(sklearn.number_forms(load_digits().target))
    assert (len(sizes), sizes.min() > 120, sizes.max()) == (14, True, 130)


def test_values_that_are_no_bytes_are_refused() -> None:
    assert as_bytes(np.array(["3", "255"])).tolist() == [3, 255]
    for wrong in (np.array([2.5]), np.array([256]), np.array([-1]), np.array([np.nan]), np.array(["x"])):
        with pytest.raises(PipelineError):
            as_bytes(wrong)
