"""`python -m stages.fetch` against folders and real servers on the loopback address."""

import gc
import gzip
import hashlib
import json
import os
import ssl
import threading
import time
import tracemalloc
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from digits.io import paths
from digits.sources import Batch, SourceError, idx
from digits.sources import openml as openml_source
from digits.support.errors import PipelineError
from digits.support.parameters import Dataset
from stages import fetch as stage
from tests import aftermath, servers, tiny

import numpy as np
import pytest
import trustme

PIXELS, CLASSES = tiny.digits()
OUTPUT = paths.raw("tiny")


def fetch(
    bare: Path, *sources: dict[str, str], status: int = 0, change: dict[str, Any] | None = None, **environment: Any
) -> str:
    """Run the stage on the given sources and return its standard error."""
    values = tiny.params()
    values["datasets"]["tiny"] = tiny.dataset(*sources) | (change or {})
    tiny.write_params(bare, values)
    return tiny.run("python -m stages.fetch tiny", bare, status=status, **environment).stderr


def dataset(*sources: dict[str, str], **changes: object) -> Dataset:
    """Return the tiny dataset's block with other sources, validated."""
    return Dataset.model_validate(tiny.dataset(*sources) | changes)


def read(block: Dataset) -> Batch:
    """Fetch a dataset in this process."""
    return stage.fetch("tiny", block, None, lambda images: tiny.together(stage.checked(images, block)))


def fetched(made: Path, bare: Path) -> bool:
    """Tell whether the output is, byte for byte, what the made project has fetched."""
    return (bare / OUTPUT).read_bytes() == (made / OUTPUT).read_bytes()


def test_a_folder_and_a_server_give_the_same_file(made: Path, bare: Path) -> None:
    tiny.write_idx_files(bare / "idx")
    assert fetch(bare, {"idx": "idx"}) == ""
    assert fetched(made, bare)
    (bare / OUTPUT).unlink()
    zipped = {name: gzip.compress(content) for name, content in tiny.idx_files().items()}
    with servers.serving(servers.files(zipped)) as server:
        assert fetch(bare, {"idx": f"{server.url}/deep/folder/"}) == ""
        assert server.requests == [f"/deep/folder/{name}" for pair in tiny.FILES for name in pair]
    assert fetched(made, bare)


FILES = tiny.idx_files()
OTHER = FILES["train-images"][:-1] + b"\x05"
FAULTS: dict[str, tuple[servers.Respond, str]] = {
    "hang": (servers.hang, "train-images: timed out"),
    "500": (servers.fail, "train-images: the server answers 500"),
    "portal": (servers.portal, "train-images: not an IDX file of bytes with 3 dimensions: it begins with b'<htm'"),
    "other": (servers.files({**FILES, "train-images": OTHER}), "other content: its sha256 are"),
    "lacks-one": (servers.files(dict(list(FILES.items())[:2])), "t10k-images: the server answers 404"),
}


