"""Draw digits on a page, and see what a model predicts."""

import base64
import io
import logging
import signal
import socket
import sys
import webbrowser
from pathlib import Path
from typing import Any

from digits.commands import examples
from digits.handwriting.collection import DIGITS, Collection, UndoError
from digits.handwriting.recognizer import Recognizer
from digits.results import drawing
from digits.support import pictures
from digits.support.errors import PipelineError

import click
import numpy as np
import waitress  # type: ignore[import-untyped]
from flask import Flask, abort, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

PAGE = Path(__file__).parent.parent / "page"
ADDRESS = "127.0.0.1"
MAX_BYTES = 2**20  # of a picture
RUNNERS_UP = 3
HEADERS = {
    "Content-Security-Policy": "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def recognize(picture: bytes, recognizer: Recognizer) -> dict[str, Any]:
    """Recognize the digits in a picture.

    Args:
        picture: the bytes of an image file.
        recognizer: of digits, or of other classes.

    Returns:
        `digits`, in reading order, each with the `name` of the predicted class, its `probability` (0 to 1), whether it
        is like `none` of the classes, the next likeliest (`runners_up`), its `box` in the picture, and the `image` that
        the model saw, as a data address.

    Raises:
        PictureError: it is no image, or no digit is in it.
    """
    [digits] = recognizer.split([recognizer.find(pictures.read(io.BytesIO(picture)))])
    predictions = recognizer.predict(np.stack([digit.image for digit in digits]))
    return {
        "digits": [
            {
                "name": recognizer.names[prediction.label],
                "probability": prediction.probability,
                "none": prediction.is_none,
                "runners_up": [
                    {"name": recognizer.names[label], "probability": probability}
                    for label, probability in prediction.runners_up[:RUNNERS_UP]
                ],
                "box": list(digit.box),
                "image": drawing.in_page(digit.image[None]),
            }
            for digit, prediction in zip(digits, predictions, strict=True)
        ]
    }


def make_app(recognizer: Recognizer, port: int, collection: Collection | None = None) -> Flask:
    """Return the application, which serves its own page alone, at `port` of this computer.

    Args:
        recognizer: as of `recognize`.
        port: where the page is.
        collection: where it may keep drawings; None for nowhere.
    """
    app = Flask(__name__, template_folder=PAGE, static_folder=PAGE / "static")
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
    def explain(error: HTTPException) -> tuple[dict[str, Any], int]:
        return {"error": error.description}, error.code or 500

    @app.errorhandler(PipelineError)
    def refuse(error: PipelineError) -> tuple[dict[str, str], int]:
        statuses = {pictures.PictureError: 400, UndoError: 409}
        return {"error": str(error)}, statuses.get(type(error), 500)

    @app.get("/")
    def index() -> str:
        calibrated = recognizer.temperature is not None
        name, size = recognizer.experiment, recognizer.size
        kept = collection.state() if collection else None
        return render_template("index.html", experiment=name, size=size, calibrated=calibrated, kept=kept)

    @app.post("/predict")
    def predict() -> dict[str, Any]:
        return recognize(_png(), recognizer)

    if collection:  # a client names a digit, never a path

        @app.post(f"/kept/<any{DIGITS}:digit>")  # any('0', '1', …)
        def keep(digit: str) -> dict[str, Any]:
            collection.add(digit, _png())
            return collection.state()

        @app.delete("/kept")
        def undo() -> dict[str, Any]:
            digit, content = collection.undo()
            image = "data:image/png;base64," + base64.b64encode(content).decode()
            return {**collection.state(), "digit": digit, "image": image}

    return app


def _png() -> bytes:
    """Return the body of the request, which must be called a PNG image."""
    if request.mimetype != "image/png":
        abort(415, "send a PNG image, as image/png")
    return request.get_data()


def _stop(*_: object) -> None:
    sys.exit()  # which waitress takes as the sign to finish


@click.command(epilog=examples("draw --model digit-knn --open", "draw --keep data/own"))
@click.option("--model", metavar="EXPERIMENT", help="The model to ask (default: the best that names all ten digits).")
@click.option("--port", type=click.IntRange(0, 65535), default=8000, show_default=True, help="0 for a free one.")
@click.option("--open", "opens", is_flag=True, help="Open the page in the browser.")
@click.option(
    "--keep",
    type=click.Path(file_okay=False, path_type=Path),
    metavar="FOLDER",
    help="Let the page keep drawings in this folder.",
)
def command(model: str | None, port: int, opens: bool, keep: Path | None) -> None:
    """Draw digits on a page, and see what a model predicts.

    The page is served to this computer alone, at http://127.0.0.1:8000/. Ctrl-C ends it.

    With --keep the page keeps drawings as well, each in the subfolder of the digit that you say it is;
    `digits predict FOLDER` then measures a model on them.
    """
    collection = Collection(keep) if keep else None
    recognizer = Recognizer.load(model)
    try:
        listening = socket.create_server((ADDRESS, port))
    except OSError as error:
        raise PipelineError(f"port {port}: {error.strerror}; --port 0 takes a free one") from None
    port = listening.getsockname()[1]
    # One thread: the drawings are numbered in the order of their requests.
    app = make_app(recognizer, port, collection)
    server = waitress.create_server(app, sockets=[listening], threads=1, max_request_body_size=2 * MAX_BYTES)
    logging.getLogger("waitress.queue").setLevel(logging.ERROR)  # a request that waits for another is nothing to tell
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, _stop)
    keeps = f"keeps drawings in {keep}; " if keep else ""
    print(f"http://{ADDRESS}:{port}/ ({recognizer.experiment}; {keeps}Ctrl-C ends it)", flush=True)
    if opens:
        webbrowser.open(f"http://{ADDRESS}:{port}/")
    server.run()
