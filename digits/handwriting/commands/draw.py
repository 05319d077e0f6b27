"""Draw on a page, and see what a model predicts."""

import base64
import io
import ipaddress
import logging
import os
import secrets
import signal
import socket
from contextlib import suppress
from pathlib import Path
from typing import Any

from digits import pictures
from digits.commands import examples
from digits.core.errors import PipelineError
from digits.handwriting.collection import DIGITS, Collection
from digits.handwriting.reading import as_values
from digits.handwriting.recognizer import Recognizer
from digits.results import drawing

import click
import numpy as np
import segno
import waitress  # type: ignore[import-untyped]
from flask import Flask, abort, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

PAGE = Path(__file__).parent.parent / "page"
ADDRESS = "127.0.0.1"
LIMITS = {
    "max_request_body_size": 2**20,
    "connection_limit": 100,
    "channel_timeout": 5,
    "cleanup_interval": 1,
}
POLICY = "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def recognize(picture: bytes, recognizer: Recognizer) -> dict[str, Any]:
    """Return the predictions for the digits in an image file's content, in reading order, as the page takes them."""
    [digits] = recognizer.split([recognizer.find(pictures.read(io.BytesIO(picture)))])
    predictions = recognizer.predict(np.stack([digit.image for digit in digits]))
    found = [as_values(recognizer, *each) for each in zip(digits, predictions, strict=True)]
    images = [drawing.png_data_uri(digit.image[None]) for digit in digits]
    return {
        "digits": [
            values | {"image": image} for values, image in zip(found, images, strict=True)
        ]
    }


def make_app(
    recognizer: Recognizer, token: str, collection: Collection | None, hosts: list[str]
) -> Flask:
    """Return the application: its page, below /TOKEN/ of these hosts alone, which may keep drawings in a collection."""
    app = Flask(
        __name__,
        template_folder=PAGE,
        static_folder=PAGE / "static",
        static_url_path="/<token>/static",
    )
    app.config["TRUSTED_HOSTS"] = (
        hosts  # another's name may be made to lead here (DNS rebinding)
    )

    @app.before_request
    def refuse_others() -> None:
        (request.view_args or {}).pop("token", None)
        if not secrets.compare_digest(
            request.path.split("/")[1].encode(), token.encode()
        ):  # other accounts come here
            abort(403, "open the address that `digits draw` has printed")
        if request.origin not in (None, f"http://{request.host}"):
            abort(403, "another page's requests are not answered")

    @app.after_request
    def protect(response: Response) -> Response:
        response.headers.update(HEADERS)
        return response

    @app.errorhandler(HTTPException)
    @app.errorhandler(PipelineError)
    def explain(error: HTTPException | PipelineError) -> tuple[dict[str, Any], int]:
        if isinstance(error, HTTPException):
            return {"error": error.description}, error.code or 500
        return {"error": str(error)}, 400 if isinstance(error, pictures.PictureError) else 500

    @app.get("/<token>/")
    def index() -> str:
        return render_template(
            "index.html", recognizer=recognizer, kept=collection.state() if collection else None
        )

    @app.post("/<token>/predict")
    def predict() -> dict[str, Any]:
        return recognize(_png(), recognizer)

    if collection:  # a client names a digit, never a path

        @app.post(f"/<token>/kept/<any{DIGITS}:digit>")  # any('0', '1', …)
        def keep(digit: str) -> dict[str, Any]:
            collection.add(digit, _png())
            return collection.state()

        @app.delete("/<token>/kept")
        def delete_last() -> dict[str, Any]:
            content = collection.delete_last(request.args.get("name", ""))
            return {
                **collection.state(),
                "image": "data:image/png;base64," + base64.b64encode(content).decode(),
            }

    return app


def _png() -> bytes:
    """Return the body of the request, which must be called a PNG image."""
    if request.mimetype != "image/png":
        abort(415, "send a PNG image, as image/png")
    return request.get_data()


def local_address(asked: str) -> str:
    """Return the IPv4 address asked for, or if empty this computer's; a PipelineError if the internet reaches it."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, suppress(OSError):
        probe.connect(
            ("192.0.2.1", 9)
        )  # chooses the way out, and sends nothing (an address of RFC 5737)
        asked = asked or probe.getsockname()[0]
    with suppress(ValueError):
        address = ipaddress.IPv4Address(asked)
        if not address.is_global and not address.is_unspecified:
            return asked
    reason = f"{asked!r} is no address on a local network" if asked else "no network was found"
    raise PipelineError(
        f"--host: {reason}; give this computer's address, such as --host 192.168.1.7"
    )


@click.command(epilog=examples("draw --model digit-knn", "draw --keep data/own --host"))
@click.option(
    "--model",
    metavar="NAME",
    help="The model to ask (default: the best that names all classes).",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    help="0 for a free one.",
)
@click.option(
    "--host",
    is_flag=False,
    flag_value="",
    metavar="[ADDRESS]",
    help="Serve the local network: scan the code.",
)
@click.option(
    "--keep",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Let the page keep drawings in it.",
)
def command(model: str | None, port: int, host: str | None, keep: Path | None) -> None:
    """Draw on a page, and see what a model predicts.

    The address that is printed holds a token, without which nothing is answered. With --keep the page keeps drawings as
    well, in a subfolder for each digit, which only you can read; `digits predict FOLDER` measures a model on them.
    """
    collection = Collection(keep) if keep else None
    bound = ADDRESS if host is None else local_address(host)
    recognizer = Recognizer.load(model)
    token = secrets.token_urlsafe()
    app = make_app(
        recognizer, token, collection, [ADDRESS, "localhost"] if host is None else [bound]
    )
    try:  # one thread: the drawings are numbered in the order of their requests
        server = waitress.create_server(app, host=bound, port=port, threads=1, **LIMITS)
    except OSError as error:
        raise PipelineError(
            f"port {port} of {bound}: {error.strerror}; --port 0 takes a free one"
        ) from None
    logging.getLogger("waitress").setLevel(
        logging.ERROR
    )  # that requests wait for each other is nothing to tell
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(
            number, signal.default_int_handler
        )  # KeyboardInterrupt, by which waitress finishes
    address = f"http://{bound}:{server.effective_port}/{token}/"
    keeps = f"keeps drawings in {keep}; " if keep else ""
    print(f"{address} ({recognizer.model_name}; {keeps}Ctrl-C ends it)", flush=True)
    if host is not None:
        code = io.StringIO()
        segno.make_qr(address).terminal(code, compact=True)
        for line in code.getvalue().splitlines():
            click.secho(
                line, fg="bright_white", bg="black"
            )  # not inverted where the terminal is light
    os.umask(0o077)  # of the drawings, folders 0700 and files 0600
    server.run()
