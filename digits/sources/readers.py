"""Where images come from: scikit-learn itself, IDX files in a folder or over HTTP, and OpenML.

Each reader takes the place and the dataset's expected form, and gives `Images`, some at a time, or raises `SourceError`
with the reason in a few words, early or late. What came is checked against the pinned digests by the caller
(`stages/fetch.py`).
"""

import math
import os
import socket
import tempfile
import warnings
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from typing import IO, Any, NamedTuple
from urllib.parse import urljoin

import numpy as np
import numpy.typing as npt

from digits.common.cli import short_of_memory
from digits.sources import idx
from digits.sources.limits import Metered, SourceError, within

FILES = (
    ("train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte.gz"),
    ("t10k-images-idx3-ubyte.gz", "t10k-labels-idx1-ubyte.gz"),
)
PIECE = 1 << 16  # bytes
IN_MEMORY = 1 << 24  # bytes of a download; what is larger goes to a temporary file
REDIRECTIONS = 5


class Form(NamedTuple):
    """What a dataset looks like: how many images, their height and width, and its pairs of IDX files in order."""

    images: int
    shape: tuple[int, int]
    files: Sequence[tuple[str, str]]


class Images(NamedTuple):
    """Pixels of shape (images, height * width) and classes of shape (images,), both uint8."""

    pixels: npt.NDArray[np.uint8]
    classes: npt.NDArray[np.uint8]


def together(images: Iterable[Images]) -> Images:
    """Put images that come some at a time into one."""
    return Images(*map(np.concatenate, zip(*images, strict=True)))


def from_scikit_learn(name: str, form: Form, timeout: float) -> Iterator[Images]:
    """Take one of the datasets that ship inside scikit-learn; `digits` is the one made of images."""
    from sklearn.datasets import load_digits

    if name != "digits":
        raise SourceError(f"scikit-learn ships no images called {name!r}, only 'digits'")
    bunch = load_digits()
    yield Images(_whole_bytes(bunch.data), _whole_bytes(bunch.target))


def from_idx(place: str, form: Form, timeout: float) -> Iterator[Images]:
    """Read pairs of IDX files, images and labels, from a folder or from below an HTTP address."""
    # Images of noise grow a little when they are gzipped; nothing of this form is twice as large.
    most = 2 * form.images * math.prod(form.shape) + PIECE
    remote = place.startswith(("http://", "https://"))
    for names in form.files:
        with ExitStack() as files:
            counts, blocks = [], []
            for name, shape in zip(names, (form.shape, ()), strict=True):
                opened = _download(place, name, most, timeout) if remote else _open(place, name, most)
                count, items = _items(name, files.enter_context(opened), shape, form.images)
                counts.append(count)
                blocks.append(items)
            if counts[0] != counts[1]:
                raise SourceError(f"{names[0]} has {counts[0]} images, {names[1]} {counts[1]} labels")
            for pixels, classes in zip(*blocks, strict=True):
                yield Images(pixels.reshape(len(pixels), -1), classes)


def from_openml(place: str, form: Form, timeout: float) -> Iterator[Images]:
    """Ask OpenML for `NAME/VERSION` with scikit-learn's own client, all at once in memory, nothing kept on disk."""
    from sklearn.datasets import fetch_openml

    from digits.sources.guard import guarded

    name, _, version = place.partition("/")
    if not version.isdecimal():
        raise SourceError("is no name and version such as mnist_784/1")
    pixels = math.prod(form.shape)

    def most(address: str) -> int:  # of the columns' descriptions, and of the numbers, each a few signs
        return PIECE + 1000 * pixels if "/api/" in address else PIECE + 8 * form.images * (pixels + 1)

    before = socket.getdefaulttimeout()
    socket.setdefaulttimeout(timeout)  # fetch_openml has no timeout of its own
    try:
        with guarded(most, timeout), warnings.catch_warnings(action="ignore"):  # of retries: a failure is told below
            bunch = fetch_openml(
                name,
                version=int(version),
                as_frame=False,
                parser="pandas",
                cache=False,
                n_retries=1,
                # All columns as numbers: the client's own choice, categories, fails on digits with pandas 3, and
                # float64 would take twice the memory.
                read_csv_kwargs={"dtype": np.float32},
            )
    except SourceError:
        raise
    except Exception as error:  # a bad answer shows itself as almost anything, deep in the client's parsers
        if short_of_memory(error):
            raise
        raise SourceError(f"gives what cannot be read ({_line(f'{type(error).__name__}: {error}')})") from None
    finally:
        socket.setdefaulttimeout(before)
    if bunch.target is None or bunch.target.ndim != 1:
        raise SourceError("has no target column, or several")
    try:
        images = Images(_whole_bytes(bunch.data), _whole_bytes(bunch.target))
    except (TypeError, ValueError) as error:
        raise SourceError(str(error)) from None
    yield images


