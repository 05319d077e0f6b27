"""What must hold for any input at all of those who read what others have written; Hypothesis looks for the input."""

import copy
import gzip
import io
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import yaml
from hypothesis import assume, configuration, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

from digits.common import parameters
from digits.common.cli import ParameterError, PipelineError
from tests import tiny
from tools.check import check
from tools.ink import digits, pictures

configuration.set_hypothesis_home_dir(Path(tempfile.gettempdir(), "hypothesis"))  # no folder of its own in this one
some = settings(derandomize=True, database=None, deadline=None, max_examples=200)

BYTES = np.dtype(np.uint8)


@some
@given(arrays(BYTES, array_shapes(min_dims=1, max_dims=4, max_side=5)), st.booleans())
def test_an_idx_file_gives_back_its_array(values: npt.NDArray[np.uint8], zipped: bool) -> None:
    content = tiny.idx_bytes(values)
    read = tiny.idx_array(gzip.compress(content) if zipped else content, values.shape[1:], len(values))
    assert np.array_equal(read, values)


IDX = [
    b"\0\0\x08",
    b"\x01",
    b"\x03",
    b"\0\0\0\x02",
    b"\0\0\0\x03",
    b"\xff\xff\xff\xff",
    b"\x1f\x8b\x08",
    b"\0",
    b"\xff",
]


@some
@given(
    st.sampled_from([b"", b"\0\0\x08"]),
    st.lists(st.sampled_from(IDX) | st.binary(max_size=9)).map(b"".join),
    st.sampled_from([(), (2, 3)]),
)
def test_any_bytes_are_an_idx_file_or_a_value_error(start: bytes, rest: bytes, shape: tuple[int, ...]) -> None:
    try:
        values = tiny.idx_array(start + rest, shape, 10)
    except ValueError:
        return
    assert values.dtype == np.uint8
    assert values.shape[1:] == shape
    assert len(values) <= 10


def places(values: Any, *path: str | int) -> list[tuple[str | int, ...]]:
    """Return the path of every value in a tree of dictionaries and lists, but for the tree itself."""
    inside = values.items() if isinstance(values, dict) else enumerate(values) if isinstance(values, list) else []
    return [found for key, value in inside for found in [(*path, key), *places(value, *path, key)]]


PLAIN = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(-(10**400), 10**400),
    st.integers(-2, 300),
    st.floats(),
    st.text(max_size=20),
    st.dates(),
    st.sampled_from(["tiny", "five", "digit", "raw", "svc", "idx", "1e-3", "..", "\x1b[31m"]),
)
VALUES = st.recursive(
    PLAIN, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(PLAIN, inner, max_size=4), max_leaves=8
)


def assert_a_line(error: PipelineError, most: int) -> None:
    assert 0 < len(str(error)) < most
    assert "\n" not in str(error)


@some
@given(st.sampled_from(places(tiny.params())), VALUES)
def test_any_value_in_any_place_is_sound_or_an_error_of_one_line(place: tuple[str | int, ...], value: object) -> None:
    values = copy.deepcopy(tiny.params())
    block: Any = values
    for key in place[:-1]:
        block = block[key]
    block[place[-1]] = value
    try:
        check(values)
    except ParameterError as error:
        assert_a_line(error, 1500)


PIECES = [
    "&a ",
    "*a",
    "<<: *a",
    "!!str ",
    "!x ",
    "? ",
    ": ",
    "- ",
    "\n",
    "  ",
    "\t",
    "[",
    "]",
    "{",
    "}",
    ",",
    "|",
    ">",
    "#",
]
PIECES += [
    "'",
    '"',
    "---",
    "...",
    "%",
    "@",
    "`",
    "~",
    "=",
    ".nan",
    "0x1F",
    "1:30",
    "2026-13-45",
    "\0",
    "\ufeff",
    "\u2028",
]


