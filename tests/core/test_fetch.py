"""Fetching a dataset: the order of its sources, what they may not give, servers that fail."""

import gzip
import hashlib
import json
import re
import socket
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from http.client import HTTPConnection, HTTPResponse
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.request import HTTPSHandler, Request, build_opener, install_opener

from digits.core.errors import UserError
from digits.core.params import DatasetParams
from digits.data.sources import idx, sklearn, to_uint8
from tests.helpers import tiny
from tests.helpers.calls import call, failure

import numpy as np
import pandas as pd
import pytest

FETCH = ["fetch", "tiny"]
FILES = tiny.idx_files()


class Server(ThreadingHTTPServer):
    """A server on a free port of this machine, which answers as a test tells it to.

    Attributes:
        respond: answers a request.
        requests: the paths of all requests.
        url: the address of the server.
    """

    daemon_threads = True
    respond: "Callable[[Handler], None]"
    requests: list[str]
    url: str


class Handler(BaseHTTPRequestHandler):
    """Answers one request."""

    server: Server

    def do_GET(self) -> None:
        self.server.requests.append(self.path)
        with suppress(OSError):  # the client may close the connection before the end
            self.server.respond(self)

    def log_message(self, *_: object) -> None:
        """Print nothing."""

    def answer(
        self,
        content: bytes = b"",
        status: int = 200,
        length: int | None = None,
        **headers: str,
    ) -> None:
        """Send an answer. Its length may be another than that of the content."""
        self.send_response(status)
        self.send_header("Content-Length", str(len(content) if length is None else length))
        for name, value in headers.items():
            self.send_header(name.replace("_", "-"), value)
        self.end_headers()
        self.wfile.write(content)


@contextmanager
def serving(respond: Callable[[Handler], None]) -> Iterator[Server]:
    """Run a server until the end of the `with` block."""
    with Server(("127.0.0.1", 0), Handler) as server, ThreadPoolExecutor() as pool:
        server.respond = respond
        server.requests = []
        server.url = f"http://127.0.0.1:{server.server_port}"
        pool.submit(server.serve_forever, poll_interval=0.02)
        try:
            yield server
        finally:
            server.shutdown()


