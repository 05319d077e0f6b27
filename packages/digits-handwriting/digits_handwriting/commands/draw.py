"""Serve a page to draw digits on."""

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

import click
import segno
import waitress  # type: ignore[import-untyped]
from flask import Flask, abort, render_template, request
from werkzeug.exceptions import HTTPException
from werkzeug.wrappers import Response

from digits import predicting
from digits.commands import examples
from digits.imaging import drawing, pictures
from digits.messages.errors import UserError
from digits.messages.terminal import echo
from digits.predicting.prediction import N_RUNNERS_UP
from digits_handwriting import boxes
from digits_handwriting.drawings import DIGITS, Drawings
from digits_handwriting.recognizer import Recognizer

PAGE = Path(__file__).parent.parent / "page"
ADDRESS = "127.0.0.1"
LIMITS = {
    "max_request_body_size": 2**20,
    "connection_limit": 100,
    "channel_timeout": 5,
    "cleanup_interval": 1,
}
POLICY = (
    "default-src 'self'; img-src 'self' data:; base-uri 'none'; form-action 'none'; "
    "frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Cache-Control": "no-store",
}


def recognize(picture: bytes, recognizer: Recognizer) -> dict[str, Any]:
    """Return the digits in a picture and their predictions, as the page takes them.

    Args:
        picture: the content of an image file.
        recognizer: the recognizer.

    Raises:
        PictureError: there is no digit in the picture.
    """
    digits = recognizer.predict_picture(pictures.read(io.BytesIO(picture)))
    all_values = []
    for digit, mark in zip(digits, boxes.place_marks(digits), strict=True):
        runners_up = digit.runners_up[:N_RUNNERS_UP]
        values = {
            "label": digit.label,
            "probability": digit.probability,
            "runners_up": [{"label": each, "probability": p} for each, p in runners_up],
            "mark": mark._asdict(),
            "image": drawing.data_uri(drawing.stretch_contrast(digit.image)),
        }
        all_values.append(values)
    return {"digits": all_values}


def make_app(
    recognizer: Recognizer, token: str, drawings: Drawings | None, hosts: list[str]
) -> Flask:
    """Return the application.

    Args:
        recognizer: the recognizer.
        token: the secret part of the page's address.
        drawings: the folder in which the page keeps drawings, or None.
        hosts: the names of this computer. Requests for other names are refused.
    """
    app = Flask(
        __name__,
        template_folder=PAGE,
        static_folder=PAGE / "static",
        static_url_path="/<token>/static",
    )
    # Another site could make its own name refer to this computer (DNS rebinding).
    app.config["TRUSTED_HOSTS"] = hosts

    @app.before_request
    def refuse_others() -> None:
        (request.view_args or {}).pop("token", None)
        # Other accounts of this computer can reach the port.
        asked_token = request.path.split("/")[1]
        if not secrets.compare_digest(asked_token.encode(), token.encode()):
            abort(403, "open the address that `digits draw` has printed")
        if request.origin not in (None, f"http://{request.host}"):
            abort(403, "another page's requests are not answered")

    @app.after_request
    def protect(response: Response) -> Response:
        response.headers.update(HEADERS)
        return response

    @app.errorhandler(HTTPException)
    @app.errorhandler(UserError)
    def explain(error: HTTPException | UserError) -> tuple[dict[str, Any], int]:
        if isinstance(error, HTTPException):
            return {"error": error.description}, error.code or 500
        return {"error": str(error)}, 400 if isinstance(error, pictures.PictureError) else 500

    @app.get("/<token>/")
    def index() -> str:
        return render_template("index.html", recognizer=recognizer, drawings=drawings)

    @app.post("/<token>/predict")
    def predict() -> dict[str, Any]:
        return recognize(read_png(), recognizer)

    if drawings:  # a client names a digit, never a path

        @app.post(f"/<token>/kept/<any{DIGITS}:digit>")  # any('0', '1', …)
        def keep(digit: str) -> dict[str, Any]:
            name = drawings.add(digit, read_png())
            return {"name": name, "counts": drawings.count()}

    return app


