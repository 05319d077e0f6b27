"""`stages/fetch.py` as a program, against folders and real servers on the loopback address."""

import gzip
import hashlib
import json
import os
import ssl
import sys
import tracemalloc
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import trustme

from digits.common.cli import PipelineError
from digits.sources.limits import SourceError
from digits.sources.readers import READERS, Form, together
from stages import fetch as stage
from tests import servers, tiny

PIXELS, CLASSES = tiny.digits()
OUTPUT = "data/raw/tiny.parquet"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return an empty folder with the stages in it."""
    for package in ("digits", "stages"):
        (tmp_path / package).symlink_to(tiny.ROOT / package)
    return tmp_path


def fetch(
    folder: Path, *sources: dict[str, str], status: int = 0, change: dict[str, Any] | None = None, **environment: str
) -> str:
    """Run the stage on the given sources and return what it says."""
    values = tiny.params()
    values["datasets"]["tiny"] = tiny.dataset(*sources) | (change or {})
    tiny.write_params(folder, values)
    command = ["python", "-m", "stages.fetch", "tiny", OUTPUT, "--timeout", "1"]
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


OTHER = tiny.idx_files()["train-images"][:-1] + b"\x05"
FAULTS: dict[str, tuple[servers.Respond, str]] = {
    "hang": (servers.hang, "train-images: no answer within 0.3 s"),
    "break-off": (servers.break_off, "train-images: "),
    "500": (servers.fail, "train-images: the server answers 500"),
    "portal": (servers.portal, "train-images: not an IDX file of bytes: it begins with b'<htm'"),
    "drip": (servers.drip, "train-images: comes more slowly than 10 kB a second"),
    "drip-headers": (servers.drip_headers, "train-images: no answer within 0.3 s"),
    "drip-redirect": (servers.drip_redirect, "train-images: the server answers 500"),
    "circles": (servers.go_in_circles, "train-images: redirects more than 5 times"),
    "nowhere": (servers.lead_nowhere, "train-images: redirects to what is no address (Invalid IPv6 URL)"),
    "reset": (servers.reset, "train-images: [Errno "),
    "404": (servers.files({}), "train-images: the server answers 404"),
    "larger": (
        servers.files({name: bytes(10**6) for name, _ in tiny.FILES}),
        "train-images: is larger than the dataset can be",
    ),
    "other": (servers.files({**tiny.idx_files(), "train-images": OTHER}), "other content: its sha256 are"),
    "bomb": (servers.explode, "train-images: not an IDX file of bytes: it begins with b'\\x00\\x00\\x00\\x00'"),
    "labels": (servers.files({**tiny.idx_files(), "train-labels": OTHER}), "train-labels: its items have the shape"),
}


@pytest.mark.fault
@pytest.mark.parametrize(("respond", "reason"), FAULTS.values(), ids=FAULTS)
def test_after_a_bad_server_the_next_source_is_tried(
    folder: Path, capsys: pytest.CaptureFixture[str], respond: servers.Respond, reason: str
) -> None:
    tiny.write_idx_files(folder / "idx")
    with servers.serving(respond) as server:
        dataset = stage.Dataset.model_validate(tiny.dataset({"idx": server.url}, {"idx": os.fspath(folder / "idx")}))
        images = stage.fetch("tiny", dataset, None, 0.3, together)
    [said] = [line for line in capsys.readouterr().err.splitlines() if "tiny: idx http" in line]  # not the server's own
    assert said.split(f"tiny: idx {server.url}: ")[1].startswith(reason)
    assert np.array_equal(images.pixels, PIXELS)
    assert np.array_equal(images.classes, CLASSES)


@pytest.mark.fault
def test_a_bad_server_is_told_in_a_line_and_its_file_is_another_s(made: Path, folder: Path) -> None:
    tiny.write_idx_files(folder / "idx")
    with servers.serving(servers.portal) as server:
        said = fetch(folder, {"idx": server.url}, {"idx": "idx"})
    reason = "train-images: not an IDX file of bytes: it begins with b'<htm'"
    assert said == f"fetch: tiny: idx {server.url}: {reason}\n"
    assert fetched(made, folder)


@pytest.mark.fault
def test_a_passing_fault_is_tried_again(made: Path, folder: Path) -> None:
    with servers.serving(servers.fail_once(tiny.idx_files())) as server:
        assert fetch(folder, {"idx": server.url}) == ""
        assert server.requests[:2] == ["/train-images", "/train-images"]
    assert fetched(made, folder)


@pytest.mark.fault
def test_other_content_is_refused_and_nothing_is_written(folder: Path) -> None:
    other = {**tiny.idx_files(), "train-images": OTHER}
    with servers.serving(servers.files(other)) as server:
        said = fetch(folder, {"idx": server.url}, {"idx": "nowhere"}, status=1).splitlines()
    assert "other content: its sha256 are" in said[0]
    assert "train-images: No such file or directory" in said[1]
    assert said[-1].startswith("fetch: error: no source has tiny: ")
    assert "DATA_MIRROR" in said[-1]
    assert "make demo" in said[-1]
    assert not (folder / "data").exists()


@pytest.mark.fault
def test_nobody_listens(folder: Path) -> None:
    with servers.serving(servers.hang) as server:
        url = server.url
    assert "Connection refused" in fetch(folder, {"idx": url}, status=1)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"images": 99}, "its header promises 300 items, expected at most 99"),
        ({"images": 401}, "400 images of 64 pixels and 400 labels, expected 401 images of 8 × 8"),
        ({"images": 350}, "400 images of 64 pixels and 400 labels, expected 350 images of 8 × 8"),
        (
            {"images": 350, "enlarged": {"first": 300, "to": 500, "seed": 1}},
            "400 images of 64 pixels and 400 labels, expected 350 images of 8 × 8",
        ),
        ({"shape": [4, 16]}, "its items have the shape (8, 8), expected (4, 16)"),
        ({"classes": 9}, "label 9, expected 0 to 8"),
        ({"files": [["train-images", "t10k-labels"]]}, "train-images has 300 images, t10k-labels 100 labels"),
    ],
)
def test_another_form_is_refused(folder: Path, change: dict[str, Any], reason: str) -> None:
    tiny.write_idx_files(folder / "idx")
    assert reason in fetch(folder, {"idx": "idx"}, status=1, change=change)
    assert not (folder / "data").exists()


@pytest.mark.parametrize("seconds", ["nan", "-1", "soon"])
def test_a_timeout_is_a_number_of_seconds(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, seconds: str
) -> None:
    monkeypatch.setattr(sys, "argv", ["fetch.py", "tiny", OUTPUT, "--timeout", seconds])
    with pytest.raises(SystemExit) as status:
        stage.main()
    assert status.value.code == 2
    assert f"--timeout: '{seconds}' is no number of seconds up to 3600" in capsys.readouterr().err


@pytest.mark.fault
def test_a_file_far_too_large_is_not_read(folder: Path) -> None:
    with (folder / "train-images").open("wb") as file:
        file.truncate(1 << 36)  # a hole of 64 GB
    with pytest.raises(SourceError, match="train-images: is larger than the dataset can be"):
        together(
            READERS["idx"](os.fspath(folder), Form(tiny.IMAGES, tiny.SHAPE, [("train-images", "train-labels")]), 1)
        )


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


def openml(
    pixels: npt.NDArray[Any] = PIXELS,
    labels: Sequence[object] = tuple(CLASSES.tolist()),
    *,
    targets: Sequence[str] = ("class",),
    column: str = "pixel",
    kind: str = "ARFF",
    other: dict[str, servers.Respond] | None = None,
    zipped: bool = False,
) -> servers.Respond:
    """Speak the part of OpenML's API that scikit-learn asks, about the tiny dataset.

    Args:
        pixels: shape (rows, columns).
        labels: a value for each row.
        targets: those of the columns that are named to be predicted.
        column: how the columns of pixels are called, but for their numbers.
        kind: the format that the description names.
        other: how to answer requests whose path ends with a key.
        zipped: answer with `Content-Encoding: gzip`.
    """
    names = [f"{column}{i + 1}" for i in range(pixels.shape[1])]
    rows = [",".join(map(str, [*row, label])) for row, label in zip(pixels.tolist(), labels, strict=True)]
    arff = "\n".join(["@RELATION tiny", "@DATA", *rows, ""]).encode()
    feature = {"is_ignore": "false", "is_row_identifier": "false", "number_of_missing_values": "0"}
    features = [
        {**feature, "index": str(i), "name": name, "data_type": kind, "is_target": str(name in targets).lower()}
        for i, (name, kind) in enumerate([*((name, "numeric") for name in names), ("class", "nominal")])
    ]
    description = {"id": "1", "name": "tiny", "version": "1", "format": kind, "status": "active", "file_id": "1"}
    description |= {"description": "", "url": "https://www.openml.org/data/v1/download/1/tiny.arff"}
    description |= {"md5_checksum": hashlib.md5(arff, usedforsecurity=False).hexdigest()}
    dataset = {"did": 1, "name": "tiny", "version": 1, "status": "active"}
    answers: dict[str, object] = {
        "/api/v1/json/data/list/data_name/tiny/limit/2/data_version/1": {"data": {"dataset": [dataset]}},
        "/api/v1/json/data/1": {"data_set_description": description},
        "/api/v1/json/data/features/1": {"data_features": {"feature": features}},
        "/api/v1/json/data/qualities/1": {
            "data_qualities": {"quality": [{"name": "NumberOfInstances", "value": str(len(rows))}]}
        },
    }

    def respond(request: servers.Handler) -> None:
        for end, instead in (other or {}).items():
            if request.path.endswith(end):
                instead(request)
                return
        content = arff if request.path.endswith(".arff") else json.dumps(answers[request.path]).encode()
        if zipped:
            request.answer(gzip.compress(content), Content_Encoding="gzip")
        else:
            request.answer(content)

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


def unknown(request: servers.Handler) -> None:
    """Answer as OpenML does about a dataset that it has not."""
    request.answer(b'{"error": {"code": "372", "message": "No results"}}', 412)


@pytest.mark.parametrize("zipped", [False, True])
def test_openml_is_asked_through_scikit_learn(
    made: Path, folder: Path, certificates: tuple[ssl.SSLContext, Path], zipped: bool
) -> None:
    """A proxy on the loopback address stands in for OpenML, certificate and all: the stage cannot tell."""
    context, authority = certificates
    environment: dict[str, Any] = {"no_proxy": "", "SSL_CERT_FILE": os.fspath(authority)}
    with servers.serving(openml(zipped=zipped), context) as server:
        assert fetch(folder, {"openml": "tiny/1"}, https_proxy=server.url, **environment) == ""
        assert server.requests
    assert fetched(made, folder)
    (folder / OUTPUT).unlink()
    with servers.serving(openml(other={"": unknown}), context) as server:
        said = fetch(folder, {"openml": "tiny/1"}, status=1, https_proxy=server.url, **environment).splitlines()
    assert "openml tiny/1: gives what cannot be read (OpenMLError: Dataset tiny with version 1 not found.)" in said[0]
    assert len(said) == 2
    assert not (folder / OUTPUT).exists()


WORDS = ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine"]
NOT_WHOLE = "its values are not all whole numbers from 0 to 255"
OPENML: dict[str, tuple[servers.Respond, str]] = {
    "fractions": (openml(PIXELS + 0.5), NOT_WHOLE),
    "too-large": (openml(PIXELS + 300.0), NOT_WHOLE),
    "missing": (openml(np.where(PIXELS == 3, np.nan, PIXELS)), ""),
    "fewer-columns": (openml(PIXELS[:, :60]), "400 images of 60 pixels and 400 labels, expected 400 images of 8 × 8"),
    "more-columns": (openml(np.hstack([PIXELS, PIXELS])), "400 images of 128 pixels"),
    "fewer-rows": (openml(PIXELS[:399], CLASSES.tolist()[:399]), "399 images of 64 pixels"),
    "one-row": (openml(PIXELS[:1], [1]), "1 images of 64 pixels"),
    "text": (openml(np.where(PIXELS == 3, "three", PIXELS.astype(str))), "could not convert string to float"),
    "words": (openml(labels=[WORDS[label] for label in CLASSES]), "could not convert string to float"),
    "other-labels": (openml(labels=[label + 1 for label in CLASSES.tolist()]), "label 10, expected 0 to 9"),
    "no-target": (openml(targets=[]), "gives what cannot be read (AttributeError"),
    "two-targets": (openml(targets=["pixel3", "pixel4"]), "has no target column, or several"),
    "other-target": (openml(targets=["pixel3"]), "label 16, expected 0 to 9"),
    "sparse": (openml(kind="Sparse_ARFF"), "ValueError"),
    "500": (servers.fail, "HTTPError: HTTP Error 500"),
    "hang": (servers.hang, "timed out"),
    "portal": (servers.portal, "JSONDecodeError"),
    "break-off": (servers.break_off, "breaks off after 1000 bytes"),
    "break-off-later": (openml(other={".arff": servers.break_off}), "breaks off after 1000 bytes"),
    "drip": (servers.drip, "comes more slowly than 10 kB a second"),
    "drip-later": (openml(other={".arff": servers.drip}), "comes more slowly than 10 kB a second"),
    "circles": (servers.go_in_circles, "HTTPError: HTTP Error 302"),
    "reset": (servers.reset, "onnect"),
    "bomb": (servers.explode, "is larger than the dataset can be"),
    "bomb-later": (openml(other={".arff": servers.explode}), "is larger than the dataset can be"),
    "deep": (lambda request: request.answer(b"[" * 100_000), "RecursionError"),
    "other-json": (lambda request: request.answer(b"[1]"), "TypeError"),
    "other-file": (openml(other={".arff": lambda request: request.answer(b"1,2")}), "md5 checksum"),
}


@pytest.mark.fault
@pytest.mark.parametrize(("respond", "reason"), OPENML.values(), ids=OPENML)
def test_another_answer_of_openml_is_refused(
    certificates: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch, respond: servers.Respond, reason: str
) -> None:
    context, authority = certificates
    dataset = stage.Dataset.model_validate(tiny.dataset({"openml": "tiny/1"}))
    monkeypatch.setenv("no_proxy", "")
    monkeypatch.setenv("SSL_CERT_FILE", os.fspath(authority))
    with servers.serving(respond, context) as server:
        monkeypatch.setenv("https_proxy", server.url)
        with pytest.raises(PipelineError) as error:
            stage.fetch("tiny", dataset, None, 0.3, together)
    assert str(error.value).startswith("no source has tiny: openml tiny/1: ")
    assert reason in str(error.value)
    assert len(str(error.value)) < 800


def test_openml_may_call_the_columns_as_it_likes(
    certificates: tuple[ssl.SSLContext, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What they hold is pinned."""
    context, authority = certificates
    dataset = stage.Dataset.model_validate(tiny.dataset({"openml": "tiny/1"}))
    with servers.serving(openml(column="attribute_"), context) as server:
        for name, value in {"https_proxy": server.url, "no_proxy": "", "SSL_CERT_FILE": os.fspath(authority)}.items():
            monkeypatch.setenv(name, value)
        assert np.array_equal(stage.fetch("tiny", dataset, None, 1, together).pixels, PIXELS)