@some
@given(
    edits=st.lists(
        st.tuples(st.integers(0, 1000), st.integers(0, 30), st.lists(st.sampled_from(PIECES), max_size=4)), max_size=3
    ),
    end=st.sampled_from([b"", b"", b"\xff", b"\xed\xa0\x80"]),
)
def test_any_text_is_sound_or_an_error_of_one_line(
    tmp_path_factory: pytest.TempPathFactory, edits: list[tuple[int, int, list[str]]], end: bytes
) -> None:
    text = yaml.safe_dump(tiny.params(), sort_keys=False)
    for start, length, pieces in edits:
        text = text[:start] + "".join(pieces) + text[start + length :]
    path = tmp_path_factory.getbasetemp() / "params.yaml"
    path.write_bytes(text.encode() + end)
    try:
        check(parameters.load(path))
    except ParameterError as error:
        assert_a_line(error, 1500)


def assert_digits(picture: pictures.Picture, size: int) -> None:
    """Look for digits: boxes in the picture, images of the size, or the word that there are none."""
    try:
        found = digits.find(picture, size)
    except pictures.PictureError:
        return
    height, width = (round(length * picture.scale) for length in picture.grey.shape)
    for digit in found:
        x, y, box_width, box_height = digit.box
        assert min(x, y, box_width - 1, box_height - 1) >= 0
        assert x + box_width <= width
        assert y + box_height <= height
        assert (digit.image.shape, digit.image.dtype) == ((size, size), BYTES)
        assert 0 < digit.image.max() <= (255 if size == 28 else 16)


SIZES = st.sampled_from([28, 8])
# Of few values, so that there is something to see; side by side, so that some of it is large.
GREY = st.tuples(
    arrays(BYTES, array_shapes(min_dims=2, max_dims=2, max_side=12), elements=st.sampled_from([0, 3, 128, 250, 255])),
    st.integers(1, 9),
).map(lambda drawn: np.kron(drawn[0], np.ones((drawn[1], drawn[1]), np.uint8)))


@some
@given(GREY, st.sampled_from(["L", "1", "P", "LA", "RGB", "RGBA", "CMYK", "YCbCr", "I;16", "I", "F"]), SIZES)
def test_digits_lie_in_their_picture_and_have_the_model_s_size(
    grey: npt.NDArray[np.uint8], mode: str, size: int
) -> None:
    file = io.BytesIO()
    image = Image.fromarray(grey).convert(mode)
    image.save(file, "PNG" if mode in {"1", "L", "LA", "P", "RGB", "RGBA", "I;16"} else "TIFF")
    file.seek(0)
    picture = pictures.read(file)
    assert picture.grey.shape == grey.shape
    assert_digits(picture, size)


def encoded() -> list[bytes]:
    """Return a picture in every format, some with orientation."""
    image = Image.fromarray(np.kron(tiny.digits()[0][0].reshape(8, 8) * 15, np.ones((4, 4), np.uint8)))
    exif = Image.Exif()
    exif[0x0112] = 6
    files = []
    for kind in ("PNG", "JPEG", "BMP", "GIF", "TIFF", "WEBP"):
        files.append(io.BytesIO())
        image.save(files[-1], kind, **({} if kind in {"BMP", "GIF"} else {"exif": exif}))
    files.append(io.BytesIO())
    image.save(files[-1], "TIFF", compression="tiff_lzw")
    return [file.getvalue() for file in files]


ENCODED = encoded()


@some
@given(
    st.sampled_from(ENCODED),
    st.lists(st.tuples(st.integers(0, 10_000), st.binary(max_size=4), st.integers(0, 4)), max_size=4),
    SIZES,
)
def test_any_bytes_are_a_picture_or_an_error_of_one_line(
    content: bytes, damages: list[tuple[int, bytes, int]], size: int
) -> None:
    for place, new, old in damages:
        start = place % len(content)
        content = content[:start] + new + content[start + old :]
    try:
        picture = pictures.read(io.BytesIO(content))
    except pictures.PictureError as error:
        assert_a_line(error, 100)
        return
    assert (picture.grey.ndim, picture.grey.dtype) == (2, BYTES)
    assert_digits(picture, size)


@some
@given(st.binary(max_size=200))
def test_noise_is_no_picture(content: bytes) -> None:
    assume(content)
    with pytest.raises(pictures.PictureError, match=r"not a picture|damaged"):
        pictures.read(io.BytesIO(content))