@pytest.mark.fault
@pytest.mark.parametrize("fault", aftermath.slow_except(["hang", "portal", "other"], FAULTS))
def test_after_a_bad_server_the_next_source_is_tried(
    bare: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    respond, reason = FAULTS[fault]
    if respond is servers.hang:  # less time than users give, but not the others, however busy this machine is
        monkeypatch.setattr(stage, "TIMEOUT", 1)
    tiny.write_idx_files(bare / "idx")
    with servers.serving(respond) as server:
        block = dataset({"idx": server.url}, {"idx": os.fspath(bare / "idx")})
        images = read(block)
    [line] = [line for line in capsys.readouterr().err.splitlines() if "tiny: idx http" in line]  # not the server's own
    assert line.split(f"tiny: idx {server.url}: ")[1].startswith(reason)
    assert line.endswith("; the next source was taken")
    assert np.array_equal(images.pixels, PIXELS)
    assert np.array_equal(images.classes, CLASSES)


@pytest.fixture
def _left_behind() -> Iterator[None]:
    """Wait for the threads of downloads that were given up: nobody closes their connections."""
    yield
    for thread in threading.enumerate():
        if thread.daemon:
            thread.join(5)
    gc.collect()


@pytest.mark.fault
@pytest.mark.usefixtures("_left_behind")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("fault", aftermath.slow_except(["headers", "body"], servers.STALLS))
def test_a_server_that_plays_for_time_is_given_up(
    bare: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, fault: str
) -> None:
    monkeypatch.setattr(stage, "TIMEOUT", 1)
    tiny.write_idx_files(bare / "idx")
    with servers.serving(servers.STALLS[fault]) as server:
        start = time.monotonic()
        images = read(dataset({"idx": server.url}, {"idx": os.fspath(bare / "idx")}))
        assert time.monotonic() - start < 3
    reason = "the server answers 503" if fault == "Retry-After" else "timed out"
    assert f"tiny: idx {server.url}: train-images: {reason}" in capsys.readouterr().err
    assert np.array_equal(images.pixels, PIXELS)


def test_a_slow_server_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    """In twice the time that it may be silent for."""
    content = FILES["train-images"]

    def respond(request: servers.Handler) -> None:
        request.connection.sendall(servers.OK + f"Content-Length: {len(content)}\r\n\r\n".encode())
        for start in range(0, len(content), len(content) // 8):
            request.connection.sendall(content[start : start + len(content) // 8])
            request.server.stopped.wait(0.25)

    one = dataset({"idx": ""})
    with servers.serving(respond) as server:
        file = idx._open(server.url, "train-images", len(content), 1)
    assert np.array_equal(idx.parse(file, tiny.SHAPE, one.images).reshape(-1, 64), PIXELS[: tiny.IMAGES - tiny.TEST])


def test_a_password_in_an_address_is_not_shown(bare: Path) -> None:
    for place in ("http://me:se@cr@127.0.0.1:9", "http://me:se@cr/x@127.0.0.1:9", "https://me:se@cr et@[::1"):
        error = fetch(bare, {"idx": place}, status=1, DATA_MIRROR=place)
        assert error.count("://…@") >= 2
        assert "se@" not in error
        assert "cr" not in error.replace("scr", "").split("Ways out")[0]


@pytest.mark.fault
def test_a_pipe_is_no_idx_file(bare: Path) -> None:
    tiny.write_idx_files(bare / "idx")
    (bare / "idx/train-images").unlink()
    os.mkfifo(bare / "idx/train-images")
    error = fetch(bare, {"idx": "idx"}, status=1)
    assert "idx idx: train-images: is no file, but a folder, a pipe or a device. Ways out" in error


@pytest.mark.fault
def test_a_passing_fault_is_tried_again(made: Path, bare: Path) -> None:
    with servers.serving(servers.fail_once(tiny.idx_files())) as server:
        assert fetch(bare, {"idx": server.url}) == ""
        assert server.requests[:2] == ["/train-images", "/train-images"]
    assert fetched(made, bare)


@pytest.mark.fault
def test_when_no_source_has_it_each_is_named_with_its_reason_and_nothing_is_written(bare: Path) -> None:
    with servers.serving(servers.files({**tiny.idx_files(), "train-images": OTHER})) as server:
        pass  # and nobody listens there any more
    tiny.write_idx_files(bare / "other")
    (bare / "other" / "train-images").write_bytes(OTHER)
    tiny.write_idx_files(bare / "incomplete" / "tiny")
    (bare / "incomplete" / "tiny" / "t10k-labels").unlink()
    places = {"idx": server.url}, {"idx": "other"}
    [line] = fetch(bare, *places, status=1, DATA_MIRROR="incomplete").splitlines()
    assert line.startswith(
        "fetch: error: no source has tiny: idx incomplete/tiny: t10k-labels: No such file or directory; "
        f"idx {server.url}: train-images: "
    )
    assert "Connection refused; idx other: other content: its sha256 are" in line
    assert "DATA_MIRROR" in line
    assert "make demo" in line
    assert not (bare / OUTPUT).exists()


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"images": 350}, "400 images, expected 350"),
        ({"classes": 9}, "label 9, expected 0 to 8"),
        ({"files": [["train-images", "t10k-labels"]]}, "train-images has 300 images, t10k-labels 100 labels"),
    ],
)
def test_another_form_is_refused(bare: Path, change: dict[str, Any], reason: str) -> None:
    tiny.write_idx_files(bare / "idx")
    with pytest.raises(PipelineError) as error:
        read(dataset({"idx": os.fspath(bare / "idx")}, **change))
    assert reason in str(error.value)


