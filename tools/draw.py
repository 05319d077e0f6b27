"""Serve a small page on which one draws digits and sees what a model predicts.

The page is served to this computer alone, at http://127.0.0.1:8000/. It asks `POST /predict`, which takes a PNG image
and returns what `recognize` does. Ctrl-C ends it.
"""

import argparse
import io
import json
import logging
import signal
import socket
import sys
import webbrowser
from typing import Any

import numpy as np
import waitress  # type: ignore[import-untyped]
from flask import Flask, abort, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from digits.common import cli
from digits.common.errors import PipelineError
from tools import drawing
from tools.handwriting import components, pictures
from tools.recognizer import Recognizer

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
        recognizer: of digits, or of yes and no.

    Returns:
        `digits`, in reading order, each with the predicted class (`digit`, or `label` from a model that says yes or
        no), its `probability` (0 to 1), the next likeliest (`runners_up`), its `box` in the picture, and the `image`
        that the model saw, as a data address.

    Raises:
        PictureError: it is no image, or no digit is in it.
    """
    digits = components.find(pictures.read(io.BytesIO(picture)), recognizer.size)
    images = np.stack([digit.image for digit in digits])
    predictions = []
    for digit, probabilities in zip(digits, recognizer.probabilities(images), strict=True):
        best, *runners_up = _rank(probabilities.tolist(), recognizer)
        image = drawing.in_page(digit.image[None])
        predictions.append({**best, "runners_up": runners_up, "box": list(digit.box), "image": image})
    return {"digits": predictions}


def make_app(recognizer: Recognizer, port: int) -> Flask:
    """Return the application, which serves only its own page, at `port` of this computer."""
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

    @app.get("/")
    def index() -> str:
        calibrated = recognizer.temperature is not None
        name, size = recognizer.experiment, recognizer.size
        return render_template("index.html", experiment=name, size=size, calibrated=calibrated)

    @app.post("/predict")
    def predict() -> dict[str, Any]:
        if request.mimetype != "image/png":
            abort(415, "send a PNG image, as image/png")
        try:
            return recognize(request.get_data(), recognizer)
        except pictures.PictureError as error:
            abort(400, str(error))

    return app


def _rank(probabilities: list[float], recognizer: Recognizer) -> list[dict[str, Any]]:
    """Name and sort one digit's probabilities, the likeliest first."""
    names: list[dict[str, Any]] = [{"digit": digit} for digit in recognizer.classes]
    if recognizer.positive:
        yes = " or ".join(map(str, recognizer.positive))
        names = [{"label": f"not {yes}"}, {"label": yes}]
    ranked = [name | {"probability": value} for name, value in zip(names, probabilities, strict=True)]
    return sorted(ranked, key=lambda each: -each["probability"])[: 1 + RUNNERS_UP]


def _port(text: str) -> int:
    if text != "0" and not (text.isdecimal() and 1024 <= int(text) <= 65535):
        raise argparse.ArgumentTypeError(f"{text!r} is no port; give 1024 to 65535, or 0 for a free one")
    return int(text)


def _stop(*_: object) -> None:
    sys.exit()  # which waitress takes as the sign to finish


def main() -> None:
    """Load the model and serve until told to stop."""
    parser = cli.parser(__doc__, "--model digit-knn --open")
    parser.add_argument("--model", metavar="EXPERIMENT", help="of params.yaml (default: the best that is here)")
    parser.add_argument("--port", type=_port, default=8000, help="0 for a free one (default: 8000)")
    parser.add_argument("--open", action="store_true", help="open the page in the browser")
    arguments = parser.parse_args()

    recognizer = Recognizer.load(arguments.model)
    try:
        listening = socket.create_server((ADDRESS, arguments.port))
    except OSError as error:
        raise PipelineError(f"port {arguments.port}: {error.strerror}; --port 0 takes a free one") from None
    port = listening.getsockname()[1]
    server = waitress.create_server(
        make_app(recognizer, port), sockets=[listening], threads=2, max_request_body_size=2 * MAX_BYTES
    )
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a request that waits for another is nothing to tell
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    print(f"http://{ADDRESS}:{port}/ ({recognizer.experiment}; Ctrl-C ends it)", flush=True)
    if arguments.open:
        webbrowser.open(f"http://{ADDRESS}:{port}/")
    server.run()


if __name__ == "__main__":
    cli.run(main)
