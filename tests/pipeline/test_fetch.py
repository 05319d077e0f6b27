"""`stages/fetch.py` as a program, against folders and real servers on the loopback address."""

import gzip
import hashlib
import json
import os
import ssl
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import trustme

import servers
import tiny

OUTPUT = "data/raw/tiny.parquet"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return an empty folder with the stages in it."""
    (tmp_path / "stages").symlink_to(tiny.ROOT / "stages")
    return tmp_path


def fetch(
    folder: Path, *sources: dict[str, str], status: int = 0, change: dict[str, Any] | None = None, **environment: str
) -> str:
    """Run the stage on the given sources and return what it says."""
    values = tiny.params()
    values["datasets"]["tiny"] = tiny.dataset(*sources) | (change or {})
    tiny.write_params(folder, values)
    command = ["python", "stages/fetch.py", "tiny", OUTPUT, "--timeout", "1"]
    return tiny.run(command, folder, status=status, **environment).stderr


def fetched(made: Path, folder: Path) -> bool:
    """Tell whether the output is, byte for byte, what the made project has fetched."""
    return (folder / OUTPUT).read_bytes() == (made / OUTPUT).read_bytes()


def test_a_folder_and_a_server_give_the_same_file(made: Path, folder: Path) -> None:
    tiny.write_idx_files(folder / "idx")
    assert fetch(folder, {"idx": "idx"}) == ""
    assert fetched(made, folder)
    (folder / OUTPUT).unlink()
    zipped = {name: gzip.compress(content) for name, content in tiny.idx_files().items()}
    with servers.serving(servers.files(zipped)) as server:
        assert fetch(folder, {"idx": f"{server.url}/deep/folder/"}) == ""
        assert server.requests == [f"/deep/folder/{name}" for pair in tiny.FILES for name in pair]
    assert fetched(made, folder)


@pytest.mark.parametrize(
    ("respond", "reason"),
    [
        (servers.hang, "train-images: no answer within 1 s"),
        (servers.break_off, "train-images: "),
        (servers.fail, "train-images: the server answers 500"),
        (servers.portal, "train-images: not an IDX file of bytes: it begins with b'<htm'"),
        (servers.drip, "train-images: comes more slowly than 10 kB a second"),
        (servers.files({}), "train-images: the server answers 404"),
        (servers.files({name: bytes(10**6) for name, _ in tiny.FILES}), "is larger than the dataset can be"),
    ],
    ids=["hang", "break-off", "500", "portal", "drip", "404", "larger"],
)
def test_after_a_bad_server_the_next_source_is_tried(
    made: Path, folder: Path, respond: servers.Respond, reason: str
) -> None:
    tiny.write_idx_files(folder / "idx")
    with servers.serving(respond) as server:
        said = fetch(folder, {"idx": server.url}, {"idx": "idx"})
        assert said.startswith(f"fetch: tiny: idx {server.url}: {reason}") or reason in said
        assert len(said.splitlines()) == 1
    assert fetched(made, folder)


def test_a_passing_fault_is_tried_again(made: Path, folder: Path) -> None:
    with servers.serving(servers.fail_once(tiny.idx_files())) as server:
        assert fetch(folder, {"idx": server.url}) == ""
        assert server.requests[:2] == ["/train-images", "/train-images"]
    assert fetched(made, folder)


def test_other_content_is_refused_and_nothing_is_written(folder: Path) -> None:
    other = tiny.idx_files()
    other["train-images"] = other["train-images"][:-1] + b"\x05"
    with servers.serving(servers.files(other)) as server:
        said = fetch(folder, {"idx": server.url}, {"idx": "nowhere"}, status=1).splitlines()
    assert "other content: its sha256 are" in said[0]
    assert "train-images: No such file or directory" in said[1]
    assert said[-1].startswith("fetch: error: no source has tiny: ")
    assert "DATA_MIRROR" in said[-1]
    assert "make demo" in said[-1]
    assert not (folder / "data").exists()


def test_nobody_listens(folder: Path) -> None:
    with servers.serving(servers.hang) as server:
        url = server.url
    assert "Connection refused" in fetch(folder, {"idx": url}, status=1)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"images": 99}, "its header promises 300 items, expected at most 99"),
        ({"images": 401}, "400 images of 64 pixels and 400 labels, expected 401 images of 8 × 8"),
        ({"shape": [4, 16]}, "its items have the shape (8, 8), expected (4, 16)"),
        ({"classes": 9}, "label 9, expected 0 to 8"),
        ({"files": [["train-images", "t10k-labels"]]}, "train-images has 300 images, t10k-labels 100 labels"),
    ],
)
def test_another_form_is_refused(folder: Path, change: dict[str, Any], reason: str) -> None:
    tiny.write_idx_files(folder / "idx")
    assert reason in fetch(folder, {"idx": "idx"}, status=1, change=change)
    assert not (folder / "data").exists()


def test_the_mirror_comes_first(made: Path, folder: Path) -> None:
    tiny.write_idx_files(folder / "mirror" / "tiny")
    with servers.serving(servers.fail) as server:
        assert fetch(folder, {"idx": server.url}, DATA_MIRROR="mirror") == ""
        assert server.requests == []
    assert fetched(made, folder)
    with servers.serving(servers.files(tiny.idx_files())) as server:
        fetch(folder, {"idx": "nowhere"}, DATA_MIRROR=f"{server.url}/")
        assert server.requests[0] == "/tiny/train-images"
    assert fetched(made, folder)


def test_a_missing_digest_prints_the_digest_to_pin(folder: Path) -> None:
    tiny.write_idx_files(folder / "idx")
    said = fetch(folder, {"idx": "idx"}, status=2, change={"sha256": None})
    digests = tiny.dataset()["sha256"]
    assert f"sha256: {{pixels: {digests['pixels']}, labels: {digests['labels']}}}" in said
    assert not (folder / "data").exists()


def openml(status: str = "active", pixels: np.ndarray[Any, Any] | None = None) -> servers.Respond:
    """Speak the part of OpenML's API that scikit-learn asks, about the tiny dataset."""
    digits, classes = tiny.digits()
    values = digits if pixels is None else pixels
    names = [f"pixel{i + 1}" for i in range(64)]
    header = ["@RELATION tiny", *(f"@ATTRIBUTE {name} REAL" for name in names)]
    header += [f"@ATTRIBUTE class {{{','.join(map(str, range(10)))}}}", "@DATA"]
    rows = [",".join(map(str, [*row, label])) for row, label in zip(values.tolist(), classes, strict=True)]
    arff = "\n".join([*header, *rows, ""]).encode()
    feature = {
        "is_target": "false",
        "is_ignore": "false",
        "is_row_identifier": "false",
        "number_of_missing_values": "0",
    }
    features = [{"index": str(i), "name": name, "data_type": "numeric", **feature} for i, name in enumerate(names)]
    features.append({**feature, "index": "64", "name": "class", "data_type": "nominal", "is_target": "true"})
    description = {"id": "1", "name": "tiny", "version": "1", "format": "ARFF", "status": status, "file_id": "1"}
    description |= {"description": "", "url": "https://www.openml.org/data/v1/download/1/tiny.arff"}
    description |= {"md5_checksum": hashlib.md5(arff, usedforsecurity=False).hexdigest()}
    answers = {
        "/api/v1/json/data/list": {"data": {"dataset": [{"did": 1, "name": "tiny", "version": 1, "status": status}]}},
        "/api/v1/json/data/1": {"data_set_description": description},
        "/api/v1/json/data/features/1": {"data_features": {"feature": features}},
        "/api/v1/json/data/qualities/1": {
            "data_qualities": {"quality": [{"name": "NumberOfInstances", "value": str(tiny.IMAGES)}]}
        },
    }

    def respond(request: servers.Handler) -> None:
        path = request.path if "list" not in request.path else "/api/v1/json/data/list"
        request.answer(arff if path.endswith(".arff") else json.dumps(answers[path]).encode())

    return respond


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> tuple[ssl.SSLContext, Path]:
    """Return a server's TLS context for OpenML's name, and the file of the authority that vouches for it."""
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("www.openml.org").configure_cert(context)
    path = tmp_path_factory.mktemp("tls") / "authority.pem"
    authority.cert_pem.write_to_path(str(path))
    return context, path


