"""Serve a small page on which one draws digits and sees what a model predicts.

The page is served to this computer alone, at http://127.0.0.1:8000/. It asks `POST /predict`, which takes a PNG image
and returns what `recognize` does. Ctrl-C ends it.

With `--keep FOLDER` the page keeps drawings as well, each in the subfolder of the digit that you say it is:
`POST /kept/7` takes a PNG image, `DELETE /kept` takes the last one back. `python -m tools.predict FOLDER` measures a
model on them.
"""

import argparse
import base64
import io
import json
import logging
import signal
import socket
import sys
import webbrowser
from pathlib import Path
from typing import Any

from digits.handwriting.collection import DIGITS, Collection, RefusedError
from digits.handwriting.recognizer import Prediction, Recognizer
from digits.results import drawing
from digits.support import cli, pictures
from digits.support.errors import PipelineError

import numpy as np
import waitress  # type: ignore[import-untyped]
from flask import Flask, abort, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

ADDRESS = "127.0.0.1"
MAX_BYTES = 2**20  # of a picture
RUNNERS_UP = 3
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cache-Control": "no-store",
}


def recognize(picture: bytes, recognizer: Recognizer) -> dict[str, Any]:
    """Recognize the digits in a picture.

    Args:
        picture: the bytes of an image file.
        recognizer: of digits, or of two classes.

    Returns:
        `digits`, in reading order, each with the predicted class (`digit`, or of two classes its name, `label`), its
        `probability` (0 to 1), whether it is like `none` of them, the next likeliest (`runners_up`), its `box` in the
        picture, and the `image` that the model saw, as a data address.

    Raises:
        PictureError: it is no image, or no digit is in it.
    """
    [digits] = recognizer.split([recognizer.find(pictures.read(io.BytesIO(picture)))])
    images = np.stack([digit.image for digit in digits])
    predictions = []
    for digit, prediction in zip(digits, recognizer.predict(images), strict=True):
        best, *runners_up = _named(prediction, recognizer)
        image = drawing.in_page(digit.image[None])
        found = {"none": prediction.is_none, "runners_up": runners_up, "box": list(digit.box), "image": image}
        predictions.append({**best, **found})
    return {"digits": predictions}


def make_app(recognizer: Recognizer, port: int, collection: Collection | None = None) -> Flask:
    """Return the application, which serves only its own page, at `port` of this computer.

    Args:
        recognizer: as of `recognize`.
        port: where the page is.
        collection: where it may keep drawings; None for nowhere.
    """
    app = Flask(__name__, template_folder="draw", static_folder="draw/static")
    app.config["MAX_CONTENT_LENGTH"] = MAX_BYTES
    hosts = [f"{ADDRESS}:{port}", f"localhost:{port}"]

    @app.before_request
    def refuse_others() -> None:
        # A page from elsewhere cannot read our replies, unless its name is made to lead here (DNS rebinding): then the
        # Host is its own.
        if request.headers.get("Host") not in hosts:
            abort(403, f"this program answers at http://{ADDRESS}:{port}/ only")
        if request.headers.get("Origin") not in [None, *(f"http://{host}" for host in hosts)]:
            abort(403, "another page's requests are not answered")

    @app.after_request
    def protect(response: Response) -> Response:
        response.headers.update(HEADERS)
        return response

    @app.errorhandler(HTTPException)
    def explain(error: HTTPException) -> Response:
        response = Response(error.get_response().response, error.code, error.get_headers())
        response.data = json.dumps({"error": error.description})
        response.content_type = "application/json"
        return response

    @app.errorhandler(PipelineError)
    def refuse(error: PipelineError) -> tuple[dict[str, str], int]:
        statuses = {pictures.PictureError: 400, RefusedError: 409}
        return {"error": str(error)}, statuses.get(type(error), 500)

    @app.get("/")
    def index() -> str:
        calibrated = recognizer.temperature is not None
        name, size = recognizer.experiment, recognizer.size
        kept = state(collection) if collection else None
        return render_template("index.html", experiment=name, size=size, calibrated=calibrated, kept=kept)

    @app.post("/predict")
    def predict() -> dict[str, Any]:
        return recognize(_png(), recognizer)

    if collection:
        _add_keeping(app, collection)
    return app


def _add_keeping(app: Flask, collection: Collection) -> None:
    """Let the page keep drawings and take them back. A client names a digit, never a path."""

    @app.post(f"/kept/<any{DIGITS}:digit>")  # any('0', '1', …)
    def keep(digit: str) -> dict[str, Any]:
        collection.add(digit, _png())
        return state(collection)

    @app.delete("/kept")
    def undo() -> dict[str, Any]:
        digit, content = collection.undo()
        image = "data:image/png;base64," + base64.b64encode(content).decode()
        return {**state(collection), "digit": digit, "image": image}


def state(collection: Collection) -> dict[str, Any]:
    """Return what the page shows of a collection: its folder, the number of each digit, and how many may be undone."""
    return {"folder": str(collection.folder), "counts": collection.counts(), "added": collection.added()}


def _png() -> bytes:
    """Return the body of the request, which must be called a PNG image."""
    if request.mimetype != "image/png":
        abort(415, "send a PNG image, as image/png")
    return request.get_data()


def _named(prediction: Prediction, recognizer: Recognizer) -> list[dict[str, Any]]:
    """Name one digit's predicted class and the next likeliest."""
    likeliest = list(prediction.items())[: 1 + RUNNERS_UP]
    if recognizer.positive:
        return [{"label": recognizer.names[label], "probability": value} for label, value in likeliest]
    return [{"digit": label, "probability": value} for label, value in likeliest]


def _port(text: str) -> int:
    if text != "0" and not (text.isdecimal() and 1024 <= int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text!r} is no port; give 1024 to 65535, or 0 for a free one")
    return int(text)


def _stop(*_: object) -> None:
    sys.exit()  # which waitress takes as the sign to finish


def main() -> None:
    """Load the model and serve until told to stop."""
    parser = cli.parser(__doc__, "--model digit-knn --open", "--keep data/own")
    parser.add_argument("--model", metavar="EXPERIMENT", help="of params.yaml (default: the best that is here)")
    parser.add_argument("--port", type=_port, default=8000, help="0 for a free one (default: 8000)")
    parser.add_argument("--open", action="store_true", help="open the page in the browser")
    parser.add_argument("--keep", metavar="FOLDER", type=Path, help="let the page keep drawings in this folder")
    arguments = parser.parse_args()

    collection = Collection(arguments.keep) if arguments.keep else None
    recognizer = Recognizer.load(arguments.model)
    try:
        listening = socket.create_server((ADDRESS, arguments.port))
    except OSError as error:
        raise PipelineError(f"port {arguments.port}: {error.strerror}; --port 0 takes a free one") from None
    port = listening.getsockname()[1]
    server = waitress.create_server(
        make_app(recognizer, port, collection),
        sockets=[listening],
        threads=2,
        max_request_body_size=2 * MAX_BYTES,
    )
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a request that waits for another is nothing to tell
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    keeps = f"keeps drawings in {arguments.keep}; " if collection else ""
    print(f"http://{ADDRESS}:{port}/ ({recognizer.experiment}; {keeps}Ctrl-C ends it)", flush=True)
    if arguments.open:
        webbrowser.open(f"http://{ADDRESS}:{port}/")
    server.run()


if __name__ == "__main__":
    cli.run(main)