def serve_files(contents: dict[str, bytes]) -> Callable[[Handler], None]:
    """Return a function that answers with files, by the last part of the path, or with 404."""

    def respond(request: Handler) -> None:
        name = request.path.rsplit("/", 1)[-1]
        if name in contents:
            request.answer(contents[name])
        else:
            request.answer(status=404)

    return respond


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return a folder with the IDX files of the tiny dataset."""
    tiny.write_idx_files(tmp_path / "idx")
    return tmp_path


def use_sources(folder: Path, *sources: dict[str, str]) -> None:
    """Write a params.yaml in which the tiny dataset has other sources."""
    tiny.edit(folder, {"datasets.tiny.sources": list(sources)})


def test_pandas_reads_the_table_of_a_dataset(made: Path) -> None:
    pixels, classes = tiny.digits()
    table = pd.read_parquet(made / "data/raw/tiny.parquet")
    assert table.filter(like="pixel").to_numpy().tolist() == pixels.tolist()
    assert table["class"].tolist() == classes.tolist()
    assert table.attrs == {"shape": [8, 8], "pixel_max": 16}


def test_the_mirror_is_tried_first_and_all_sources_give_the_same_bytes(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = folder / "data/raw/tiny.parquet"
    use_sources(folder, {"idx": "idx"})
    call(folder, *FETCH)
    expected = raw.read_bytes()

    (folder / "idx").rename(folder / "tiny")  # as in a mirror
    compressed = {name: gzip.compress(content) for name, content in FILES.items()}
    with serving(serve_files(compressed)) as server:
        use_sources(folder, {"idx": "nowhere"}, {"idx": server.url})
        for mirror, n_requests in [("", 4), (".", 0)]:
            monkeypatch.setenv("DATA_MIRROR", mirror)
            server.requests.clear()
            assert call(folder, *FETCH).stderr == ""
            assert len(server.requests) == n_requests
            assert raw.read_bytes() == expected


def test_the_mirror_is_not_tried_for_a_dataset_that_needs_no_network(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_sources(tmp_path, {"folder": "nowhere"})
    monkeypatch.setenv("DATA_MIRROR", "elsewhere")
    line = failure(tmp_path, *FETCH)
    assert line.startswith("Error: no source has tiny: folder nowhere: was not found; ")
    assert "DATA_MIRROR" not in line


OTHER_LABELS = FILES["t10k-labels"][:-1] + b"\7"
MIXED_UP = {"train-images": FILES["train-labels"]}
HALF_GZIP = gzip.compress(FILES["train-images"])[:99]


def ask_to_wait(request: Handler) -> None:
    request.answer(status=503, Retry_After="86400")


def cut_off(request: Handler) -> None:
    request.answer(FILES["train-images"][:1000], length=9999)


def ask_to_sign_in(request: Handler) -> None:
    request.answer(b"<html>Sign in")


FAILURES: dict[str, tuple[Callable[[Handler], None], str]] = {}
FAILURES["lacks the file"] = (serve_files({}), "404 Client Error")
FAILURES["asks to wait for a day"] = (ask_to_wait, "503 Server Error")
FAILURES["closes the connection"] = (cut_off, "Connection broken")
FAILURES["asks to sign in"] = (ask_to_sign_in, "not an IDX file of bytes: it begins")
FAILURES["sends half a gzip file"] = (serve_files({"train-images": HALF_GZIP}), "ended before")
FAILURES["mixes up its files"] = (serve_files(MIXED_UP), "cannot reshape array of size 300")
FAILURES["sends others"] = (serve_files({**FILES, "t10k-labels": OTHER_LABELS}), "other labels")


@pytest.mark.parametrize(("respond", "reason"), FAILURES.values(), ids=FAILURES)
def test_a_server_that_fails_is_one_line(
    folder: Path, respond: Callable[[Handler], None], reason: str
) -> None:
    with serving(respond) as server:
        use_sources(folder, {"idx": server.url})
        line = failure(folder, *FETCH)
    assert line.startswith(f"Error: no source has tiny: idx {server.url}: ")
    assert reason in line
    assert line.endswith(
        ". Set DATA_MIRROR to a folder or address that holds the IDX files in tiny/, or run "
        "`make demo`, which needs no network"
    )
    assert not (folder / "data").exists()


def test_a_server_that_is_down_is_one_line(folder: Path) -> None:
    # The port is bound, so that no other program takes it, but nobody listens there.
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        use_sources(folder, {"idx": f"http://127.0.0.1:{port}"})
        assert "Connection refused" in failure(folder, *FETCH)


def test_another_number_of_images_than_the_pinned_one_is_one_line(folder: Path) -> None:
    tiny.edit(folder, {"datasets.tiny.images": 401})
    line = failure(folder, *FETCH)
    assert "idx idx: other number of images: 400, not 401; `digits pin` accepts" in line


def test_a_damaged_idx_file_is_refused() -> None:
    labels = FILES["train-labels"]
    for damaged in [labels + b"\0", labels[:-1], labels[:5]]:
        with pytest.raises(ValueError, match=r"cannot reshape array|buffer is smaller"):
            idx.parse(damaged)


def test_an_idx_file_of_other_values_than_bytes_is_refused() -> None:
    of_floats = b"\0\0\x0d\1" + FILES["train-labels"][4:]
    with pytest.raises(ValueError, match="not an IDX file of bytes"):
        idx.parse(of_floats)


def arff_file() -> bytes:
    """Return the tiny dataset in the format of OpenML."""
    pixels, classes = tiny.digits()
    lines = ["@RELATION tiny", "@DATA"]
    for image, label in zip(pixels.tolist(), classes.tolist(), strict=True):
        values = [*image, label]
        lines.append(",".join(str(value) for value in values))
    return "\n".join([*lines, ""]).encode()


def openml_features() -> list[dict[str, str]]:
    """Return OpenML's description of the columns of the tiny dataset."""
    n_pixels = tiny.SHAPE[0] * tiny.SHAPE[1]
    columns = [(f"pixel{number}", "numeric") for number in range(1, n_pixels + 1)]
    columns.append(("class", "nominal"))
    features = []
    for index, (name, data_type) in enumerate(columns):
        feature = {
            "index": str(index),
            "name": name,
            "data_type": data_type,
            "is_target": "true" if name == "class" else "false",
            "is_ignore": "false",
            "is_row_identifier": "false",
            "number_of_missing_values": "0",
        }
        features.append(feature)
    return features