def test_the_mirror_comes_first(made: Path, bare: Path) -> None:
    tiny.write_idx_files(bare / "mirror" / "tiny")
    with servers.serving(servers.fail) as server:
        assert fetch(bare, {"idx": server.url}, DATA_MIRROR="mirror") == ""
        assert server.requests == []
    assert fetched(made, bare)


def test_a_block_and_a_kind_of_source_that_are_not_there_are_named(bare: Path) -> None:
    [line] = fetch(bare, {"idz": "idx"}, status=2).splitlines()
    assert "sources: there is no 'idz'. Did you mean 'idx'? Valid: folder, " in line
    line = tiny.failure("python -m stages.fetch tinny", bare, 2)
    assert line == "fetch: error: params.yaml: datasets: there is no 'tinny'. Did you mean 'tiny'? Valid: tiny"


def openml(request: servers.Handler) -> None:
    """Speak the part of OpenML's API that scikit-learn asks, zipped as OpenML does."""
    rows = [",".join(map(str, [*row, label])) for row, label in zip(PIXELS.tolist(), CLASSES.tolist(), strict=True)]
    file = "\n".join(["@RELATION tiny", "@DATA", *rows, ""]).encode()
    own = {"is_ignore": "false", "is_row_identifier": "false", "number_of_missing_values": "0"}
    kinds = {f"attribute_{i + 1}": "numeric" for i in range(PIXELS.shape[1])} | {"class": "nominal"}
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


def unknown(request: servers.Handler) -> None:
    """Answer as OpenML does about a dataset that it has not."""
    request.answer(b'{"error": {"code": "372", "message": "No results"}}', 412)


def test_openml_is_asked_through_scikit_learn(made: Path, bare: Path) -> None:
    """A proxy on the loopback address stands in for OpenML, certificate and all: the stage cannot tell."""
    vouching = trustme.CA()
    vouching.cert_pem.write_to_path(str(authority := bare / "authority.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    vouching.issue_cert("www.openml.org").configure_cert(context)
    environment: dict[str, Any] = {"no_proxy": "", "SSL_CERT_FILE": os.fspath(authority)}
    with servers.serving(openml, context) as server:
        assert fetch(bare, {"openml": "tiny/1"}, https_proxy=server.url, **environment) == ""
        assert server.requests
    assert fetched(made, bare)
    (bare / OUTPUT).unlink()
    with servers.serving(unknown, context) as server:
        [line] = fetch(bare, {"openml": "tiny/1"}, status=1, https_proxy=server.url, **environment).splitlines()
    assert "openml tiny/1: Dataset tiny with version 1 not found." in line
    assert not (bare / OUTPUT).exists()


@pytest.mark.fault
@pytest.mark.usefixtures("_left_behind")
@pytest.mark.filterwarnings("ignore::ResourceWarning")
@pytest.mark.parametrize("fault", aftermath.slow_except(["headers"], servers.STALLS))
def test_an_openml_that_plays_for_time_is_given_up(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fault: str) -> None:
    vouching = trustme.CA()
    vouching.cert_pem.write_to_path(str(authority := tmp_path / "authority.pem"))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    vouching.issue_cert("www.openml.org").configure_cert(context)
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("SSL_CERT_FILE", os.fspath(authority))
    with servers.serving(servers.STALLS[fault], context) as server:
        monkeypatch.setenv("https_proxy", server.url)
        start = time.monotonic()
        with pytest.raises(SourceError, match="timed out"):
            tiny.together(openml_source.read("tiny/1", dataset({"openml": "tiny/1"}), 1))
        assert time.monotonic() - start < 3


@pytest.mark.fault
def test_a_gzip_bomb_takes_no_memory() -> None:
    bomb = gzip.compress(FILES["train-images"]) + servers.BOMB
    with servers.serving(servers.files({**FILES, "train-images": bomb})) as server:
        tracemalloc.start()
        with pytest.raises(SourceError, match="values, not the 19200 that its header"):
            tiny.together(idx.read(server.url, dataset({"idx": server.url}), 1))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 20_000_000
