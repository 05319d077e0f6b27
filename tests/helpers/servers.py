"""Servers on this machine: of datasets, by pytest-httpserver's fixture `httpserver_ipv4`, and S3."""

import gzip
import hashlib
import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPResponse
from pathlib import Path
from typing import Any
from urllib.request import HTTPSHandler, Request, build_opener, install_opener

from pytest_httpserver import HTTPServer

from tests.helpers import tiny
from tests.helpers.processes import Running, find_address

# The keys of the S3 server, which are those of Amazon's examples.
KEY_ID = "AKIAIOSFODNN7EXAMPLE"
SECRET_KEY = "wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY"


def serve_files(server: HTTPServer, contents: dict[str, bytes]) -> None:
    """Let a server answer with files, by the last part of the path."""
    for name, content in contents.items():
        server.expect_request(re.compile(f".*/{name}$")).respond_with_data(content)


def serve_openml(server: HTTPServer, name: str) -> None:
    """Let a server answer as the part of OpenML's API that scikit-learn uses.

    It has the tiny dataset under a name.
    """
    content = arff_file()
    description = {
        "id": "1",
        "name": name,
        "version": "1",
        "format": "ARFF",
        "status": "active",
        "file_id": "1",
        "description": "",
        "url": "https://www.openml.org/data/v1/download/1/tiny.arff",
        "md5_checksum": hashlib.md5(content, usedforsecurity=False).hexdigest(),
    }
    dataset = {"did": 1, "name": name, "version": 1, "status": "active"}
    qualities = [{"name": "x", "value": str(tiny.IMAGES)}]
    answers: dict[str, Any] = {
        f"list/data_name/{name}/limit/2/data_version/1": {"data": {"dataset": [dataset]}},
        # Without a version, there are two.
        f"list/data_name/{name}/limit/2/status/active/": {
            "data": {"dataset": [dataset, dataset | {"did": 2, "version": 2}]}
        },
        "1": {"data_set_description": description},
        "features/1": {"data_features": {"feature": describe_columns()}},
        "qualities/1": {"data_qualities": {"quality": qualities}},
    }
    contents = {
        f"/api/v1/json/data/{path}": json.dumps(answer).encode()
        for path, answer in answers.items()
    }
    contents["/data/v1/download/1/tiny.arff"] = content
    for path, answer in contents.items():
        server.expect_request(path).respond_with_data(
            gzip.compress(answer), headers={"Content-Encoding": "gzip"}
        )


def arff_file() -> bytes:
    """Return the tiny dataset in the format of OpenML."""
    pixels, classes = tiny.digits()
    lines = ["@RELATION tiny"]
    lines += [f"@ATTRIBUTE pixel{number + 1} NUMERIC" for number in range(pixels.shape[1])]
    lines += ["@ATTRIBUTE class {0, 1, 2, 3, 4, 5, 6, 7, 8, 9}", "@DATA"]
    for image, label in zip(pixels.tolist(), classes.tolist(), strict=True):
        values = [*image, label]
        lines.append(",".join(str(value) for value in values))
    return "\n".join([*lines, ""]).encode()


def describe_columns() -> list[dict[str, str]]:
    """Return OpenML's description of the columns of the tiny dataset."""
    n_pixels = tiny.SHAPE[0] * tiny.SHAPE[1]
    columns = [(f"pixel{number}", "numeric") for number in range(1, n_pixels + 1)]
    columns.append(("class", "nominal"))
    return [
        {
            "index": str(index),
            "name": name,
            "data_type": data_type,
            "is_target": "true" if name == "class" else "false",
            "is_ignore": "false",
            "is_row_identifier": "false",
            "number_of_missing_values": "0",
        }
        for index, (name, data_type) in enumerate(columns)
    ]


@contextmanager
def in_place_of_openml(server: HTTPServer) -> Iterator[None]:
    """Let a server of the test answer the requests to OpenML, without TLS."""

    class LocalHandler(HTTPSHandler):
        def https_open(self, request: Request) -> HTTPResponse:
            return self.do_open(connect, request)

    def connect(*_: Any, **__: Any) -> HTTPConnection:
        return HTTPConnection(server.host, server.port)

    install_opener(build_opener(LocalHandler))
    try:
        yield
    finally:
        install_opener(None)


@contextmanager
def serve_s3(folder: Path) -> Iterator[str]:
    """Serve the bucket `digits`, whose objects are files in a folder, and return the address."""
    (folder / "digits").mkdir(parents=True)
    keys = f"--auth-key {KEY_ID},{SECRET_KEY}"
    serve = f"rclone serve s3 --addr 127.0.0.1:0 {keys} ."
    with Running(serve, folder, RCLONE_CONFIG="/dev/null") as server:
        yield find_address(server)