def openml_description(content: bytes) -> dict[str, str]:
    """Return OpenML's description of the tiny dataset."""
    return {
        "id": "1",
        "name": "tiny",
        "version": "1",
        "format": "ARFF",
        "status": "active",
        "file_id": "1",
        "description": "",
        "url": "https://www.openml.org/data/v1/download/1/tiny.arff",
        "md5_checksum": hashlib.md5(content, usedforsecurity=False).hexdigest(),
    }


def answer_as_openml(request: Handler) -> None:
    """Answer as the part of OpenML's API that scikit-learn uses, with gzip as OpenML does."""
    content = arff_file()
    dataset = {"did": 1, "name": "tiny", "version": 1, "status": "active"}
    qualities = [{"name": "x", "value": str(tiny.IMAGES)}]
    answers: dict[str, Any] = {
        "list/data_name/tiny/limit/2/data_version/1": {"data": {"dataset": [dataset]}},
        "1": {"data_set_description": openml_description(content)},
        "features/1": {"data_features": {"feature": openml_features()}},
        "qualities/1": {"data_qualities": {"quality": qualities}},
    }
    if not request.path.endswith(".arff"):
        answer = answers[request.path.removeprefix("/api/v1/json/data/")]
        content = json.dumps(answer).encode()
    request.answer(gzip.compress(content), Content_Encoding="gzip")


@contextmanager
def in_place_of_openml(respond: Callable[[Handler], None]) -> Iterator[None]:
    """Let a server of the test answer the requests to OpenML, without TLS."""
    with serving(respond) as server:

        class LocalHandler(HTTPSHandler):
            def https_open(self, request: Request) -> HTTPResponse:
                return self.do_open(connect, request)

        def connect(*_: Any, **__: Any) -> HTTPConnection:
            return HTTPConnection("127.0.0.1", server.server_port)

        install_opener(build_opener(LocalHandler))
        try:
            yield
        finally:
            install_opener(None)


def test_openml_is_asked_through_scikit_learn(folder: Path) -> None:
    use_sources(folder, {"openml": "tiny/1"})
    with in_place_of_openml(answer_as_openml):
        call(folder, *FETCH)
    socket.setdefaulttimeout(None)  # the source sets it for the process of the stage
    labels = pd.read_parquet(folder / "data/raw/tiny.parquet")["class"]
    assert labels.tolist() == tiny.digits()[1].tolist()


def test_the_digits_of_scikit_learn_are_of_fourteen_forms() -> None:
    entry = {**tiny.dataset({"sklearn": "digits"}), "pixel_max": 16}
    images = sklearn.read("digits", DatasetParams.model_validate(entry))
    forms = [
        "".join(str(digit) for digit in classes)
        for _, classes in images.groupby("group")["class"]
    ]
    assert len(forms) == 14
    for form in forms:
        assert re.match("(0?1?2?3?4?5?6?7?8?9?){3}0955650", form)


def test_text_that_spells_bytes_is_converted() -> None:
    assert to_uint8(np.array(["3", "255"])).tolist() == [3, 255]


@pytest.mark.parametrize("value", [2.5, 256, -1, np.nan, "x"])
def test_values_that_are_no_bytes_are_refused(value: Any) -> None:
    with pytest.raises(UserError):
        to_uint8(np.array([value]))