READERS: dict[str, Callable[[str, Form, float], Iterator[Images]]] = {
    "scikit-learn": from_scikit_learn,
    "idx": from_idx,
    "openml": from_openml,
}


def _whole_bytes(values: npt.NDArray[Any]) -> npt.NDArray[np.uint8]:
    """Convert numbers, or text that spells them, to uint8; a ValueError where that would change one."""
    numbers = values if np.issubdtype(values.dtype, np.number) else values.astype(np.float64)
    with np.errstate(invalid="ignore"):  # a missing value converts to something, and then differs
        whole = numbers.astype(np.uint8)
    if not np.array_equal(whole, numbers):
        raise ValueError("its values are not all whole numbers from 0 to 255")
    return whole


def _items(
    name: str, file: IO[bytes], shape: tuple[int, ...], most: int
) -> tuple[int, Iterator[npt.NDArray[np.uint8]]]:
    """Read an IDX file as `idx.read` does, and name it where it is none."""

    def named() -> Iterator[npt.NDArray[np.uint8]]:
        try:
            yield from items
        except ValueError as error:
            raise SourceError(f"{name}: {error}") from None

    try:
        count, items = idx.read(file, shape, most)
    except ValueError as error:
        raise SourceError(f"{name}: {error}") from None
    return count, named()


def _open(folder: str, name: str, most: int) -> IO[bytes]:
    try:
        file = Path(folder, name).open("rb")  # noqa: SIM115 (the reader closes it)
        size = file.seek(0, os.SEEK_END)
        file.seek(0)
    except OSError as error:
        raise SourceError(f"{name}: {error.strerror}") from None
    if size > most:
        file.close()
        raise SourceError(f"{name}: is larger than the dataset can be")
    return file


def _download(address: str, name: str, most: int, timeout: float) -> IO[bytes]:
    """Download one file of at most `most` bytes, with one more try after a broken connection or a server's error.

    Returns:
        An open file, of which only the first `IN_MEMORY` bytes may be in memory.
    """
    import requests
    import urllib3

    for attempt in (1, 2):
        try:
            return _receive(f"{address.rstrip('/')}/{name}", name, most, timeout)
        except SourceError as error:
            raise SourceError(f"{name}: {error}") from None
        except requests.HTTPError as error:
            if attempt == 2 or error.response.status_code < 500:
                raise SourceError(f"{name}: the server answers {error.response.status_code}") from None
        except (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError):
            if attempt == 2:
                raise SourceError(f"{name}: no answer within {timeout:g} s") from None
        except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
            if attempt == 2:
                raise SourceError(f"{name}: {_line(_reason(error))}") from None
    raise AssertionError("the second attempt returns or raises")


def _receive(url: str, name: str, most: int, timeout: float) -> IO[bytes]:
    import requests
    from tqdm import tqdm

    with requests.Session() as session, ExitStack() as files:
        session.headers["Accept-Encoding"] = "identity"  # what is packed is for `idx` to unpack, which knows its limits
        # Redirections are followed here: requests does so only when it has read all that such an answer holds.
        session.get_redirect_target = lambda resp: None  # type: ignore[method-assign]
        for _ in range(1 + REDIRECTIONS):
            with within(2 * timeout, partial(session.get, url, stream=True, timeout=timeout)) as answer:
                answer.raise_for_status()
                if answer.is_redirect:
                    try:
                        url = urljoin(url, answer.headers["Location"])
                    except ValueError as error:
                        raise SourceError(f"redirects to what is no address ({_line(str(error))})") from None
                    continue
                content = files.enter_context(tempfile.SpooledTemporaryFile(IN_MEMORY))
                body = Metered(answer.raw, most, timeout)
                length = answer.headers.get("Content-Length", "")
                total = int(length) if length.isdecimal() else None
                # A bar on a terminal only (disable=None), and gone when the file is there.
                with tqdm(total=total, desc=name, unit="B", unit_scale=True, leave=False, disable=None) as bar:
                    while piece := body.read(PIECE):
                        content.write(piece)
                        bar.update(len(piece))
                content.seek(0)
                files.pop_all()  # it is whole, and open for its reader
                return content
    raise SourceError(f"redirects more than {REDIRECTIONS} times")


def _line(text: str) -> str:
    """Cut what a server may have written to a short line without control characters."""
    return "".join(sign for sign in " ".join(text.split()) if sign.isprintable())[:300]


def _reason(error: BaseException) -> str:
    """Return the innermost cause, which says what happened; the outer ones say where in the client."""
    while error.__context__ or error.__cause__:
        error = error.__cause__ or error.__context__ or error
    return str(error) or type(error).__name__