def read_png() -> bytes:
    """Return the body of the request, which must say that the body is a PNG image."""
    if request.mimetype != "image/png":
        abort(415, "send a PNG image, as image/png")
    return request.get_data()


def local_address(asked: str) -> str:
    """Return an IPv4 address of this computer in its local network.

    Args:
        asked: the address, or an empty text for any.

    Raises:
        UserError: the address is no local one, or there is no network.
    """
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as probe, suppress(OSError):
        # Connecting chooses a network, and sends nothing. The address is one of RFC 5737.
        probe.connect(("192.0.2.1", 9))
        asked = asked or probe.getsockname()[0]
    with suppress(ValueError):
        address = ipaddress.IPv4Address(asked)
        if not address.is_global and not address.is_unspecified:
            return asked
    reason = f"{asked!r} is no address on a local network" if asked else "no network was found"
    raise UserError(
        f"--host: {reason}; give this computer's address, such as --host 192.168.1.7"
    )


@click.command(epilog=examples("draw --model digit-knn", "draw --keep data/own --host"))
@click.option(
    "--model",
    metavar="NAME",
    help="Use this model.  [default: the best for all classes]",
)
@click.option(
    "--port",
    type=click.IntRange(0, 65535),
    default=8000,
    show_default=True,
    metavar="N",
    help="Listen on this port.",
)
@click.option(
    "--host",
    is_flag=False,
    flag_value="",
    metavar="[ADDRESS]",
    help="Serve the local network, and print a QR code.",
)
@click.option(
    "--keep",
    type=click.Path(path_type=Path),
    metavar="FOLDER",
    help="Save drawings in this folder.",
)
def command(model: str | None, port: int, host: str | None, keep: Path | None) -> None:
    """Serve a page to draw digits on, which shows what a model predicts.

    The printed address has a token. Requests without it are refused. --port 0 chooses a free
    port. With --keep, the page also saves drawings, in one subfolder of FOLDER per digit. Other
    users of this computer cannot read the drawings. `digits predict FOLDER` evaluates a model
    on them.
    """
    drawings = Drawings(keep) if keep else None
    bound = ADDRESS
    hosts = [ADDRESS, "localhost"]
    if host is not None:
        bound = local_address(host)
        hosts = [bound]
    recognizer = predicting.load(model)
    if not isinstance(recognizer, Recognizer):
        raise UserError(
            f"{recognizer.model_name} classifies whole pictures; choose a --model of digits"
        )
    token = secrets.token_urlsafe()
    app = make_app(recognizer, token, drawings, hosts)
    try:
        # There is one thread, so that drawings are numbered in the order of their requests.
        server = waitress.create_server(app, host=bound, port=port, threads=1, **LIMITS)
    except OSError as error:
        raise UserError(
            f"port {port} of {bound}: {error.strerror}; --port 0 takes a free one"
        ) from None
    # Waitress would warn that requests wait for one another.
    logging.getLogger("waitress").setLevel(logging.ERROR)
    for number in (signal.SIGINT, signal.SIGTERM):
        # The handler raises KeyboardInterrupt, which ends waitress.
        signal.signal(number, signal.default_int_handler)
    address = f"http://{bound}:{server.effective_port}/{token}/"
    keeps = f"keeps drawings in {keep}; " if keep else ""
    echo(f"{address} ({recognizer.model_name}; {keeps}Ctrl-C ends it)")
    if host is not None:
        code = io.StringIO()
        segno.make_qr(address).terminal(code, compact=True)
        for line in code.getvalue().splitlines():
            # In a light terminal the code would be inverted without these colours.
            click.secho(line, fg="bright_white", bg="black")
    os.umask(0o077)  # only the user can read the drawings
    server.run()