def test_openml_needs_a_version() -> None:
    with pytest.raises(SourceError, match="is no name and version such as mnist_784/1"):
        together(READERS["openml"]("tiny", Form(tiny.IMAGES, tiny.SHAPE, []), 1))


@pytest.mark.fault
@pytest.mark.parametrize("kind", ["server", "folder"])
def test_a_gzip_bomb_takes_no_memory(folder: Path, kind: str) -> None:
    names = [f"{i}.gz" for i in range(2)]
    form = Form(tiny.IMAGES, tiny.SHAPE, [(names[0], names[1])])
    content = gzip.compress(tiny.idx_files()["train-images"]) + servers.BOMB
    contents = {names[0]: content, names[1]: tiny.idx_files()["train-labels"]}
    for name, given in contents.items():
        (folder / name).write_bytes(given)
    with servers.serving(servers.files(contents)) as server:
        place = server.url if kind == "server" else os.fspath(folder)
        tracemalloc.start()
        with pytest.raises(SourceError, match="more values than the 19200"):
            together(READERS["idx"](place, form, 1))
    most = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert most < 20_000_000


def test_a_dataset_that_is_not_there_is_named(folder: Path) -> None:
    tiny.write_params(folder, tiny.params())
    done = tiny.run(["python", "-m", "stages.fetch", "tinny", OUTPUT], folder, status=2)
    assert done.stderr == "fetch: error: params.yaml: datasets: there is no 'tinny'. Did you mean 'tiny'? Valid: tiny\n"