@pytest.mark.parametrize(
    ("respond", "reason"),
    [
        (openml(), None),
        (openml(pixels=tiny.digits()[0] + 0.5), "its values are not all whole numbers from 0 to 255"),
        (openml(pixels=tiny.digits()[0] + 300.0), "its values are not all whole numbers from 0 to 255"),
        (servers.fail, "HTTPError: HTTP Error 500"),
        (servers.hang, "timed out"),
        (servers.portal, "JSONDecodeError"),
        (servers.break_off, "Incomplete"),
    ],
    ids=["well", "fractions", "too-large", "500", "hang", "portal", "break-off"],
)
def test_openml_is_asked_through_scikit_learn(
    made: Path, folder: Path, certificates: tuple[ssl.SSLContext, Path], respond: servers.Respond, reason: str | None
) -> None:
    """A proxy on the loopback address stands in for OpenML, certificate and all: the stage cannot tell."""
    context, authority = certificates
    with servers.serving(respond, context) as server:
        environment: dict[str, Any] = {"https_proxy": server.url, "no_proxy": "", "SSL_CERT_FILE": os.fspath(authority)}
        said = fetch(folder, {"openml": "tiny/1"}, status=0 if reason is None else 1, **environment)
        assert server.requests
    if reason is None:
        assert said == ""
        assert fetched(made, folder)
    else:
        assert reason in said
        assert not (folder / "data").exists()


def test_a_dataset_that_is_not_there_is_named(folder: Path) -> None:
    tiny.write_params(folder, tiny.params())
    done = tiny.run(["python", "stages/fetch.py", "tinny", OUTPUT], folder, status=2)
    assert done.stderr == "fetch: error: params.yaml: datasets: there is no 'tinny'. Did you mean 'tiny'? Valid: tiny\n"
