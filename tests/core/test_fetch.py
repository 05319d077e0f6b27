"""Fetching a dataset: the order of its sources, what they may not give, servers that fail."""

import gzip
import re
import socket
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from pytest_httpserver import HTTPServer
from werkzeug import Response

from digits.core.images import Images
from digits.fetching.conversion import (
    add_groups,
    choose_names,
    encode_classes,
    make_images,
    to_uint8,
    transpose,
)
from digits.fetching.fetch import compute_checksums
from digits.messages.errors import UserError
from digits.settings.params import DatasetParams
from digits.sources import idx, sklearn
from tests.helpers import tiny
from tests.helpers.calls import call, failure
from tests.helpers.servers import in_place_of_openml, serve_files, serve_openml

FETCH = ["fetch", "tiny"]
FILES = tiny.idx_files()


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
    assert tiny.pixels_of(table).tolist() == pixels.tolist()
    assert table["class"].tolist() == classes.tolist()
    assert table.attrs == {"shape": [8, 8], "pixel_max": 16}


def test_the_mirror_is_tried_first_and_all_sources_give_the_same_bytes(
    folder: Path, httpserver_ipv4: HTTPServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    raw = folder / "data/raw/tiny.parquet"
    use_sources(folder, {"idx": "idx"})
    call(folder, *FETCH)
    expected = raw.read_bytes()

    (folder / "idx").rename(folder / "tiny")  # as in a mirror
    compressed = {name: gzip.compress(content) for name, content in FILES.items()}
    serve_files(httpserver_ipv4, compressed)
    url = httpserver_ipv4.url_for("/mnist/")
    use_sources(folder, {"files": "nowhere"}, {"idx": "nowhere"}, {"idx": url})
    for mirror, n_requests in [("", 4), (".", 0)]:
        monkeypatch.setenv("DATA_MIRROR", mirror)
        httpserver_ipv4.clear_log()
        assert call(folder, *FETCH).stderr == ""
        paths = [request.path for request, _ in httpserver_ipv4.log]
        assert sorted(paths) == [f"/mnist/{name}" for name in sorted(FILES)][:n_requests]
        assert raw.read_bytes() == expected


def test_the_mirror_is_not_tried_for_a_dataset_that_needs_no_internet(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    use_sources(tmp_path, {"files": "nowhere"})
    monkeypatch.setenv("DATA_MIRROR", "elsewhere")
    line = failure(tmp_path, *FETCH)
    assert line.startswith("Error: no source has tiny: files nowhere: was not found; ")
    assert "DATA_MIRROR" not in line


HALF_GZIP = gzip.compress(FILES["train-images"])[:99]
NOT_WHOLE = Response(FILES["train-images"][:1000])
NOT_WHOLE.content_length = 9999

# What a server answers to the request of the first file, and a part of the error.
FAILURES = {
    "lacks the file": (Response(status=404), "404 Client Error"),
    "closes the connection": (NOT_WHOLE, "Connection broken"),
    "asks to sign in": (Response("<html>Sign in"), "not an IDX file: it begins"),
    "sends half a gzip file": (Response(HALF_GZIP), "ended before"),
    "sends labels for images": (
        Response(FILES["train-labels"]),
        "cannot reshape array of size",
    ),
}


@pytest.mark.parametrize(("answer", "reason"), FAILURES.values(), ids=FAILURES)
def test_a_server_that_fails_is_one_line(
    folder: Path, httpserver_ipv4: HTTPServer, answer: Response, reason: str
) -> None:
    httpserver_ipv4.expect_request("/train-images").respond_with_response(answer)
    url = httpserver_ipv4.url_for("")
    use_sources(folder, {"idx": url})
    before = tiny.files(folder)
    line = failure(folder, *FETCH)
    assert line.startswith(f"Error: no source has tiny: idx {url}: ")
    assert reason in line
    assert line.endswith(
        ". Without internet, run `make demo`, which needs no download, or set DATA_MIRROR to a "
        "folder with the idx files in tiny/"
    )
    assert tiny.files(folder) == before


def test_other_labels_than_the_pinned_ones_are_one_line(folder: Path) -> None:
    use_sources(folder, {"idx": "idx"})
    labels = folder / "idx/t10k-labels"
    labels.write_bytes(labels.read_bytes()[:-1] + b"\7")
    assert "idx idx: labels: " in failure(folder, *FETCH)


def test_a_folder_without_checksums_must_be_a_dependency(project: Path) -> None:
    tiny.edit(project, {"datasets.tiny.sha256": ...})
    line = "dvc.yaml: the stage `fetch` does not depend on idx; add it to `deps`"
    assert failure(project, *FETCH) == f"Error: {line}"
    tiny.add_dependency(project, "idx")
    printed = call(project, *FETCH).stdout
    assert printed.startswith("400 images of 10 classes: ")


def test_a_server_that_is_down_is_one_line(folder: Path) -> None:
    # The port is bound, so that no other program takes it, but nobody listens there.
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        port = silent.getsockname()[1]
        url = f"http://127.0.0.1:{port}"
        use_sources(folder, {"idx": url})
        line = failure(folder, *FETCH)
    reason = f"idx {url}: train-images: Connection refused"
    assert line.startswith(f"Error: no source has tiny: {reason}. Without internet, ")


@pytest.mark.parametrize(
    ("name", "is_test"),
    [("digits_test_images", True), ("contest-images", False), ("testing-images", False)],
)
def test_idx_files_with_the_word_test_are_the_test_set(name: str, is_test: bool) -> None:
    assert (idx.TEST_NAME.search(name) is not None) == is_test


def test_a_damaged_idx_file_is_refused() -> None:
    labels = FILES["train-labels"]
    for damaged in [labels + b"\0", labels[:-1], labels[:5]]:
        with pytest.raises(ValueError, match=r"cannot reshape array|buffer is smaller"):
            idx.parse(damaged)


@pytest.mark.parametrize(
    ("code", "dtype"),
    [(8, ">u1"), (9, ">i1"), (11, ">i2"), (12, ">i4"), (13, ">f4"), (14, ">f8")],
)
def test_idx_files_have_values_of_six_types(code: int, dtype: str) -> None:
    values = np.array([[3, 1], [2, 100]]).astype(dtype)
    sizes = (2).to_bytes(4, "big") * 2
    content = bytes([0, 0, code, 2]) + sizes + values.tobytes()
    assert idx.parse(content).tolist() == [[3, 1], [2, 100]]


@pytest.mark.parametrize(
    ("source", "reason", "needs_internet"),
    [
        ({"openml": "tiny"}, "expected a name and a version, such as mnist_784/1", True),
        ({"sklearn": "iris"}, "scikit-learn ships no images called 'iris', only", False),
    ],
)
def test_a_source_with_a_wrong_name_is_one_line(
    source: dict[str, str], reason: str, needs_internet: bool, tmp_path: Path
) -> None:
    use_sources(tmp_path, source)
    line = failure(tmp_path, *FETCH)
    assert reason in line
    assert ("set DATA_MIRROR" in line) == needs_internet


def test_openml_is_asked_through_scikit_learn(
    folder: Path, httpserver_ipv4: HTTPServer
) -> None:
    use_sources(folder, {"openml": "tiny/1"})
    serve_openml(httpserver_ipv4, "tiny")
    with in_place_of_openml(httpserver_ipv4):
        call(folder, *FETCH)
    assert any("/data_version/1" in request.path for request, _ in httpserver_ipv4.log)
    assert socket.getdefaulttimeout() is None  # as before
    labels = pd.read_parquet(folder / "data/raw/tiny.parquet")["class"]
    assert labels.tolist() == tiny.digits()[1].tolist()


def test_the_digits_of_scikit_learn_are_of_fourteen_forms() -> None:
    entry = {**tiny.dataset({"sklearn": "digits"}), "pixel_max": 16}
    dataset = DatasetParams.model_validate(entry)
    images = make_images(sklearn.source.open("digits", dataset), dataset)
    forms = [
        "".join(str(digit) for digit in classes)
        for _, classes in images.table.groupby("group")["class"]
    ]
    assert len(forms) == 14
    for form in forms:
        assert re.match("(0?1?2?3?4?5?6?7?8?9?){3}0955650", form)


def test_an_image_in_another_named_group_changes_the_checksum() -> None:
    checksums = set()
    for groups in [["anna", "anna", "ben"], ["anna", "ben", "ben"]]:
        table = pd.DataFrame({"class": [0, 1, 1]})
        add_groups(table, pd.Series(groups))
        images = Images(np.zeros((3, 1), np.uint8), table)
        checksums.add(compute_checksums(images)["groups"])
    assert len(checksums) == 2


def test_classes_that_are_called_by_numbers_are_sorted_by_number() -> None:
    classes, names = encode_classes(pd.Series(["10", "2", "0", "10"]))
    assert names == ["0", "2", "10"]
    assert classes.tolist() == [2, 1, 0, 2]
    with pytest.raises(UserError, match="a class is nan; expected whole numbers"):
        encode_classes(pd.Series([1.0, 2.0, np.nan]))


@pytest.mark.parametrize(
    ("in_params", "reason"),
    [
        (
            ["yes", "no"],
            "`names` are yes, no, but the source itself names its classes no, yes; delete `names`",
        ),
        (["no"], "`names` are no, but the source itself names its classes no, yes; delete"),
    ],
)
def test_names_that_differ_from_those_of_the_source_are_refused(
    in_params: list[str], reason: str
) -> None:
    with pytest.raises(UserError, match=re.escape(reason)):
        choose_names(["no", "yes"], in_params)


def test_one_name_is_needed_for_each_class() -> None:
    reason = "`names` has 1 names, but there are 2 classes (0, 1); write one name for each"
    with pytest.raises(UserError, match=re.escape(reason)):
        choose_names(["0", "1"], ["no"])


def test_images_that_lie_on_their_side_need_not_be_square() -> None:
    assert transpose([[0, 3, 1, 4, 2, 5]], [2, 3]).tolist() == [[0, 1, 2, 3, 4, 5]]


def test_text_that_spells_bytes_is_converted() -> None:
    assert to_uint8(np.array(["3", "255"])).tolist() == [3, 255]


@pytest.mark.parametrize("value", [2.5, 256, -1, np.nan, "x"])
def test_values_that_are_no_bytes_are_refused(value: Any) -> None:
    with pytest.raises(UserError, match=re.escape(str(value))):
        to_uint8(np.array([0, value]))
